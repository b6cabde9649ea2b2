"""Images in, the same images in color out: by file, by folder, stopped and repeated."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab
from torch.nn import functional as F

from photochrom import image_io, recipes
from photochrom.config import Architecture
from photochrom.image_io import ImageError, SourceImage, find, read_rgb
from photochrom.inference.output_paths import format_of, output_of
from photochrom.inference.pipeline import colorize_all
from photochrom.models import Colorizer
from photochrom.quantize import Gamut


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Colorizer(Architecture(method="classification", width=2, size=32), Gamut.srgb(20)).eval()


@pytest.mark.parametrize("enlarge", ["guided", "bilinear"])
@pytest.mark.parametrize("size", [(1, 1), (33, 17), (200, 90)])
def test_the_size_is_kept(size, enlarge, model):
    rgb = np.full((*size, 3), 99, dtype=np.uint8)
    assert model(rgb, upsample=enlarge).shape == (*size, 3)


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize("size", [(1, 1), (33, 517)])
def test_every_recipe_takes_any_size(name, size):
    architecture = replace(Architecture.of(recipes.load(name)), width=2, size=64)
    colorizer = Colorizer(architecture, Gamut.srgb(20)).eval()
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert colorizer(rgb).shape == rgb.shape


def test_a_large_image_is_colored_as_the_small_one_is(model, samples):
    """2,000 × 3,000 and a fiftieth of it: no distortion, no patches."""
    small = read_rgb(find([str(samples)]).images[0], 40, fit="scale")[:36, :54]
    small_L = torch.from_numpy(rgb2lab(small)[..., 0])[None, None].float()
    large_L = F.interpolate(small_L, (2000, 3000), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        one = model.predict(small_L)
        whole = model.ab(F.interpolate(large_L, (500, 750), mode="area"))
        far = [
            (F.interpolate(ab, (36, 54), mode="bilinear", antialias=True) - one).abs().mean()
            for ab in (model.predict(large_L), whole)
        ]
    spread = (one - one.mean((2, 3), keepdim=True)).abs().mean()
    # Enlarging and reducing smooths a little; a network that sees parts does something else.
    assert far[0] < spread / 4
    assert far[1] > spread / 2


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_by_bilinear_enlarging_it_is_what_predict_gives(stride, photos):
    torch.manual_seed(0)
    architecture = Architecture(width=2, size=32, stride=stride)
    model = Colorizer(architecture, Gamut.srgb(20)).eval()
    rgb = read_rgb(SourceImage("0.png", str(photos / "0.png")))  # 40 × 50: larger than 32
    L = torch.from_numpy(rgb2lab(rgb)[..., 0])[None, None].float()
    with torch.inference_mode():
        ab = model.predict(L)
    expected = ab[0].movedim(0, -1).numpy()
    made = rgb2lab(model(rgb, upsample="bilinear"))[..., 1:]
    # Enlarged once here and twice there, rounded to 8 bits, and with less chroma outside sRGB.
    assert np.median(np.abs(made - expected)) < 1.5


def test_the_lightness_is_kept_whatever_the_color(model, photos):
    rgb = read_rgb(SourceImage("0.png", str(photos / "0.png")))
    model.decoded = lambda features, *_: torch.full((1, 2, *features.shape[-2:]), 90.0)
    moved = abs(rgb2lab(model(rgb)) - rgb2lab(rgb))[..., 0]
    assert moved.max() < 0.5  # half a step of 8 bits is at most 0.45 in L


def test_its_own_colors_are_ignored(model, photos):
    rgb = read_rgb(SourceImage("0.png", str(photos / "0.png")))
    gray = image_io.of_rgb(rgb)
    for page in gray.pages:
        rows = slice(0, page.height)
        page.paint(rows, torch.zeros(1, 2, page.height, page.width))
    without = np.asarray(Image.open(io.BytesIO(image_io.encode_original(gray, format="png").data)))
    difference = abs(model(rgb).astype(int) - model(without)).max()
    assert difference <= 8  # the gray image's L is rounded to 8 bits, which ab amplifies


def test_a_folder_is_mirrored(model, photos, save_image, tmp_path):
    save_image("photos/deep/x.jpg", np.full((20, 20, 3), 90, dtype=np.uint8))
    outcomes = list(colorize_all(find([str(photos)]).images, model, str(tmp_path / "out")))
    assert {one.became for one in outcomes} == {"done"}
    assert (tmp_path / "out/deep/x.png").exists()
    assert read_rgb(SourceImage("1", str(tmp_path / "out/1.png"))).shape == (40, 50, 3)


def test_a_name_never_leaves_the_folder(tmp_path):
    for name in ("../evil.png", "/etc/evil.png", "a/../../evil.png"):
        with pytest.raises(ImageError, match=r"expected a name below its source, got"):
            output_of(SourceImage(name, str(tmp_path)), str(tmp_path / "out"), "PNG")


def test_tiff_stays_tiff_and_all_else_becomes_png():
    names = {"a.tif": "TIFF", "a.TIFF": "TIFF", "a.jpg": "PNG", "a.bmp": "PNG", "a": "PNG"}
    assert {name: format_of(SourceImage(name, name), None) for name in names} == names
    assert format_of(SourceImage("a.tif", ""), ".JPG") == "JPEG"
    with pytest.raises(ValueError, match=r"--format must be one of png, tiff, .*, got 'doc'"):
        format_of(SourceImage("a.tif", ""), "doc")


def test_two_images_never_share_an_output(model, save_image, tmp_path):
    for name in ("a/x.png", "b/x.png"):
        save_image(name, np.full((9, 9, 3), 90, dtype=np.uint8))
    found = find([str(tmp_path / "a"), str(tmp_path / "b")])
    outcomes = list(colorize_all(found.images, model, str(tmp_path / "out"), overwrite=True))
    assert [one.became for one in outcomes] == ["done", "failed"]
    assert outcomes[1].reason == "another image has the same output"


def test_outcomes_keep_the_order_and_a_bad_file_is_one_of_them(model, save_image, tmp_path):
    for number in range(12):
        side = 200 if number % 3 else 20  # so that later ones would be ready earlier
        save_image(f"p/{number:02}.png", np.full((side, side, 3), 90, dtype=np.uint8))
    (tmp_path / "p/05.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    outcomes = list(colorize_all(find([str(tmp_path / "p")]).images, model, str(tmp_path / "o")))
    assert [one.image.name for one in outcomes] == [f"{number:02}.png" for number in range(12)]
    assert [one.became for one in outcomes].count("failed") == 1
    assert outcomes[5].became == "failed"


def test_what_became_of_each_is_told_and_repeated_work_is_skipped(run, photos, tmp_path):
    (tmp_path / "photos/bad.png").write_bytes(b"no image")
    command = ("colorize", photos, "-o", tmp_path / "out", "--json", tmp_path / "told.json")
    code, out, lines = run(*command)
    assert (code, "1 failed" in out) == (1, True)
    assert "failed 1: 1 × not an image (first: bad.png)" in lines[-1]
    told = json.loads((tmp_path / "told.json").read_text())
    assert [one["became"] for one in told].count("done") == len(told) - 1
    code, out, _ = run(*command)
    assert (code, f"{len(told) - 1} skipped" in out) == (1, True)


def test_a_dry_run_writes_nothing(run, photos, tmp_path):
    code, out, _ = run("colorize", photos, "-o", tmp_path / "out", "--dry-run")
    assert code == 0
    assert f"0.png → {tmp_path / 'out'}/0.png" in out
    assert not (tmp_path / "out").exists()


def test_outputs_go_to_urls(model, photos, tmp_path):
    out = (tmp_path / "out").as_uri()
    outcomes = list(colorize_all(find([str(photos)]).images, model, out))
    assert {one.became for one in outcomes} == {"done"}
    assert (tmp_path / "out/0.png").exists()
