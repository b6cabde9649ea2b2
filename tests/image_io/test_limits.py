"""Files that ask for too much, or that programs would have to be run for, and odd numbers."""

import io
import itertools
import struct
import warnings

import numpy as np
import pytest
import tifffile
from corpus_absurd import endless_tiff, png
from originals_world import tiff
from PIL import Image

from photochrom.image_io import (
    ImageError,
    decode_original,
    decode_rgb,
    encode_original,
    readable_formats,
)

# By Pillow as it is outside tests, where its warnings are no errors.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_a_page_that_a_program_would_draw_is_no_image(monkeypatch):
    """Of EPS, Pillow would run Ghostscript on a file of any name."""
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program ran"))
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    assert Image.open(io.BytesIO(page)).format == "EPS"
    for reading in (decode_original, decode_rgb):
        with pytest.raises(ImageError, match=r"^not an image$"):
            reading(page)
    assert {"PNG", "JPEG", "TIFF", "WEBP"} < set(readable_formats())


def test_the_limit_is_told_with_the_flag_that_raises_it(run, refusal, reading, save_image):
    image = save_image("p.png", np.zeros((30, 50, 3), np.uint8))
    line = refusal(*reading("colorize", image), "--max-megapixels", "0.001")
    assert line == (
        "expected an image to colorize, got none: 1 × expected at most 0.001 megapixels, got "
        "50 × 30 pixels: --max-megapixels raises the limit (first: p.png)"
    )
    for most in ("0.0015", "inf"):
        assert run(*reading("colorize", image), "--max-megapixels", most)[0] == 0


@pytest.mark.parametrize("size", [(1, 1_000_001), (1_000_001, 1)])
def test_a_side_beyond_a_million_is_refused(size):
    with pytest.raises(ImageError, match="expected sides of at most 1000000 pixels, got 1000001"):
        decode_original(png(*size, 0, 8, b""))


@pytest.mark.parametrize(("scans", "refused"), [(450, False), (600, True)])
def test_a_jpeg_of_scans_without_end_is_refused(scans, refused):
    """Ten bytes of a scan that says nothing new cost a walk over the whole image."""
    gray = Image.fromarray(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64))
    buffer = io.BytesIO()
    gray.save(buffer, "JPEG", progressive=True, comment=b"\xff\xda" * 1000)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    bomb = data[:-2] + data[last:-2] * scans + data[-2:]
    if not refused:
        decode_original(
            bomb + b"\xff\xda\0\0" * 1000
        )  # what lies behind the image is no part of it
        return
    with pytest.raises(ImageError, match="expected a JPEG of at most 500 scans, got more"):
        decode_original(bomb)


def test_an_icon_that_is_larger_than_its_header_says_is_refused():
    inside = png(90, 90, 0, 8, bytes(90 * 91))
    entry = struct.pack("<4B2H2I", 16, 16, 0, 0, 1, 8, len(inside), 22)
    with pytest.raises(ImageError, match=r"at most 0.001 megapixels, got 90 × 90 pixels"):
        decode_original(struct.pack("<3H", 0, 1, 1) + entry + inside, most_pixels=1000)


@pytest.mark.parametrize("pages", ["first", "all"])
def test_pages_beyond_ten_thousand_are_refused(pages):
    with pytest.raises(ImageError, match="expected at most 10000 pages, got more"):
        decode_original(endless_tiff(10_001), pages=pages)


def test_pages_of_what_pillow_knows_not_are_counted_too(monkeypatch):
    monkeypatch.setattr("photochrom.image_io.formats.tiff.MOST_PAGES", 2)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for _ in range(3):
            writer.write(np.zeros((4, 4, 3), np.float64), photometric="rgb")
    with pytest.raises(ImageError, match="expected at most 2 pages, got more"):
        decode_original(buffer.getvalue())


