import contextlib
import io
import tarfile

import numpy as np
import pytest
from PIL import Image
from skimage.io import imsave

from photochrom.image_io import (
    MAX_PIXELS,
    ImageError,
    Skipped,
    SourceImage,
    decode_rgb,
    find,
    packed_colors,
    read_rgb,
    sample,
    summary,
)


def tar_of(path, names, folder):
    with tarfile.open(path, "w") as tar:
        for name in names:
            tar.add(folder / name, arcname=f"deep/{name}")
    return path


def test_a_folder_is_searched_to_its_depths_in_a_stable_order(save_image, tmp_path):
    for name in ("b.png", "a/z.jpg", "a/y.PNG"):
        save_image(name, np.zeros((3, 3, 3), dtype=np.uint8))
    (tmp_path / "notes.txt").write_text("no image")
    assert [p.name for p in find([str(tmp_path)]).images] == ["a/y.PNG", "a/z.jpg", "b.png"]


def test_patterns_and_tars_are_sources(photos, tmp_path):
    tar = tar_of(tmp_path / "shard.tar", ["0.png", "1.jpg"], photos)
    names = [p.name for p in find([str(photos / "*.jpg"), str(tar)]).images]
    assert names == ["1.jpg", "3.jpg", "5.jpg", "7.jpg", "deep/0.png", "deep/1.jpg"]


def test_a_image_in_a_tar_is_the_image_outside(photos, tmp_path):
    tar = tar_of(tmp_path / "shard.tar", ["1.jpg"], photos)
    (inside,) = find([str(tar)]).images
    np.testing.assert_array_equal(
        read_rgb(inside), read_rgb(SourceImage("1.jpg", str(photos / "1.jpg")))
    )


def test_names_with_spaces_and_emoji_are_found(save_image, tmp_path):
    save_image("día 1 🌅/ü.png", np.zeros((2, 2, 3), dtype=np.uint8))
    assert [p.name for p in find([str(tmp_path)]).images] == ["día 1 🌅/ü.png"]


def test_a_truncated_tar_gives_what_is_whole_and_is_reported(photos, tmp_path):
    tar = tar_of(tmp_path / "shard.tar", ["0.png", "1.jpg", "2.png"], photos)
    tar.write_bytes(tar.read_bytes()[: tar.stat().st_size * 2 // 10])
    found = find([str(tar), str(photos)])
    assert len(found.images) >= 8
    assert "tar" in found.skipped[0].reason or any(
        "cut short" in str(error) for error in _errors(found.images)
    )


def _errors(images):
    for image in images:
        try:
            read_rgb(image)
        except ImageError as error:
            yield error


def test_size_is_that_of_the_short_side(save_image):
    path = save_image("p.png", np.zeros((30, 60, 3), dtype=np.uint8))
    assert read_rgb(SourceImage("p", str(path)), 10).shape == (10, 20, 3)


def test_only_scaling_enlarges(save_image):
    path = save_image("p.png", np.zeros((30, 60, 3), dtype=np.uint8))
    assert read_rgb(SourceImage("p", str(path)), 90).shape == (30, 60, 3)
    assert read_rgb(SourceImage("p", str(path)), 90, fit="scale").shape == (90, 180, 3)


def test_a_image_is_turned_as_its_exif_says(tmp_path):
    rgb = np.zeros((2, 3, 3), dtype=np.uint8)
    rgb[0, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to view: the first row becomes the last column
    Image.fromarray(rgb).save(tmp_path / "t.png", exif=exif)
    turned = read_rgb(SourceImage("t", str(tmp_path / "t.png")))
    assert turned.shape == (3, 2, 3)
    assert turned[0, 1].tolist() == [255, 255, 255]


def test_16_bit_gray_is_scaled_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.uint16)).save(tmp_path / "t.png")
    assert read_rgb(SourceImage("t", str(tmp_path / "t.png")))[0, :, 0].tolist() == [0, 128, 255]


def test_16_bit_color_is_read_as_its_upper_8(tmp_path):
    rgb = np.arange(6, dtype=np.uint16).reshape(1, 2, 3) * 40  # 257 × 255 is 65535
    imsave(tmp_path / "t.tiff", rgb * 257, check_contrast=False)
    assert read_rgb(SourceImage("t", str(tmp_path / "t.tiff"))).tolist() == rgb.tolist()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_mode_becomes_rgb(mode, tmp_path):
    Image.new("RGB", (4, 3), (200, 200, 200)).convert(mode).save(tmp_path / "t.png")
    assert read_rgb(SourceImage("t", str(tmp_path / "t.png"))).shape == (3, 4, 3)


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path):
    # A header alone: 30,000 × 30,000 pixels declared, none there.
    ppm = tmp_path / "huge.ppm"
    ppm.write_bytes(b"P6 30000 30000 255\n")
    with pytest.raises(ImageError, match=rf"at most {MAX_PIXELS} pixels"):
        read_rgb(SourceImage("huge.ppm", str(ppm)))


