"""A picture file comes back in colour with nothing else changed."""

import io
import itertools

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings, strategies as st
from PIL import ExifTags, Image
from torch.nn import functional as F

from photochrom.color import lab_from_rgb
from photochrom.originals import FORMATS, Page, read, write

ORIENTATION, MAKE = ExifTags.Base.Orientation, ExifTags.Base.Make
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I;16B", "I", "F"]
# L moves by at most Σ_c |∂L/∂c| ≤ 132.3 (the largest over sRGB, at a dark green) times half a step
# of each channel, a little more where L is curved; float32 and the blockwise Lab add 2e-4. Half a
# step of grey is itself up to 0.254 in L.
HALF_STEP = {8: 135 * 0.5 / 255, 16: 133 * 0.5 / 65535 + 2e-4, 32: 4e-4}


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def tiff(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def noise(*shape: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    top = np.iinfo(dtype).max + 1
    return np.random.default_rng(seed).integers(0, top, shape, dtype=dtype)


def picture(mode: str) -> Image.Image:
    """A small picture of any of the modes."""
    match mode:
        case "I;16" | "I;16B":
            return Image.frombytes(mode, (11, 14), noise(14, 22).tobytes())
        case "LAB":
            return Image.frombytes(mode, (11, 14), noise(14, 33).tobytes())
        case "I":
            return Image.fromarray(noise(14, 11, dtype=np.uint16).astype(np.int32))
        case "F":
            return Image.fromarray(np.random.default_rng(0).random((14, 11), np.float32))
    rgba = Image.fromarray(noise(14, 11, 4))
    return rgba.convert(mode) if mode in ("LA", "RGBA") else rgba.convert("RGB").convert(mode)


def lightness(page: Page) -> torch.Tensor:
    return page.lightness(slice(None))


def painted(page: Page, seed: int = 0) -> Page:
    """With colours in and out of gamut."""
    rng = torch.Generator().manual_seed(seed)
    ab = 40 * torch.randn(1, 2, page.height, page.width, generator=rng)
    page.paint(slice(None), ab)
    return page


def reference_lightness(rgb: np.ndarray, white: float) -> torch.Tensor:
    planes = torch.from_numpy(np.array(rgb, dtype=np.float64)).movedim(-1, 0)
    return lab_from_rgb(planes / white)[None, :1].float()


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_and_format_keeps_size_depth_alpha_and_lightness(mode):
    Image.init()
    image, held = picture(mode), 0
    for format in set(Image.SAVE) - {"ICNS"}:  # it enlarges to 1024 × 1024
        try:
            data = encoded(image, format)
            with Image.open(io.BytesIO(data)) as opened:
                opened.load()
        except Exception:  # Pillow cannot write this mode so, or not read what it wrote
            continue
        file = read(data)
        page = file.pages[0]
        L, alpha = lightness(page), alpha_of(page)
        painted(page)
        written = write(file)
        back = read(written.data).pages[0]
        assert (back.height, back.width, back.depth) == (page.height, page.width, page.depth), (
            format
        )
        assert written.suffix in {spec.suffix for spec in FORMATS.values()}
        if written.suffix != ".avif":
            np.testing.assert_array_equal(alpha_of(back), alpha, err_msg=format)
        if file.lossless:
            change = (lightness(back) - L).abs().max()
            assert change <= HALF_STEP[page.depth], format
        held += 1
    assert held >= 1


def alpha_of(page: Page) -> np.ndarray | None:
    return page.pixels.stored(slice(0, page.height))[..., 3] if page.alpha else None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_lightness_is_that_of_pillows_colours(mode):
    format = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    image = picture(mode)
    expected = reference_lightness(np.asarray(image.convert("RGB")), 255)
    page = read(encoded(image, format)).pages[0]
    # 5e-5 of the blockwise Lab, and float32.
    torch.testing.assert_close(lightness(page), expected, atol=2e-4, rtol=0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_tiff_is_read_to_the_last_bit(channels, compression, order):
    array = noise(9, 7, channels, dtype=np.uint16)
    options = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    photometric = "rgb" if channels > 2 else "minisblack"
    shown = array if channels > 1 else array[..., 0]
    data = tiff(shown, photometric=photometric, compression=compression, byteorder=order, **options)
    page = read(data).pages[0]
    stored = page.pixels.stored(slice(0, 9))
    colors = array[..., : channels - page.alpha]
    np.testing.assert_array_equal(stored[..., :3], np.broadcast_to(colors, (9, 7, 3)))
    assert page.alpha == (channels in (2, 4))
    assert page.compressed == (compression is not None)


def test_16_bit_planes_and_premultiplied_colours_are_read_to_the_last_bit():
    array = noise(3, 9, 7, dtype=np.uint16)
    page = read(tiff(array, photometric="rgb", planarconfig="separate")).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, 9)), np.moveaxis(array, 0, -1))
    # By hand: a colour of 1000 under an alpha of 65535 / 5 was 5000.
    multiplied = np.full((4, 4, 4), 1000, np.uint16)
    multiplied[..., 3] = 65535 // 5
    page = read(tiff(multiplied, photometric="rgb", extrasamples=["assocalpha"])).pages[0]
    assert page.pixels.stored(slice(0, 1))[0, 0].tolist() == [5000, 5000, 5000, 13107]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_floats_stay_floats_in_their_own_unit(channels, dtype):
    array = (np.random.default_rng(0).random((6, 5, channels)) * 200).astype(dtype)
    shown = array if channels == 3 else array[..., 0]
    file = read(tiff(shown, photometric="rgb" if channels == 3 else "minisblack"))
    assert file.pages[0].depth == 32
    assert file.notes == ["its values were taken as a share of 255"]
    back = tifffile.imread(io.BytesIO(write(file).data))
    assert (back.dtype, back.shape) == (np.float32, (6, 5, 3))
    np.testing.assert_allclose(back, np.broadcast_to(array, (6, 5, 3)), rtol=1e-6)


