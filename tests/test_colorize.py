from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab
from torch.nn import functional as F

from photochrom import recipes
from photochrom.color import compose
from photochrom.colorize import colorize, colorize_all, output_path
from photochrom.config import Architecture
from photochrom.images import Picture, PictureError, find, read
from photochrom.models import Colorizer
from photochrom.quantize import Gamut


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Colorizer(Architecture(method="classification", width=2, size=32), Gamut.srgb(20)).eval()


@pytest.mark.parametrize("size", [(1, 1), (33, 17), (200, 90)])
def test_the_size_is_kept(size, model):
    assert colorize(np.full((*size, 3), 99, dtype=np.uint8), model).shape == (*size, 3)


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize("size", [(1, 1), (33, 517)])
def test_every_recipe_takes_any_size(name, size):
    architecture = replace(Architecture.of(recipes.load(name)), width=2, size=64)
    colorizer = Colorizer(architecture, Gamut.srgb(20)).eval()
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert colorize(rgb, colorizer).shape == rgb.shape


def test_a_large_picture_is_coloured_as_the_small_one_is(model, samples):
    """2,000 × 3,000 and a fiftieth of it: no distortion, no patches."""
    small = read(find([str(samples)]).pictures[0], 40, fit="scale")[:36, :54]
    small_L = torch.from_numpy(rgb2lab(small)[..., 0])[None, None].float()
    large_L = F.interpolate(small_L, (2000, 3000), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        one = model.predict(small_L)
        whole = model(F.interpolate(large_L, (500, 750), mode="area"))
        far = [
            (F.interpolate(ab, (36, 54), mode="bilinear", antialias=True) - one).abs().mean()
            for ab in (model.predict(large_L), whole)
        ]
    spread = (one - one.mean((2, 3), keepdim=True)).abs().mean()
    # Enlarging and reducing smooths a little; a network that sees parts does something else.
    assert far[0] < spread / 4
    assert far[1] > spread / 2


def test_the_lightness_is_kept_where_srgb_can_show_the_colour(model, photos):
    rgb = read(Picture("0.png", str(photos / "0.png")))
    model.forward = lambda L, *_: torch.full((1, 2, *L.shape[-2:]), 6.0)
    out = colorize(rgb, model)
    shown = ((out > 0) & (out < 255)).all(axis=-1)
    moved = abs(rgb2lab(out) - rgb2lab(rgb))[..., 0][shown]
    assert moved.max() < 0.5  # half a step of 8 bits is at most 0.45 in L
    assert shown.mean() > 0.5


def test_its_own_colours_are_ignored(model, photos):
    rgb = read(Picture("0.png", str(photos / "0.png")))
    lab = rgb2lab(rgb)
    grey = torch.from_numpy(np.stack([lab[..., 0], 0 * lab[..., 0], 0 * lab[..., 0]])).float()
    grey_rgb = compose(grey[None, :1], grey[None, 1:])[0].movedim(0, -1).numpy()
    difference = abs(colorize(rgb, model).astype(int) - colorize(grey_rgb, model)).max()
    assert difference <= 8  # the grey picture's L is rounded to 8 bits, which ab amplifies


def test_a_folder_is_mirrored(model, photos, save_picture, tmp_path):
    save_picture("photos/deep/x.jpg", np.full((20, 20, 3), 90, dtype=np.uint8))
    results = list(colorize_all(find([str(photos)]).pictures, model, tmp_path / "out"))
    assert all(result.problem is None for result in results)
    assert (tmp_path / "out/deep/x.png").exists()
    assert read(Picture("1", str(tmp_path / "out/1.png"))).shape == (40, 50, 3)


def test_a_name_never_leaves_the_folder(tmp_path):
    for name in ("../evil.png", "/etc/evil.png", "a/../../evil.png"):
        with pytest.raises(PictureError, match=r"expected a name below its source, got"):
            output_path(Picture(name, str(tmp_path)), tmp_path / "out")


def test_two_pictures_never_share_an_output(model, save_picture, tmp_path):
    for name in ("a/x.png", "b/x.png"):
        save_picture(name, np.full((9, 9, 3), 90, dtype=np.uint8))
    found = find([str(tmp_path / "a"), str(tmp_path / "b")])
    results = list(colorize_all(found.pictures, model, tmp_path / "out", overwrite=True))
    assert [result.problem for result in results] == [None, "another picture has the same name"]
