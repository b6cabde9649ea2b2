"""Generator against discriminator."""

import itertools
import sys

import pytest
import torch

from photochrom import recipes
from photochrom.config import PriorConfig, TrainConfig
from photochrom.data import Square, collate
from photochrom.image_io import find, read_rgb
from photochrom.models import Colorizer
from photochrom.prior import build_prior
from photochrom.training import fit, read_log


@pytest.fixture
def prior(images):
    return build_prior(images, PriorConfig(), ["drawn"])


def states(images, config, run, monkeypatch, prior=None, **how):
    """What each step left of the two networks' first weights, and the learning rates."""

    seen = []
    module = sys.modules["photochrom.training.fit"]
    real = module.TrainingModule

    def watched(*args):
        made = real(*args)
        step = made.training_step

        def kept(batch):
            told = step(batch)
            judge = made.discriminator
            seen.append(
                {
                    "generator": made.colorizer.network.head.weight.detach().clone(),
                    "judge": None if judge is None else next(judge.parameters()).detach().clone(),
                    "told": told,
                }
            )
            return told

        made.training_step = kept
        return made

    monkeypatch.setattr(module, "TrainingModule", watched)
    fit(images, prior, config, run, **how)
    return seen


def changed(seen, name):
    """In which steps after the first a network moved."""
    pairs = itertools.pairwise(seen)
    return [not torch.equal(before[name], after[name]) for before, after in pairs]


def test_the_discriminator_learns_in_every_nth_step_only(game, images, tmp_path, monkeypatch):
    config = TrainConfig(**game | {"steps": 7, "discriminator_interval": 3})
    seen = states(images, config, tmp_path / "run", monkeypatch)
    assert changed(seen, "judge") == [False, False, True, False, False, True]
    assert changed(seen, "generator") == [True] * 6


def test_the_game_begins_late_and_grows(tiny, images, prior, tmp_path, monkeypatch):
    config = TrainConfig(
        **tiny
        | {"steps": 10, "discriminator": "patch", "adversarial": "hinge", "l1_weight": 5.0}
        | {"adversarial_weight": 2.0, "adversarial_start": 0.5, "adversarial_warmup": 0.4}
    )
    seen = states(images, config, tmp_path / "run", monkeypatch, prior)
    assert ["adversarial" in one["told"] for one in seen] == [False] * 5 + [True] * 5
    assert ["l1" in one["told"] for one in seen] == [False] * 5 + [True] * 5
    assert changed(seen, "judge") == [False] * 4 + [True] * 5
    for one, weight in zip(seen[5:], (0.0, 0.5, 1.0, 1.5, 2.0), strict=True):
        told = one["told"]
        rest = told["loss"] - told["own"] - 5.0 * told["l1"]
        torch.testing.assert_close(rest, weight * told["adversarial"], atol=1e-5, rtol=1e-4)


def test_the_generator_is_moved_by_the_judgment_alone(game, images, tmp_path, monkeypatch):
    """Without a loss of its own it still learns, and only where the judgment weighs."""
    for weight, moves in ((1.0, True), (0.0, False)):
        config = TrainConfig(**game | {"loss_weight": 0.0, "adversarial_weight": weight})
        config = TrainConfig(**vars(config) | {"weight_decay": 0.0})
        seen = states(images, config, tmp_path / str(weight), monkeypatch)
        assert changed(seen, "generator") == [moves] * 3


def test_learning_rates_follow_their_schedule(game, images, tmp_path):
    """Of both networks. A row tells the rate of the step that it ends with."""
    config = TrainConfig(**game | {"schedule": "step", "steps": 40, "width": 1, "lr": 0.01})
    fit(images, None, config, tmp_path / "run")
    rows = read_log(tmp_path / "run/log.csv")
    assert [row["step"] for row in rows] == [10, 20, 30, 40]
    assert [row["lr"] for row in rows] == pytest.approx([0.01, 0.01, 0.001, 0.0001])
    assert [row["discriminator_lr"] for row in rows] == pytest.approx([2e-4, 2e-4, 2e-5, 2e-6])


def test_a_plateau_lowers_the_rates(game, images, tmp_path):
    """A run that cannot learn (no loss, no decay) watches the same loss again and again."""
    config = TrainConfig(
        **game
        | {"schedule": "plateau", "steps": 20, "loss_weight": 0.0, "adversarial_weight": 0.0}
        | {"weight_decay": 0.0, "norm": "none"}
    )
    fit(images, None, config, tmp_path / "run")
    last = read_log(tmp_path / "run/log.csv")[-1]
    # 20 looks: the first is the best, and each fourth after it halves.
    assert last["lr"] == pytest.approx(1e-3 / 2**4)
    assert last["discriminator_lr"] == pytest.approx(2e-4 / 2**4)


