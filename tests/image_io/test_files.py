"""What an image file says besides its pixels is kept."""

import io

import numpy as np
import pytest
import tifffile
import torch
from originals_world import encoded, noise
from PIL import ExifTags, Image

from photochrom.image_io import decode_original, encode_original
from photochrom.image_io.icc.profiles import srgb_profile

ORIENTATION, MAKE = ExifTags.Base.Orientation, ExifTags.Base.Make


def reopened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[MAKE] = "Rolleiflex"
    taken = tags.get_ifd(ExifTags.IFD.Exif)
    taken[ExifTags.Base.DateTimeOriginal] = "1936:05:01 12:00:00"
    tags[ExifTags.IFD.Exif] = taken  # without which Pillow leaves it out of TIFF
    return tags


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_image_is_turned_upright_and_its_exif_says_so(format, turn):
    data = encoded(Image.fromarray(noise(8, 12)), format, exif=exif(turn), dpi=(300, 200))
    file = decode_original(data)
    page = file.pages[0]
    assert (page.height, page.width) == ((12, 8) if turn >= 5 else (8, 12))
    if format != "WEBP":
        assert page.dpi == pytest.approx((200, 300) if turn >= 5 else (300, 200), rel=1e-5)
    back = reopened(encode_original(file).data)
    assert back.getexif().get(ORIENTATION, 1) == 1
    assert back.getexif()[MAKE] == "Rolleiflex"
    taken = back.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
    assert taken == "1936:05:01 12:00:00"


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_deep_images_are_turned_as_pillow_turns(turn, channels):
    array = noise(8, 12, channels, dtype=np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        array if channels > 1 else array[..., 0],
        photometric="rgb" if channels == 3 else "minisblack",
        extrasamples=["unassalpha"] if channels == 2 else None,
        extratags=[(274, 3, 1, turn, True)],
    )
    tags = Image.Exif()
    tags[ORIENTATION] = turn
    expected = np.asarray(
        reopened(encoded(Image.fromarray(array[..., 0]), "TIFF", exif=tags))
    )  # Pillow turns a TIFF as it loads it
    page = decode_original(buffer.getvalue()).pages[0]
    np.testing.assert_array_equal(page.pixels.stored(slice(0, page.height))[..., 0], expected)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_resolution_and_profile_are_carried(format):
    data = encoded(Image.fromarray(noise(8, 12)), format, dpi=(300, 200))
    back = reopened(encode_original(decode_original(data)).data)
    assert back.format == format
    assert back.info["dpi"] == pytest.approx((300, 200), rel=1e-5)
    assert format == "BMP" or back.info["icc_profile"] == srgb_profile()


def test_deep_files_carry_resolution_profile_and_exif():
    buffer = io.BytesIO()
    array = noise(8, 12, 3, dtype=np.uint16)
    extra = [(271, 2, 11, "Rolleiflex", True)]
    tifffile.imwrite(buffer, array, photometric="rgb", resolution=(300, 200), extratags=extra)
    for format in ("png", "tif"):
        written = encode_original(decode_original(buffer.getvalue()), format=format)
        back = reopened(written.data)
        assert back.info["dpi"] == pytest.approx((300, 200), rel=1e-5)
        assert back.info["icc_profile"] == srgb_profile()
        assert back.getexif()[MAKE] == "Rolleiflex"
        assert written.notes == []


def test_exif_behind_the_pixels_of_a_png_is_found():
    data = encoded(Image.fromarray(noise(8, 12)), "PNG", exif=exif(6))
    start = data.index(b"eXIf") - 4
    stop = start + 12 + int.from_bytes(data[start : start + 4], "big")
    moved = data[:start] + data[stop:-12] + data[start:stop] + data[-12:]
    file = decode_original(moved)
    assert file.exif == decode_original(data).exif
    assert (file.pages[0].height, file.pages[0].width) == (12, 8)


def test_the_rest_of_the_exif_is_kept_to_the_byte():
    before = exif(6).tobytes()
    data = encoded(Image.fromarray(noise(8, 12)), "JPEG", exif=before)
    after = reopened(encode_original(decode_original(data)).data).info["exif"]
    assert len(after) == len(before)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_jpeg_stays_jpeg_with_colors_at_full_size():
    file = decode_original(encoded(Image.fromarray(noise(8, 12)), "JPEG"))
    assert not file.lossless
    written = encode_original(file)
    assert written.suffix == ".jpg"
    assert [layer[1:3] for layer in reopened(written.data).layer] == [(1, 1)] * 3


