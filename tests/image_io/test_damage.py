"""Damaged, absurd and enormous image files are refused in one line, before they cost anything."""

import io
import re
import zlib

import numpy as np
import pytest
import tifffile
from originals_world import encoded, noise
from PIL import ExifTags, Image

from photochrom.image_io import ImageError, decode_original, encode_original


@pytest.mark.parametrize(("most", "refused"), [(95, True), (96, False)])
def test_more_pixels_than_allowed_are_refused_before_decoding(most, refused):
    data = encoded(Image.fromarray(noise(8, 12)), "PNG")
    if not refused:
        assert decode_original(data, most_pixels=most).pages[0].width == 12
        return
    said = r"^expected at most 9.5e-05 megapixels, got 12 × 8 pixels: --max-megapixels raises the"
    with pytest.raises(ImageError, match=said):
        decode_original(data, most_pixels=most)


def test_pages_are_counted_together():
    page = Image.fromarray(noise(8, 12))
    data = encoded(page, "TIFF", save_all=True, append_images=[page] * 4)
    with pytest.raises(ImageError, match=r"at most 0.0004 megapixels, got 12 × 8 \+ 12 .* \+ …"):
        decode_original(data, pages="all", most_pixels=400)


def test_a_huge_declared_size_is_refused_without_a_warning():
    data = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(ImageError, match="expected at most 200 megapixels, got 100000 × 10"):
        decode_original(bytes(data))


def test_a_deflate_bomb_in_a_tiff_is_refused():
    bomb = zlib.compress(bytes(50_000_000))
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        strips = iter([bomb])
        writer.write(
            strips, shape=(8, 8, 3), dtype=np.float32, photometric="rgb", compression="zlib"
        )
    with pytest.raises(ImageError, match="expected 768 bytes of pixels, got many more"):
        decode_original(buffer.getvalue())


@pytest.mark.parametrize("data", [b"", b"not an image", b"II*\0", bytes(1000)])
def test_what_is_no_image_is_refused(data):
    with pytest.raises(ImageError, match=r"^[^\n]+$"):
        decode_original(data)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_of_damaged_exif_the_image_is_read():
    damaged = b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12"
    file = decode_original(encoded(Image.fromarray(noise(8, 12)), "JPEG", exif=damaged))
    for format in ("jpg", "png", "tif", "webp"):
        assert decode_original(encode_original(file, format=format).data).pages[0].width == 12


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """A file of each kind of decoder."""
    rgba, tags = Image.fromarray(noise(9, 7, 4)), Image.Exif()
    tags[ExifTags.Base.Orientation] = 6
    found = [encoded(rgba, f) for f in ("PNG", "TIFF", "WEBP", "JPEG2000", "TGA", "SGI", "QOI")]
    found += [encoded(rgba.convert("RGB"), f, exif=tags) for f in ("JPEG", "TIFF", "PNG")]
    found += [encoded(rgba.convert("RGB"), f) for f in ("BMP", "GIF", "PPM", "PCX", "ICO")]
    found.append(encoded(rgba.convert("L"), "TIFF", compression="tiff_lzw"))
    deep = noise(9, 7, 4, dtype=np.uint16)
    for array, options in (
        (deep, {"compression": "zlib", "predictor": 2, "extrasamples": ["unassalpha"]}),
        (np.moveaxis(deep[..., :3], -1, 0), {"planarconfig": "separate"}),
        (deep[..., :3].astype(np.float32), {"compression": "zlib"}),
    ):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, array, photometric="rgb", **options)
        found.append(buffer.getvalue())
    return [*found, encode_original(decode_original(found[-3]), format="png").data]


@pytest.mark.filterwarnings("ignore")  # as it is outside tests: Pillow's are no errors there
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_files_are_read_or_refused_in_one_line(files, damage):
    rng = np.random.default_rng(0)
    refusals = []
    for number in range(300):
        data = bytearray(files[number % len(files)])
        if damage == "cut":
            del data[rng.integers(len(data)) :]
        else:
            for place in rng.integers(0, min(len(data), 400), rng.integers(1, 5)):
                data[place] = rng.integers(256)
        try:
            encode_original(decode_original(bytes(data), pages="all", most_pixels=100_000))
        except ImageError as error:
            refusals.append(str(error))
    assert refusals
    assert all(re.fullmatch(r"[^\n]+", reason) for reason in refusals)
