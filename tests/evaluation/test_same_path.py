"""Every row is scored on the same path: whole image in, 8-bit sRGB out, truth decoded in full."""

import math

import numpy as np
import pytest
from PIL import Image, ImageCms

from photochrom.config import EvaluateConfig
from photochrom.evaluation.evaluate import evaluate, trained
from photochrom.evaluation.external_predictions import Predictions
from photochrom.evaluation.methods import Contender
from photochrom.image_io import find
from photochrom.inference.pipeline import colorize_all
from photochrom.models import load_model

CONFIG = EvaluateConfig(size=128, examples=0)


def scores_of(folder, images, **more):
    source = Predictions.find(str(folder), images)
    told = evaluate({"them": Contender(source, "", own_L=True), **more}, images, CONFIG)
    return {row.name: {key: one.value for key, one in row.scores.items()} for row in told.rows}


@pytest.mark.parametrize("name", ["photochrom", "photochrom-l2"])
def test_an_own_row_scores_as_its_colorized_images_do(name, samples, tmp_path):
    images = find([str(samples)]).images[:8]
    for outcome in colorize_all(images, load_model(name), str(tmp_path / "made")):
        assert not outcome.reason
    found = scores_of(tmp_path / "made", images, own=trained(name))
    for key, value in found["them"].items():
        # The network sees several images at a time in one case: convolutions round otherwise.
        assert found["own"][key] == pytest.approx(value, abs=0.02), key


def test_a_perfect_prediction_of_a_jpeg_scores_as_the_truth(save_image, tmp_path):
    """The truth is decoded in full, so what another program decodes in full equals it."""
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    path = save_image("true/a.jpg", noise)
    save_image("made/a.png", np.asarray(Image.open(path)))
    found = scores_of(tmp_path / "made", find([str(path.parent)]).images)["them"]
    assert (found["auc_raw"], found["psnr"], found["delta_e"]) == (100, 100, 0)


def test_a_perfect_prediction_with_a_profile_scores_as_the_truth(save_image, tmp_path):
    """The same colors in another space: what counts is what the file shows, not its numbers."""
    rgb = np.random.default_rng(1).integers(60, 200, (40, 40, 3), dtype=np.uint8)
    path = save_image("true/a.png", rgb)
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    assert lab is not None
    image = Image.fromarray(rgb)
    (tmp_path / "made").mkdir()
    profile = ImageCms.ImageCmsProfile(srgb).tobytes()
    image.save(tmp_path / "made/a.png", icc_profile=profile)
    found = scores_of(tmp_path / "made", find([str(path.parent)]).images)["them"]
    assert found["auc_raw"] == pytest.approx(100, abs=0.7)  # 8 bits through a profile


def test_colors_outside_srgb_are_scored_as_they_are_shown(images):
    """ab = (0, -128) exists at no L: it loses chroma, and that is what is compared."""
    import torch

    from photochrom.evaluation.squares import in_gamut, lab_of

    L = torch.full((1, 1, 4, 4), 50.0)
    ab = torch.tensor([0.0, -128.0])[None, :, None, None].expand(1, 2, 4, 4)
    lab = lab_of(in_gamut(L, ab))
    assert lab[:, :1].mean() == pytest.approx(50, abs=0.5)  # a channel's step is about 0.4 of L
    assert -80 < lab[:, 2].mean() < -20
    assert not math.isclose(float(lab[:, 2].mean()), -128, abs_tol=10)
