"""Gradients clipped by the norms that were measured: the threshold, the share, a stopped run."""

import json

import numpy as np
import pytest
import torch

from photochrom.config import PriorConfig, TrainConfig
from photochrom.prior import build_prior
from photochrom.training import fit, read_log
from photochrom.training.clipping import GradientClipper

WINDOW = 1000  # steps, as --help has it
METHODS = {"L2": {"method": "regression"}, "cross-entropy": {"rebalance": False}}


@pytest.fixture
def clip():
    """Clip a gradient of each norm in turn: the norms after, and what the clipper told."""

    def call(clipper, norms):
        after, told = [], []
        for norm in norms:
            weights = [torch.nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in (1, 1, 3)]
            weights[0].grad = torch.tensor([0.6 * norm], dtype=torch.float64)
            weights[1].grad = torch.tensor([-0.8 * norm], dtype=torch.float64)  # the third has none
            told.append(clipper.clip(weights))
            after.append(torch.cat([w.grad for w in weights[:2]]).norm().item())
        return np.array(after), told

    return call


@pytest.fixture
def norms():
    """Norms of steps that do not grow or shrink, more than a window of them."""
    return np.random.default_rng(0).lognormal(size=WINDOW + 500)


@pytest.fixture
def recorded(monkeypatch):
    """The norm of the generator's gradients in every step of a run, and whether it was clipped."""
    told = []
    real = GradientClipper.clip

    def kept(self, parameters):
        told.append(real(self, parameters))
        return told[-1]

    monkeypatch.setattr(GradientClipper, "clip", kept)
    return told


@pytest.mark.parametrize("percentile", [50, 90, 97.5])
def test_no_gradient_is_longer_than_the_percentile_of_the_last_norms(percentile, norms, clip):
    after, told = clip(GradientClipper(0.0, percentile), norms)
    limits = [
        np.percentile(norms[max(0, step - WINDOW) : step], percentile)
        for step in range(1, len(norms) + 1)
    ]
    # Before it divides by a norm, torch adds 1e-6 to it.
    np.testing.assert_allclose(after, np.minimum(norms, limits), rtol=1e-5)
    assert [clipped for _, clipped in told] == (norms > limits).tolist()
    np.testing.assert_allclose([norm for norm, _ in told], norms)


def test_a_loss_in_other_units_is_clipped_in_the_same_steps(norms, clip):
    clippers = [GradientClipper(0.0, 90.0) for _ in range(2)]
    (_, told), (_, of_other) = clip(clippers[0], norms), clip(clippers[1], 1024 * norms)
    assert [clipped for _, clipped in told] == [clipped for _, clipped in of_other]
    # A tenth of steps whose norms stay; four standard deviations of 1,500 draws: 0.03.
    assert abs(clippers[0].share - 0.1) < 0.03


def test_a_fixed_norm_takes_precedence(norms, clip):
    clipper = GradientClipper(0.5, 90.0)
    after, _ = clip(clipper, norms)
    np.testing.assert_allclose(after, np.minimum(norms, 0.5), rtol=1e-5)
    assert clipper.share == (norms > 0.5).mean()


def test_without_a_norm_and_a_percentile_nothing_is_clipped(norms, clip):
    clipper = GradientClipper(0.0, 0.0)
    after, _ = clip(clipper, norms)
    np.testing.assert_allclose(after, norms)
    assert clipper.share == 0


def test_what_is_no_number_has_no_place_among_the_norms(clip):
    clipper = GradientClipper(0.0, 50.0)
    clip(clipper, [1.0, np.inf, np.nan, 3.0])
    assert clipper.state_dict()["norms"] == pytest.approx([1, 3])


def test_before_the_first_step_there_is_no_share():
    assert np.isnan(GradientClipper(0.0, 90.0).share)


def test_a_percentile_is_within_0_and_100():
    with pytest.raises(ValueError, match=r"--clip-percentile must be within 0 and 100, got 101"):
        TrainConfig(clip_percentile=101)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_tells_the_share_of_steps_that_were_clipped(method, tiny, images, tmp_path, recorded):
    config = TrainConfig(**tiny | METHODS[method] | {"steps": 30, "clip_percentile": 70.0})
    fit(images, None, config, tmp_path / "run")
    norms, clipped = (np.array(part) for part in zip(*recorded, strict=True))
    limits = [np.percentile(norms[:step], 70) for step in range(1, 31)]
    assert clipped.tolist() == (norms > limits).tolist()
    assert 0 < clipped.sum() < 30
    told = json.loads((tmp_path / "run/config.json").read_text())["training"]["clipped"]
    assert told == pytest.approx(clipped.mean(), abs=5e-5)  # four digits
    rows = read_log(tmp_path / "run/log.csv")  # means over ten steps
    np.testing.assert_allclose([row["clipped"] for row in rows], clipped.reshape(3, 10).mean(1))
    np.testing.assert_allclose([row["gradient_norm"] for row in rows], norms.reshape(3, 10).mean(1))


def test_methods_whose_losses_have_other_units_are_clipped_alike(tiny, images, tmp_path, recorded):
    """Where weights stay as they are, so do norms: 100 steps of both methods."""
    stays = {"steps": 100, "lr": 1e-12, "weight_decay": 0.0, "width": 1}
    norms, shares = {}, {}
    for name, method in METHODS.items():
        fit(images, None, TrainConfig(**tiny | method | stays), tmp_path / name)
        norms[name], clipped = (np.array(part) for part in zip(*recorded, strict=True))
        shares[name] = clipped.mean()
        recorded.clear()
    # One norm for both would clip every step of one method and none of the other.
    low, high = sorted(norms.values(), key=np.median)
    assert np.percentile(high, 5) > np.percentile(low, 95)
    for share in shares.values():
        # Four standard deviations of 100 draws: 4 · √(0.1 · 0.9 / 100) = 0.12.
        assert 0 < share < 0.22


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "regression"},
        {"l1_weight": 1.0, "discriminator": "patch", "discriminator_width": 4},
    ],
    ids=["regression", "game"],
)
def test_a_stopped_run_clips_as_if_it_had_not_stopped(changes, tiny, images, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    config = TrainConfig(**tiny | {"steps": 9, "clip_percentile": 20.0} | changes)
    prior = build_prior(images, PriorConfig(), ["drawn"])

    def stop(progress):
        if progress.step == 5:
            raise KeyboardInterrupt

    fit(images, prior, config, tmp_path / "whole")
    for name in ("stopped", "forgetful"):
        with pytest.raises(KeyboardInterrupt):
            fit(images, prior, config, tmp_path / name, on_progress=stop)
    path = tmp_path / "forgetful/last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    assert len(checkpoint["clippers"][0]["norms"]) >= 4
    del checkpoint["clippers"]
    torch.save(checkpoint, path)
    for name in ("stopped", "forgetful"):
        fit(images, prior, config, tmp_path / name, resume=True)
    whole, stopped, forgetful = (
        (tmp_path / name / "model.safetensors").read_bytes()
        for name in ("whole", "stopped", "forgetful")
    )
    shares = [
        json.loads((tmp_path / name / "config.json").read_text())["training"]["clipped"]
        for name in ("whole", "stopped")
    ]
    assert whole == stopped
    assert whole != forgetful  # so it is the norms that make the difference
    assert shares[0] == shares[1] > 0
