"""A JPEG that is encoded by strips is the one that is encoded at once, pixel by pixel."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from photochrom.image_io import ImageError, Page, decode_original, encode_original
from photochrom.image_io.formats import jpeg
from photochrom.image_io.formats.jpeg import encode_jpeg
from photochrom.image_io.pixels import BytePixels
from photochrom.image_io.read import OriginalFile
from photochrom.rendering.upsample import Bilinear

OPTIONS = {"quality": 95, "subsampling": 0}


def drawn(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def at_once(image: Image.Image, options: dict) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def by_strips(image: Image.Image, rows: int, options: dict, threads: int = 1) -> bytes:
    def strip(some: slice) -> Image.Image:
        return image.crop((0, some.start, image.width, some.stop))

    slices = [slice(top, min(top + rows, image.height)) for top in range(0, image.height, rows)]
    return encode_jpeg(strip, image.size, slices, options, threads)


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [(37, 16), (64, 90), (5, 217)])  # 217: more than 8 restarts
def test_strips_decode_to_the_very_same_pixels(size, threads):
    image = drawn(*size)
    made = by_strips(image, 8, OPTIONS, threads)
    np.testing.assert_array_equal(pixels(made), pixels(at_once(image, OPTIONS)))
    assert b"\xff\xdd\0\4" in made  # by strips indeed
    assert made.count(b"\xff\xd8") == made.count(b"\xff\xd9") == 1


def test_nothing_is_written_to_a_disk(monkeypatch):
    def refused(*_, **__):
        raise OSError("a temporary file")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    monkeypatch.setattr("tempfile.mkstemp", refused)
    image = drawn(64, 90)
    assert b"\xff\xdd\0\4" in by_strips(image, 16, OPTIONS, 2)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_strips_are_the_same_on_every_system(platform, monkeypatch):
    image = drawn(64, 90)
    expected = by_strips(image, 16, OPTIONS)
    monkeypatch.setattr("sys.platform", platform)
    assert by_strips(image, 16, OPTIONS) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 95, "subsampling": 2},
        {**OPTIONS, "progressive": True},
        {**OPTIONS, "optimize": True},
    ],
)
def test_what_does_not_share_its_tables_is_encoded_at_once(options, monkeypatch):
    image = drawn(40, 50)
    # As where Pillow's encoder does so unasked.
    monkeypatch.setattr(jpeg, "_scanned", lambda strip, _: at_once(strip, options))
    assert by_strips(image, 16, options) == at_once(image, options)


def test_strips_that_cut_units_are_encoded_at_once():
    image = drawn(40, 50)
    assert by_strips(image, 12, OPTIONS) == at_once(image, OPTIONS)


def test_more_units_than_a_restart_may_have_are_encoded_at_once():
    image = drawn(8 * 300, 8 * 220)
    assert by_strips(image, 8 * 219, OPTIONS) == at_once(image, OPTIONS)


@pytest.mark.parametrize("size", [(2, 65_501), (65_501, 2)])
def test_a_side_that_decoders_refuse_is_refused(size):
    file = OriginalFile([Page(BytePixels(Image.new("L", size)))], "JPEG")
    with pytest.raises(
        ImageError, match=r"JPEG: expected sides of at most 65500 pixels, got 65501"
    ):
        encode_original(file, colors=[Bilinear(torch.zeros(1, 2, 1, 1), size[::-1]).rows])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_page_painted_as_it_is_encoded_is_the_page_painted_before(mode, monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 1000)
    image = drawn(60, 100).convert(mode)
    colors = Bilinear(40 * torch.randn(1, 2, 5, 3), (100, 60))
    before, during = (OriginalFile([Page(BytePixels(image.copy()))], "PNG") for _ in range(2))
    before.pages[0].paint_by(colors.rows)
    expected = encode_original(before, format="jpeg").data
    made = encode_original(during, format="jpeg", colors=[colors.rows], threads=2).data
    np.testing.assert_array_equal(pixels(made), pixels(expected))
    np.testing.assert_array_equal(during.pages[0].pixels.image, image)  # stays as it was


def test_exif_profile_and_resolution_are_written_once(monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 1000)
    exif = Image.Exif()
    exif[0x010E] = "a description"
    buffer = io.BytesIO()
    drawn(60, 100).save(buffer, "JPEG", exif=exif, dpi=(300, 300))
    made = encode_original(decode_original(buffer.getvalue())).data
    assert made.count(b"a description") == made.count(b"ICC_PROFILE") == 1
    with Image.open(io.BytesIO(made)) as opened:
        assert opened.size == (60, 100)
        assert opened.info["dpi"] == (300, 300)
        assert opened.getexif()[0x010E] == "a description"


def test_damaged_exif_is_left_out_of_strips(monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 1000)
    page = Page(BytePixels(drawn(60, 100)))
    made = encode_original(OriginalFile([page], "JPEG", exif=b"Exif\0\0" + bytes(70_000)))
    assert made.notes == ["its EXIF is damaged and was left out"]
    assert pixels(made.data).shape == (100, 60, 3)
