"""The models that come with photochrom."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread

from photochrom import recipes
from photochrom.config import Architecture
from photochrom.image_io import find, read_rgb
from photochrom.models import Colorizer, card, names, read_config
from photochrom.models.io.checkpoint import SHIPPED

RECORDED = Path(__file__).parents[1] / "fixtures" / "shipped"
SAMPLE = SHIPPED.parent / "samples" / "palace.jpg"
MIB = 2**20


def test_the_classifier_and_its_twin_come_with_photochrom():
    assert names() == ["photochrom", "photochrom-l2"]
    ours, twin = (read_config(name)["network"] for name in names())
    assert ours | {"method": "regression"} == twin


def test_they_are_small():
    sizes = [(SHIPPED / name / "model.safetensors").stat().st_size for name in names()]
    assert max(sizes) <= 12 * MIB
    assert sum(sizes) <= 26 * MIB


@pytest.mark.parametrize("name", names())
def test_each_reproduces_its_recorded_image(name):
    weights = (SHIPPED / name / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == read_config(name)["sha256"]
    made = Colorizer.load(name)(_sample()).astype(int)
    # The image is rounded to 8 bits; sums in another order turn a rounding here and there.
    away = np.abs(made - imread(RECORDED / f"{name}.png"))
    assert away.max() <= 2
    assert (away > 0).mean() < 0.02


@pytest.mark.parametrize("name", names())
def test_each_is_what_its_recipe_trains(name):
    recipe, config = recipes.load(name), read_config(name)
    assert Architecture.of(recipe) == Architecture(**config["network"])
    # They were trained before there were these options, as these values say.
    before = {"head_init": "default", "clip_percentile": 0.0, "checkpoint": "last"}
    used = before | config["training"]["config"]
    assert {key: value for key, value in vars(recipe).items() if used[key] != value} == {}
    assert config["temperature"] == recipe.temperature


@pytest.mark.parametrize("name", names())
def test_each_recipe_goes_on_from_its_first_by_the_command_of_the_training_log(name):
    recipe, first = recipes.load(name), recipes.load(f"{name}-first")
    model = {"network": vars(Architecture.of(first)), "temperature": first.temperature}
    default = recipes.follow_model(recipe, recipe, model)
    flags = replace(default, size=192, dropout=0.3)
    made = recipes.follow_model(default, flags, model)
    of_the_model = {"encoder_weights": "none", "temperature": first.temperature}
    assert made == replace(recipe, **of_the_model)


@pytest.mark.parametrize("name", names())
def test_each_card_tells_its_scores_and_its_data(name):
    text = card(name)
    row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    for score in read_config(name)["scores"].values():
        assert any(f"{score['value']:.{digits}f}" in row for digits in (1, 2, 3))
    for said in ("research", "ImageNet", "Limits", "License"):
        assert said in text


def test_loading_one_does_not_wait_for_torchs_compiler():
    code = (
        "import sys; from photochrom.models import Colorizer; Colorizer.load('photochrom'); "
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_damaged_model_is_refused(run, tmp_path):
    shutil.copytree(SHIPPED / "photochrom", tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    code, _, lines = run("colorize", SAMPLE, "--model", tmp_path / "m", "-o", tmp_path / "out")
    assert code == 2
    assert "expected the weights whose checksum config.json tells" in lines[-1]
    assert not (tmp_path / "out").exists()


def test_one_command_colorizes_one_photograph(run, tmp_path):
    shutil.copy(SAMPLE, tmp_path / "photo.jpg")
    code, out, _ = run("colorize", tmp_path / "photo.jpg")
    assert (code, "photo-color.png: 1 colorized" in out) == (0, True)
    before = read_rgb(find([str(tmp_path / "photo.jpg")]).images[0])
    assert imread(tmp_path / "photo-color.png").shape == before.shape


def test_they_are_listed_and_told(run):
    code, out, _ = run("models")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == names()
    assert "11,863 photographs; raw AuC 8" in out
    assert run("models", "photochrom")[1].rstrip() == card("photochrom").rstrip()
    code, _, lines = run("models", "nobody")
    assert code == 2
    assert "expected a model's name (photochrom, photochrom-l2), got 'nobody'" in lines[-1]


def _sample() -> np.ndarray:
    """A quarter of the sides of a sample, so that the recorded images are small."""
    rgb: np.ndarray = read_rgb(find([str(SAMPLE)]).images[0])
    return rgb[::4, ::4].copy()
