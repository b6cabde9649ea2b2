"""The recipes: complete, readable, refused where they are wrong."""

import json
import tomllib
from dataclasses import fields

import pytest

from photochrom import recipes
from photochrom.config import TrainConfig

SYSTEMS = ["classification", "dcgan", "flexgan", "lite0", "pix2pix", "refine", "refined", "vgg16"]
FOUND = [f"{name}{part}" for name in ("photochrom", "photochrom-l2") for part in ("", "-first")]
ALL = sorted([*SYSTEMS, "finetune", *FOUND])


def test_these_are_all():
    assert recipes.names() == ALL


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_shows_every_value(name):
    shown = tomllib.loads(recipes.page(name)).keys() - {"about", "steps"}
    assert shown == {field.name for field in fields(TrainConfig)} - recipes.OF_THE_RUN - {"steps"}


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_is_a_page(name):
    assert len(recipes.page(name).splitlines()) <= 66
    assert recipes.about(name)


def test_the_defaults_are_the_classification():
    assert recipes.load("classification") == TrainConfig()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("lrr = 1", "expected keys among activation, .*, got 'lrr'"),
        ("width = 1.5", "expected width to be a whole number, got 1.5"),
        ("width = true", "expected width to be a whole number, got True"),
        ("lr = 'fast'", "expected lr to be a number, got 'fast'"),
        ("skips = 1", "expected skips to be true or false, got 1"),
        ("norm = 'layer'", "expected norm to be one of batch, instance, group, none, got 'layer'"),
        ("stride = 3", "expected stride to be one of 1, 2, 4, got 3"),
        ("network = {width = 3}", "expected keys among .*, got 'network'"),
        ("lr = -1.0", "--lr must be positive, got -1"),
        ("head = 'tanh'", "--head tanh needs --method regression, got classification"),
        (
            "adversarial = 'hinge'\nlabel_smoothing = 0.1",
            "--label-smoothing 0.1 needs --adversarial bce",
        ),
        ("encoder = 'vgg16'\npooling = 'strided'", "--pooling strided needs --encoder unet"),
        ("encoder_weights = 'a.pth'", "--encoder-weights a.pth needs --encoder vgg16 or lite0"),
        ("method = 'regression'\nl1_weight = 1.0", "--l1-weight 1.0 needs --method classification"),
        ("stride = 4\ncrop = 50", "--crop must be a multiple of --stride 4, got 50"),
        ("chunk_epochs = 2", "--chunk-epochs 2 needs --chunk-size, got 0"),
        ("= 3", "expected TOML, got something else"),
    ],
)
def test_a_wrong_recipe_is_refused_by_its_key(text, line, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"mine.toml: {line}"):
        recipes.load(str(path))


def test_what_is_no_recipe_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be one of classification, dcgan, .*, got 'gan'"):
        recipes.load("gan")
    with pytest.raises(ValueError, match=r"expected a recipe, found no such file"):
        recipes.load(str(tmp_path / "none.toml"))


def test_recipes_are_listed_and_printed(run):
    code, out, _ = run("recipes")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ALL
    assert run("recipes", "dcgan")[1] == recipes.page("dcgan")


def test_a_flag_goes_before_the_recipe(run, photos, tmp_path):
    small = (
        "--width",
        2,
        "--crop",
        32,
        "--size",
        32,
        "--batch-size",
        2,
        "--discriminator-width",
        4,
    )
    out = tmp_path / "run"
    code, _, lines = run(
        "train", photos, "--recipe", "dcgan", "-o", out, "--steps", 2, "--workers", 0, *small
    )
    assert (code, lines) == (0, [])
    began = TrainConfig(**json.loads((out / "train.json").read_text())["config"])
    assert (began.width, began.label_smoothing, began.schedule) == (2, 0.1, "plateau")


def test_a_contradicting_flag_is_one_line(refusal, photos, tmp_path):
    command = ("train", photos, "-o", tmp_path / "run", "--recipe", "vgg16", "--pooling", "strided")
    assert refusal(*command) == "--pooling strided needs --encoder unet, got vgg16"