def test_gradients_are_clipped(tiny, images, tmp_path, monkeypatch):
    """With Adam's first step a clipped gradient is as good as a long one: so norms are asked."""
    norms = []
    real = torch.optim.AdamW.step

    def kept(self, *args, **kwargs):
        grads = [p.grad for group in self.param_groups for p in group["params"]]
        norms.append(torch.stack([g.norm() for g in grads if g is not None]).norm().item())
        return real(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", kept)
    for clip in (0.01, 0.0):
        changes = {
            "method": "regression",
            "gradient_clip": clip,
            "clip_percentile": 0.0,
            "steps": 1,
        }
        config = TrainConfig(**tiny | changes)
        fit(images, None, config, tmp_path / str(clip))
    clipped, free = norms
    assert clipped == pytest.approx(0.01, rel=1e-3)
    assert free > 0.1


def test_a_stopped_game_goes_on_as_if_it_had_not_stopped(
    tiny, images, prior, tmp_path, monkeypatch
):
    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    config = TrainConfig(
        **tiny
        | {"steps": 8, "discriminator": "patch", "dropout": 0.5, "schedule": "plateau"}
        | {"l1_weight": 1.0, "discriminator_interval": 2, "discriminator_dropout": 0.5}
    )
    fit(images, prior, config, tmp_path / "whole")

    def stop(progress):
        if progress.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(images, prior, config, tmp_path / "stopped", on_progress=stop)
    torch.rand(7)  # whatever happened to the random numbers in between
    fit(images, prior, config, tmp_path / "stopped", resume=True)
    weights = [
        (tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "stopped")
    ]
    assert weights[0] == weights[1]
    looks = [read_log(tmp_path / name / "watch.csv") for name in ("whole", "stopped")]
    assert [row["loss"] for row in looks[0]] == [row["loss"] for row in looks[1]]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "lite0" else ())
        for name in recipes.names()
        if name not in {"vgg16", "finetune"} and not name.startswith("photochrom")  # on lite0
    ],
)
def test_every_recipe_learns_two_colors(name, two_colors, tmp_path):
    found = find([str(two_colors)])
    of_run = {"width": 4, "size": 32, "crop": 32, "batch_size": 4, "workers": 0, "precision": "32"}
    # lite0 is 16 blocks deep, and here from scratch; a head of zeros lets the trunk learn later.
    steps = {"lite0": 240, "classification": 160, "refined": 160}.get(name, 80)
    faster = {
        "steps": steps,
        "lr": 1e-2,
        "stride": 1,
        "discriminator_width": 8,
        "init": "default",
        "dropout": 0.0,
    }
    given = vars(recipes.load(name)) | of_run | faster
    config = TrainConfig(**given | {"encoder_weights": "none", "encoder_lr": 1.0})
    prior = build_prior(found.images, PriorConfig(), ["two"])
    fit(found.images, prior, config, tmp_path / "run")
    rgb = torch.from_numpy(read_rgb(found.images[0]).copy()).movedim(-1, 0)
    batch = collate([Square("0", rgb)])
    with torch.inference_mode():
        ab = Colorizer.load(tmp_path / "run").ab(batch.L)
    # Far from gray, whose mean error here is about 50: within two bins on average, as an
    # encoder whose finest map is at half size cannot draw the edge to the pixel.
    assert torch.linalg.vector_norm(ab - batch.ab, dim=1).mean() < 20


def test_a_classifier_is_refined_and_stays_one(run, photos, tmp_path):
    small = ("--batch-size", 2, "--workers", 0, "--precision", 32)
    first = ("--width", 2, "--crop", 32, "--size", 32)
    assert run("prior", "build", photos, "-o", tmp_path / "p.h5")[0] == 0
    given = ("--prior", tmp_path / "p.h5", "--steps", 3, *small)
    assert run("train", photos, "-o", tmp_path / "a", *given, *first)[0] == 0
    code, out, _ = run("refine", tmp_path / "a", photos, "-o", tmp_path / "b", *given)
    assert code == 0
    assert "patch GAN" in out
    refined = Colorizer.load(tmp_path / "b")
    assert refined.architecture == Colorizer.load(tmp_path / "a").architecture
    L = torch.rand(1, 1, 32, 32) * 100
    cold, warm = (refined.ab(L, temperature) for temperature in (0.1, 1.0))
    assert not torch.allclose(cold, warm)


def test_what_cannot_be_refined_is_named(run, refusal, photos, tmp_path):
    small = (
        "--batch-size",
        2,
        "--workers",
        0,
        "--width",
        2,
        "--crop",
        32,
        "--size",
        32,
        "--steps",
        1,
    )
    for method in ("regression", "classification"):
        command = ("train", photos, "-o", tmp_path / method, "--method", method, "--no-rebalance")
        assert run(*command, *small)[0] == 0
    rest = (photos, "-o", tmp_path / "out", "--steps", 1, "--no-rebalance")
    line = refusal("refine", tmp_path / "regression", *rest)
    assert "expected a classification to refine, got a regression" in line
    line = refusal("refine", tmp_path / "classification", *rest, "--width", 5)
    assert line == "expected --width 2 as the model to begin with has it, got 5"