def test_white_is_zero_turns_16_bits_round():
    array = noise(6, 5, dtype=np.uint16)
    page = read(tiff(array, photometric="miniswhite")).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, 6))[..., 0], 65535 - array)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("format", ["png", "tif"])
def test_16_bits_come_back_as_they_were(format, alpha):
    array = noise(40, 31, 3 + alpha, dtype=np.uint16)
    options = {"extrasamples": ["unassalpha"]} if alpha else {}
    written = write(read(tiff(array, photometric="rgb", **options)), format=format)
    page = read(written.data).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, 40)), array)
    # Pillow reads our PNG too, and keeps the high bytes.
    high = np.asarray(Image.open(io.BytesIO(written.data)))
    np.testing.assert_array_equal(high[..., :3], array[..., :3] >> 8)


def test_a_16_bit_png_of_grey_and_alpha_is_read_to_the_last_bit():
    words = noise(5, 6, 2, dtype=np.uint16).astype(">u2")
    lines = b"".join(b"\0" + line.tobytes() for line in words)
    page = read(png(lines, width=6, height=5, color_type=4)).pages[0]
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


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "1"])
def test_a_transparent_colour_becomes_alpha(mode):
    image = picture(mode)
    key = image.getpixel((3, 3))
    page = read(encoded(image, "PNG", transparency=key)).pages[0]
    assert page.alpha
    assert alpha_of(page)[3, 3] == 0
    assert alpha_of(page).max() == 255


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([np.uint8, np.uint16]),
    st.booleans(),
    st.integers(0, 1000),
)
def test_lightness_and_alpha_survive_any_colours(height, width, dtype, alpha, seed):
    array = noise(height, width, 3 + alpha, dtype=dtype, seed=seed)
    options = {"extrasamples": ["unassalpha"]} if alpha else {}
    file = read(tiff(array, photometric="rgb", **options))
    page = file.pages[0]
    white = np.iinfo(dtype).max
    L = reference_lightness(array[..., :3], white)
    painted(page, seed)
    back = read(write(file).data).pages[0]
    assert (lightness(back) - L).abs().max() <= HALF_STEP[page.depth]
    if alpha:
        np.testing.assert_array_equal(alpha_of(back), array[..., 3])


def test_painting_in_strips_is_painting_at_once(monkeypatch):
    monkeypatch.setattr("photochrom.originals.pixels.STRIP", 64)
    data = encoded(picture("RGBA").resize((40, 50)), "PNG")
    ab = 40 * torch.randn(1, 2, 50, 40, generator=torch.Generator().manual_seed(0))
    pages = [read(data).pages[0] for _ in range(2)]
    pages[0].paint(slice(None), ab)
    for start, stop in itertools.pairwise([0, 7, 30, 50]):
        pages[1].paint(slice(start, stop), ab[..., start:stop, :])
    one, other = (page.pixels.stored(slice(0, 50)) for page in pages)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(40, 90), (90, 41), (7, 200), (12, 12)])
def test_reduced_lightness_is_that_of_the_whole(size, monkeypatch):
    monkeypatch.setattr("photochrom.originals.pixels.STRIP", 256)
    page = read(encoded(picture("L").resize(size), "PNG")).pages[0]
    scale = min(1.0, 12 / min(size))
    target = [max(1, round(side * scale)) for side in (page.height, page.width)]
    # As `Colorizer.working` reduces it; float32's sums in another order.
    expected = F.interpolate(lightness(page), target, mode="bilinear", antialias=True)
    torch.testing.assert_close(page.reduced_lightness(12), expected, atol=1e-4, rtol=0)


def test_rows_and_colours_must_fit():
    page = read(encoded(picture("L"), "PNG")).pages[0]
    with pytest.raises(ValueError, match=r"expected ab of shape \(1, 2, 4, 11\).*got \(1, 2, 3, 1"):
        page.paint(slice(0, 4), torch.zeros(1, 2, 3, 11))
    with pytest.raises(ValueError, match=r"expected some of 14 rows in order, got slice\(9, 3"):
        page.lightness(slice(9, 3))
