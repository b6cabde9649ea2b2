"""HEIC, as phones write it, wherever images are read; with and without its plug-in."""

import io
import re

import numpy as np
import pytest
import torch
from originals_world import encoded, noise
from PIL import Image

from photochrom import image_io
from photochrom.app.uploads import Dropped, _entry
from photochrom.image_io import ImageError, Skipped, SourceImage, decode_rgb, find, readable_formats

SMOOTH = np.asarray(Image.fromarray(noise(6, 8, 4)).resize((160, 120), Image.Resampling.BICUBIC))


def lightness(page):
    return page.lightness(slice(0, page.height))


@pytest.fixture(autouse=True)
def plugin():
    assert "HEIF" in readable_formats()


def test_a_heic_file_is_an_original():
    data = encoded(Image.fromarray(SMOOTH), "HEIF")
    file = image_io.decode_original(data)
    (page,) = file.pages
    assert (file.format, file.lossless, page.alpha) == ("HEIF", False, True)
    with Image.open(io.BytesIO(data)) as image:
        expected = image_io.of_rgb(np.asarray(image.convert("RGB"))).pages[0]
    torch.testing.assert_close(lightness(page), lightness(expected))
    written = image_io.encode_original(file, format="heic", quality=95)
    back = image_io.decode_original(written.data).pages[0]
    assert (written.suffix, back.height, back.width, back.alpha) == (".heic", 120, 160, True)
    assert (lightness(back) - lightness(page)).abs().mean() < 1  # it is lossy


def test_heic_is_found_in_folders_and_decoded(tmp_path):
    (tmp_path / "a.HEIC").write_bytes(encoded(Image.fromarray(SMOOTH[..., :3]), "HEIF"))
    (image,) = find([str(tmp_path)]).images
    rgb = decode_rgb(image.read_bytes(), 60)
    assert rgb.shape == (60, 80, 3)


@pytest.mark.parametrize("read", [image_io.decode_original, decode_rgb])
def test_heic_without_its_plugin_names_it(read, monkeypatch):
    without = [name for name in readable_formats() if name != "HEIF"]
    for module in ("read", "decode"):
        monkeypatch.setattr(f"photochrom.image_io.{module}.readable_formats", lambda: without)
    with pytest.raises(ImageError, match=re.escape("pip install pillow-heif")):
        read(encoded(Image.fromarray(SMOOTH), "HEIF"))


@pytest.mark.parametrize("read", [image_io.decode_original, decode_rgb])
def test_damaged_heic_is_refused_in_a_line(read):
    data = encoded(Image.fromarray(SMOOTH), "HEIF")
    for damaged in (data[:40], data[: len(data) // 2], data[:60] + bytes(200) + data[260:]):
        with pytest.raises(ImageError, match=r"^[^\n]+$"):
            read(damaged)


def test_heic_that_is_dropped_is_counted_in_a_prior():
    data = encoded(Image.fromarray(SMOOTH[..., :3]), "HEIF")
    entry = _entry(Dropped("a.heic", data), 10**6)
    assert isinstance(entry, SourceImage)
    by_a_program = encoded(Image.fromarray(SMOOTH[..., :3]), "EPS")  # is not what we read
    assert isinstance(_entry(Dropped("a.heic", by_a_program), 10**6), Skipped)
