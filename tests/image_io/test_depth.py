"""16 bits and floats are read and written to the last bit."""

import io

import numpy as np
import pytest
import tifffile
from originals_world import noise, tiff
from PIL import Image

from photochrom.image_io import decode_original, encode_original


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_tiff_is_read_to_the_last_bit(channels, compression, order):
    array = noise(9, 7, channels, dtype=np.uint16)
    options = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    photometric = "rgb" if channels > 2 else "minisblack"
    shown = array if channels > 1 else array[..., 0]
    data = tiff(shown, photometric=photometric, compression=compression, byteorder=order, **options)
    page = decode_original(data).pages[0]
    stored = page.pixels.stored(slice(0, 9))
    colors = array[..., : channels - page.alpha]
    np.testing.assert_array_equal(stored[..., :3], np.broadcast_to(colors, (9, 7, 3)))
    assert page.alpha == (channels in (2, 4))
    assert page.compressed == (compression is not None)


def test_16_bit_planes_and_premultiplied_colors_are_read_to_the_last_bit():
    array = noise(3, 9, 7, dtype=np.uint16)
    page = decode_original(tiff(array, photometric="rgb", planarconfig="separate")).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, 9)), np.moveaxis(array, 0, -1))
    # By hand: a color of 1000 under an alpha of 65535 / 5 was 5000.
    multiplied = np.full((4, 4, 4), 1000, np.uint16)
    multiplied[..., 3] = 65535 // 5
    page = decode_original(tiff(multiplied, photometric="rgb", extrasamples=["assocalpha"])).pages[
        0
    ]
    assert page.pixels.stored(slice(0, 1))[0, 0].tolist() == [5000, 5000, 5000, 13107]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_floats_stay_floats_in_their_own_unit(channels, dtype):
    array = (np.random.default_rng(0).random((6, 5, channels)) * 200).astype(dtype)
    shown = array if channels == 3 else array[..., 0]
    file = decode_original(tiff(shown, photometric="rgb" if channels == 3 else "minisblack"))
    assert file.pages[0].depth == 32
    assert file.notes == ["its values were taken as a share of 255"]
    back = tifffile.imread(io.BytesIO(encode_original(file).data))
    assert (back.dtype, back.shape) == (np.float32, (6, 5, 3))
    np.testing.assert_allclose(back, np.broadcast_to(array, (6, 5, 3)), rtol=1e-6)


def test_white_is_zero_turns_16_bits_round():
    array = noise(6, 5, dtype=np.uint16)
    page = decode_original(tiff(array, photometric="miniswhite")).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, 6))[..., 0], 65535 - array)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("format", ["png", "tif"])
def test_16_bits_come_back_as_they_were(format, alpha):
    array = noise(40, 31, 3 + alpha, dtype=np.uint16)
    options = {"extrasamples": ["unassalpha"]} if alpha else {}
    written = encode_original(
        decode_original(tiff(array, photometric="rgb", **options)), format=format
    )
    page = decode_original(written.data).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, 40)), array)
    # Pillow reads our PNG too, and keeps the high bytes.
    high = np.asarray(Image.open(io.BytesIO(written.data)))
    np.testing.assert_array_equal(high[..., :3], array[..., :3] >> 8)


def test_a_16_bit_png_of_gray_and_alpha_is_read_to_the_last_bit():
    words = noise(5, 6, 2, dtype=np.uint16).astype(">u2")
    lines = b"".join(b"\0" + line.tobytes() for line in words)
    page = decode_original(png(lines, width=6, height=5, color_type=4)).pages[0]
    assert page.depth == 16
    stored = page.pixels.stored(slice(0, 5))
    np.testing.assert_array_equal(stored[..., 0], words[..., 0])
    np.testing.assert_array_equal(stored[..., 3], words[..., 1])


def png(lines: bytes, *, width: int, height: int, color_type: int) -> bytes:
    """A 16-bit PNG by hand."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">2I5B", width, height, 16, color_type, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