def test_text_is_no_image(tmp_path):
    (tmp_path / "t.jpg").write_text("hello")
    with pytest.raises(ImageError, match="not an image"):
        read_rgb(SourceImage("t.jpg", str(tmp_path / "t.jpg")))


def test_a_truncated_image_is_refused(photos):
    whole = (photos / "1.jpg").read_bytes()
    (photos / "1.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"(?i)truncated"):
        read_rgb(SourceImage("1.jpg", str(photos / "1.jpg")))


def test_damaged_bytes_never_raise_anything_else(photos):
    random = np.random.default_rng(0)
    for name in ("0.png", "1.jpg"):
        whole = (photos / name).read_bytes()
        for _ in range(60):
            damaged = bytearray(whole)
            for at in random.integers(0, len(whole), size=8):
                damaged[at] = random.integers(0, 256)
            (photos / "x").write_bytes(bytes(damaged))
            with contextlib.suppress(ImageError):
                assert read_rgb(SourceImage("x", str(photos / "x"))).ndim == 3


def test_a_missing_source_is_named():
    with pytest.raises(ImageError, match=r"no/such: expected images, found no such file"):
        find(["no/such"])


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"expected images .* found none: name a folder"):
        find([str(tmp_path)])


def test_what_was_skipped_is_told_by_reason_the_most_frequent_first():
    told = summary([Skipped("a", "gray"), Skipped("b", "cut"), Skipped("c", "cut")])
    assert told == "2 × cut (first: b); 1 × gray (first: a)"


def test_a_tar_member_beyond_its_tar_is_cut_short(tmp_path):
    (tmp_path / "t.tar").write_bytes(io.BytesIO(b"abc").getvalue())
    with pytest.raises(ImageError, match=r"expected 9 bytes, got 2: the file is cut short"):
        read_rgb(SourceImage("x.png", str(tmp_path / "t.tar"), offset=1, length=9))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA", "P"])
@pytest.mark.parametrize("size", [20, 64])
def test_packed_colors_are_those_of_the_decoded_image(mode, size):
    random = np.random.default_rng(0)
    rgb = random.integers(0, 256, (41, 57, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(rgb).convert(mode).save(file, "PNG" if mode in ("RGBA", "P") else "JPEG")
    red, green, blue = decode_rgb(file.getvalue(), size, fit="sample").reshape(-1, 3).T.astype(int)
    colors = sample(file.getvalue(), size) & 0xFFFFFF
    np.testing.assert_array_equal(colors, red + green * 2**8 + blue * 2**16)


def test_colors_are_packed_row_by_row():
    rgb = np.array([[[1, 2, 3], [0, 0, 255]], [[255, 0, 0], [0, 255, 0]]], dtype=np.uint8)
    packed = (packed_colors(rgb) & 0xFFFFFF).tolist()
    assert packed == [0x030201, 0xFF0000, 0x0000FF, 0x00FF00]