def test_quality_makes_smaller_files():
    file = decode_original(encoded(Image.fromarray(noise(64, 64)), "JPEG"))
    assert len(encode_original(file, quality=50).data) < len(encode_original(file).data)
    with pytest.raises(ValueError, match="quality must be 1 to 100, got 0"):
        encode_original(file, quality=0)


def test_webp_is_lossless_where_it_was():
    image = Image.fromarray(noise(16, 16, 3))
    lossless = decode_original(encoded(image, "WEBP", lossless=True))
    assert lossless.lossless
    np.testing.assert_array_equal(
        np.asarray(reopened(encode_original(lossless).data)), np.asarray(image)
    )
    assert not decode_original(encoded(image, "WEBP")).lossless


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_no_resolution_is_made_up(format):
    image = Image.fromarray(noise(8, 12))
    file = decode_original(encoded(image, format))
    assert file.pages[0].dpi is None
    assert "dpi" not in reopened(encode_original(file, format="png").data).info


def test_a_format_says_what_it_cannot_carry():
    image = Image.fromarray(noise(8, 12, 4))
    file = decode_original(encoded(image, "PNG", dpi=(300, 300), exif=exif(1)))
    assert encode_original(file, format="jpg").notes == ["JPEG cannot carry its alpha"]
    assert encode_original(file, format="ppm").notes == [
        "PPM cannot carry its alpha",
        "PPM cannot carry its resolution",
        "PPM cannot carry its EXIF",
    ]
    assert encode_original(decode_original(encoded(image, "GIF"))).notes == [
        "GIF cannot hold it in color: written as PNG"
    ]
    with pytest.raises(ValueError, match=r"--format must be one of png, tiff, jpeg.*, got 'gif'"):
        encode_original(file, format="gif")


def test_depth_is_lowered_only_when_asked_for():
    file = decode_original(encoded(Image.fromarray(noise(8, 12, dtype=np.uint16)), "PPM"))
    assert (file.pages[0].depth, encode_original(file).suffix) == (16, ".png")
    written = encode_original(file, format="jpeg")
    assert written.notes == ["JPEG cannot carry its 16 bits (written as 8)"]
    assert reopened(written.data).mode == "RGB"


def test_uncompressed_tiff_stays_so():
    image = Image.fromarray(noise(8, 12))
    for compression in ("raw", "tiff_lzw"):
        data = encoded(image, "TIFF", compression=compression)
        plain = reopened(encode_original(decode_original(data)).data).info["compression"] == "raw"
        assert plain == (compression == "raw")


def test_each_page_comes_back():
    pages = [Image.fromarray(noise(8 + i, 12, seed=i)) for i in range(3)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], dpi=(300, 300))
    file = decode_original(data, pages="all")
    assert [page.height for page in file.pages] == [8, 9, 10]
    L = [page.lightness(slice(None)) for page in file.pages]
    for page in file.pages:
        page.paint(slice(None), torch.full((1, 2, page.height, 12), 20.0))
    back = decode_original(encode_original(file).data, pages="all")
    for page, before in zip(back.pages, L, strict=True):
        # Half a step of each channel: see HALF_STEP of test_originals.
        assert (page.lightness(slice(None)) - before).abs().max() < 135 * 0.5 / 255
        assert page.dpi == (300, 300)
    first = decode_original(data)
    assert len(first.pages) == 1
    assert first.notes == ["holds 3 pages: only the first is taken"]
    assert "PNG cannot carry its other 2 pages" in encode_original(file, format="png").notes


def test_pages_of_one_size_have_pixels_of_their_own():
    pages = [noise(8, 12, 3, seed=i) for i in range(3)]
    images = [Image.fromarray(page) for page in pages]
    file = decode_original(
        encoded(images[0], "TIFF", save_all=True, append_images=images[1:]), pages="all"
    )
    for page, expected in zip(file.pages, pages, strict=True):
        assert (page.pixels.stored(slice(0, 8)) == expected).all()


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.fromarray(noise(8, 12, seed=i)) for i in range(2)]
    file = decode_original(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert file.notes == ["holds several images: only the first is taken"]


def test_a_file_is_written_alike_each_time():
    file = decode_original(encoded(Image.fromarray(noise(8, 12)), "TIFF"))
    assert encode_original(file) == encode_original(file)