KINDS = ["u1", "u2", "u4", "i2", "i4", "f2", "f4", "f8"]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_every_kind_and_order_are_read_as_they_are(kind):
    """Pillow swaps the bytes of some compressed big-endian numbers, and has no others."""
    rng = np.random.default_rng(0)
    settings = itertools.product((1, 2, 3, 4), "<>", (None, "zlib"), (None, 2))
    for channels, order, compression, predictor in settings:
        if predictor and (compression is None or kind[0] == "f"):
            continue
        top = 1.0 if kind[0] == "f" else min(np.iinfo(kind).max, 100_000)
        array = (rng.random((9, 13, channels)) * top).astype(kind)
        data = tiff(
            array if channels > 1 else array[..., 0],
            photometric="rgb" if channels > 2 else "minisblack",
            extrasamples=["unassalpha"] if channels in (2, 4) else None,
            compression=compression,
            byteorder=order,
            predictor=predictor,
        )
        page = decode_original(data).pages[0]
        stored = page.pixels.stored(slice(0, 9)).astype(np.float64)
        colors = array[..., : channels - page.alpha].astype(np.float64)
        expected = np.broadcast_to(colors, (9, 13, 3)) / (page.white if page.depth == 32 else 1)
        # float32 holds 24 bits.
        np.testing.assert_allclose(stored[..., :3], expected, rtol=1e-6, err_msg=str(order))


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("channels", [3, 4])
def test_what_is_no_number_becomes_black_and_warns_of_nothing(channels, kind):
    array = np.full((4, 4, channels), 0.5, kind)
    odd = [np.nan, np.inf, -np.inf, -1.0]
    array[0] = np.array(odd)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
        file = decode_original(tiff(array, photometric="rgb", **options))
        for format in ("tif", "png", "jpg"):
            made = decode_original(encode_original(file, format=format).data).pages[0]
            L = made.lightness(slice(None))[0, 0]
            assert L[0].tolist() == pytest.approx([0] * 4, abs=0.1)
            assert L[1].min() > 50


def test_what_32_bits_cannot_hold_is_refused():
    array = np.full((4, 4, 3), 1e39)
    with pytest.raises(ImageError, match=r"expected values of at most 3\.4\d+e\+38, got 1e\+39"):
        decode_original(tiff(array, photometric="rgb"))


@pytest.mark.parametrize(
    "text", ['{"shape": [9, 13]}', "shape=(9, 13)", "ImageJ=1.5\nimages=1", "<?xml?><OME></OME>"]
)
def test_a_description_of_how_the_pixels_lay_is_left_out(text):
    """It is no more true, and tifffile, say, would believe it."""
    data = tiff(np.zeros((9, 13), np.uint16), description=text, metadata=None)
    made = encode_original(decode_original(data)).data
    with tifffile.TiffFile(io.BytesIO(made)) as file:
        assert "ImageDescription" not in file.pages[0].tags
        assert file.asarray().shape == (9, 13, 3)
    kept = encode_original(
        decode_original(tiff(np.zeros((9, 13), np.uint16), description="Paris", metadata=None))
    )
    with tifffile.TiffFile(io.BytesIO(kept.data)) as file:
        assert file.pages[0].tags["ImageDescription"].value == "Paris"


def test_of_a_very_long_image_the_network_sees_no_more_than_its_limit():
    from photochrom.config import ColorizeConfig
    from photochrom.image_io import of_rgb
    from photochrom.rendering.predict import predicted

    seen = []

    class Model:
        size, stride = 16, 1

        def small(self, L, temperature, how):
            seen.append(L.shape[-2:])
            return L.new_zeros(len(L), 2, *L.shape[-2:])

    for height, width in ((16, 800), (16, 8000), (1, 40_000), (60_000, 2)):
        page = of_rgb(np.zeros((height, width, 3), np.uint8)).pages[0]
        ab = predicted([page], Model(), ColorizeConfig())[0]
        assert ab.rows(slice(0, 1), page.lightness(slice(0, 1))).shape[-1] == width
    # 64 times the working size squared is 16,384 pixels: 5.7 × 2,862 and 1 × 16,384 (of 0.4).
    assert [tuple(shape) for shape in seen[:2]] == [(16, 800), (6, 2862)]
    assert all(h * w <= 16_384 * 1.5 or min(h, w) == 1 for h, w in seen)
    assert max(max(shape) for shape in seen) < 30_000
