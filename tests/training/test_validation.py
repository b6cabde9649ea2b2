"""What is watched of a run: curves, images, a game that collapses, the best look."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from photochrom.config import TrainConfig
from photochrom.data import center_loader
from photochrom.models import Colorizer
from photochrom.training import fit, read_log
from photochrom.training.plots import run_curves, strips
from photochrom.training.validation import _off_band, _pinned


def test_a_run_keeps_what_was_watched(game, images, tmp_path):
    fit(images[2:], None, TrainConfig(**game), tmp_path / "run", watched=images[:2])
    run = tmp_path / "run"
    looks = read_log(run / "watch.csv")
    assert [row["step"] for row in looks] == [1, 2, 3, 4]
    assert looks[0]["truth"] > 0
    assert len(list((run / "watch").glob("0*.png"))) == 4
    with Image.open(run / "watch/truth.png") as strip:
        assert strip.size == (64, 32)  # two images
    for name in ("curves.png", "strip.png"):
        with Image.open(run / name) as drawn:
            assert min(drawn.size) > 300
    row = read_log(run / "log.csv")[-1]
    assert 0 < row["cpu"] <= 1
    assert 0 <= row["accuracy"] <= 1
    assert not (run / "best.ckpt").exists()


def test_curves_are_drawn_of_nothing():
    assert run_curves([], [], "nothing").startswith(b"\x89PNG")


def test_nothing_of_a_strip_is_cut_off(tmp_path):
    for name in ("1", "61", "156", "222", "295", "390", "460", "truth"):
        Image.new("RGB", (1536, 192)).save(tmp_path / f"{name}.png")
    drawn = np.asarray(Image.open(io.BytesIO(strips(tmp_path))).convert("L"))
    for edge in (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]):
        assert edge.min() == 255


@pytest.mark.parametrize(
    ("accuracies", "word"),
    [((1.0, 0.995, 1.0), "right"), ((0.0, 0.0, 0.005), "wrong"), ((1.0, 0.9, 1.0), "")],
)
def test_a_pinned_discriminator_is_told(accuracies, word):
    said = _pinned([{"accuracy": accuracy} for accuracy in accuracies])
    assert word in said if word else said == ""


@pytest.mark.parametrize(
    ("colorful", "word"),
    [((90, 81, 85), "above 2"), ((19, 10, 3), "below 1 / 2"), ((90, 60, 85), "")],
)
def test_colors_that_leave_the_truths_band_are_told(colorful, word):
    said = _off_band([{"colorfulness": float(c), "truth": 40.0} for c in colorful])
    assert word in said if word else said == ""


def test_a_game_that_collapses_is_told_and_kept(game, images, tmp_path):
    """A judgment that is worth nothing against L1 × 0 leaves a gray generator gray."""
    lines = []
    config = TrainConfig(**game | {"loss_weight": 0.0, "adversarial_weight": 0.0, "init": "normal"})
    fit(images, None, config, tmp_path / "run", tell=lines.append)
    warned = json.loads((tmp_path / "run/config.json").read_text())["training"]["warnings"]
    assert any("colorfulness is below 1 / 2 of the truth's" in one for one in warned)
    assert any("step 3: the game collapses" in line for line in lines)


KINDS = {
    "regression": {"method": "regression", "loss": "l1"},
    "classification": {"rebalance": False},
    "game": {"method": "regression", "loss": "l1", "discriminator": "pooled"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", ["best", "last"])
def test_one_rule_says_which_look_becomes_the_model(rule, kind, tiny, images, tmp_path):
    """A model that has learned forgets again where no loss of its own holds its weights."""
    values = tiny | KINDS[kind]
    learned = {"steps": 60, "lr": 0.02, "loss_weight": 100.0, "discriminator": "none"}
    fit(images, None, TrainConfig(**values | learned), tmp_path / "first")
    first = Colorizer.load(tmp_path / "first")
    forgets = {"steps": 6, "lr": 0.05, "loss_weight": 0.0, "weight_decay": 2.0}
    config = TrainConfig(**values | forgets | {"checkpoint": rule})
    fit(images, None, config, tmp_path / "run", initial=first)
    looks = read_log(tmp_path / "run/watch.csv")
    scores = [row["error"] + abs(row["colorfulness"] - row["truth"]) for row in looks]
    best = scores.index(min(scores))
    assert best < len(looks) - 1
    colorizer = Colorizer.load(tmp_path / "run")
    (batch,) = center_loader(images, size=32, batch=8, workers=0)
    with torch.inference_mode():
        error = torch.linalg.vector_norm(colorizer.ab(batch.L) - batch.ab, dim=1).mean()
    assert looks[best]["error"] != pytest.approx(looks[-1]["error"], rel=1e-3)
    expected = looks[best if rule == "best" else -1]["error"]
    assert float(error) == pytest.approx(expected, rel=1e-4)  # sums in another order


def test_the_best_look_has_no_place_in_a_mean_of_weights():
    with pytest.raises(ValueError, match=r"--checkpoint best needs --ema-decay 0, got 0.9"):
        TrainConfig(checkpoint="best", ema_decay=0.9)
