import contextlib
import json

import numpy as np
import pytest
import torch

from photochrom.config import Architecture, PriorConfig, TrainConfig
from photochrom.data import Square, center_loader, collate
from photochrom.image_io import find, read_rgb
from photochrom.models import Colorizer
from photochrom.prior import build_prior
from photochrom.quantize import Gamut
from photochrom.training import DivergedError, TrainingModule, fit, read_log

TINY = {"width": 2, "crop": 32, "size": 32, "batch_size": 2, "workers": 0, "precision": "32"}


def config(**changes):
    return TrainConfig(**(TINY | {"steps": 3} | changes))


@pytest.fixture
def prior(images):
    return build_prior(images, PriorConfig(), ["drawn"])


def stop_at(step):
    def stop(progress):
        if progress.step == step:
            raise KeyboardInterrupt

    return stop


def weights(run):
    return (run / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    "method",
    [
        {"method": "regression"},
        {"method": "regression", "loss": "smooth-l1"},
        {"rebalance": False},
        {"rebalance": True},
    ],
)
def test_a_finished_run_is_one_folder(method, images, prior, tmp_path):
    fit(images, prior, config(**method), tmp_path / "run")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    looked = {"watch.csv", "watch", "curves.png", "strip.png"}
    assert names == {"train.json", "log.csv", "config.json", "model.safetensors"} | looked
    assert json.loads((tmp_path / "run/config.json").read_text())["training"]["steps"] == 3
    assert Colorizer.load(tmp_path / "run").ab(torch.rand(1, 1, 9, 9) * 100).shape == (1, 2, 9, 9)


@pytest.mark.parametrize("method", ["classification", "regression"])
def test_it_learns_two_colors(method, two_colors, tmp_path):
    found = find([str(two_colors)])
    fit(
        found.images,
        None,
        config(method=method, rebalance=False, steps=80, width=4, batch_size=4, lr=1e-2),
        tmp_path / "run",
    )
    rgb = torch.from_numpy(read_rgb(found.images[0]).copy()).movedim(-1, 0)
    batch = collate([Square("0", rgb)])
    with torch.inference_mode():
        ab = Colorizer.load(tmp_path / "run").ab(batch.L)
    # Far from gray, whose mean error here is about 50: within a bin and a half on average.
    assert torch.linalg.vector_norm(ab - batch.ab, dim=1).mean() < 15


def test_a_seed_repeats_exactly_and_another_does_not(images, prior, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        fit(images, prior, config(seed=seed), tmp_path / name)
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert weights(tmp_path / "a") != weights(tmp_path / "c")


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(images, prior, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    settings = config(steps=6)
    fit(images, prior, settings, tmp_path / "whole")

    with pytest.raises(KeyboardInterrupt):
        fit(images, prior, settings, tmp_path / "stopped", on_progress=stop_at(4))
    assert (tmp_path / "stopped/last.ckpt").exists()
    fit(images, prior, settings, tmp_path / "stopped", resume=True)
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")
    assert read_log(tmp_path / "stopped/log.csv")[-1]["step"] == 6


def test_the_mean_of_weights_is_that_of_the_weights_after_every_step(images, prior, tmp_path):
    def trained(name, **changes):
        fit(images, prior, config(schedule="constant", **changes), tmp_path / name)
        return Colorizer.load(tmp_path / name).state_dict()

    one, two, three = (trained(f"{steps}", steps=steps) for steps in (1, 2, 3))
    found = trained("mean", steps=3, ema_decay=0.75)
    for name, value in found.items():
        if value.is_floating_point():
            mean = 0.75 * (0.75 * one[name] + 0.25 * two[name]) + 0.25 * three[name]
            torch.testing.assert_close(value, mean, msg=name)


def test_a_stopped_run_keeps_its_mean_of_weights(images, prior, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    settings = config(steps=5, ema_decay=0.5)
    fit(images, prior, settings, tmp_path / "whole")

    with pytest.raises(KeyboardInterrupt):
        fit(images, prior, settings, tmp_path / "stopped", on_progress=stop_at(3))
    fit(images, prior, settings, tmp_path / "stopped", resume=True)
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")


def test_a_run_by_minutes_stops_in_time(images, prior, tmp_path):
    fit(images, prior, config(steps=None, minutes=0.02), tmp_path / "run")
    training = json.loads((tmp_path / "run/config.json").read_text())["training"]
    # 1.2 s, and the step that was under way
    assert 0.02 <= training["minutes"] < 0.2


def test_divergence_ends_in_words_and_keeps_the_last_good_state(
    images, prior, tmp_path, monkeypatch
):
    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    from photochrom.training import lightning_module

    real = lightning_module.fused_cross_entropy
    calls = iter(range(1000))
    monkeypatch.setattr(
        lightning_module,
        "fused_cross_entropy",
        lambda *args: real(*args) * (float("nan") if next(calls) >= 4 else 1),
    )
    with pytest.raises(DivergedError, match=r"expected a finite loss at step \d, got nan"):
        fit(images, prior, config(steps=9), tmp_path / "run")
    kept = torch.load(tmp_path / "run/last.ckpt", weights_only=True)
    assert all(value.isfinite().all() for value in kept["state_dict"].values())
    assert not (tmp_path / "run/model.safetensors").exists()


def test_a_run_is_not_continued_with_another_setting(images, prior, tmp_path):
    fit(images, prior, config(), tmp_path / "run")
    with pytest.raises(ValueError, match=r"expected --lr 0.001 as the run began, got 0.1"):
        fit(images, prior, config(lr=0.1), tmp_path / "run", resume=True)


def test_nor_with_other_images(images, prior, tmp_path):
    fit(images, prior, config(), tmp_path / "run")
    with pytest.raises(ValueError, match=r"expected the images that the run began with"):
        fit(images[:-1], prior, config(), tmp_path / "run", resume=True)


def test_rebalancing_needs_a_prior(images, tmp_path):
    with pytest.raises(ValueError, match=r"expected --prior with a rebalanced classification"):
        fit(images, None, config(), tmp_path / "run")


def test_the_fused_loss_is_the_plain_one(images):
    torch.manual_seed(0)
    gamut = Gamut.srgb()
    colorizer = Colorizer(Architecture(method="classification", width=2, size=32), gamut)
    weight = np.linspace(0.5, 2, len(gamut))
    batch = next(iter(center_loader(images, size=32, batch=4, workers=0)))
    losses = [
        TrainingModule(colorizer, weight, config(), fused=fused).losses(batch.L, batch.ab)[0][
            "loss"
        ]
        for fused in (True, False)
    ]
    gradients = [torch.autograd.grad(loss, list(colorizer.parameters())) for loss in losses]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)  # float32, through 11 layers


def test_dropped_paths_change_what_is_learned_and_come_back_after_a_stop(images, tmp_path):
    made = {"method": "regression", "encoder": "lite0", "up": "upsample", "encoder_lr": 0.1}
    for name, share in (("none", 0.0), ("some", 0.9), ("stopped", 0.9)):
        told = {"on_progress": stop_at(2)} if name == "stopped" else {}
        of_run = (images, None, config(**made, drop_path=share), tmp_path / name)
        with contextlib.suppress(KeyboardInterrupt):
            fit(*of_run, **told)
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    fit(*of_run, resume=True)
    assert weights(tmp_path / "some") == weights(tmp_path / "stopped")
    assert weights(tmp_path / "some") != weights(tmp_path / "none")
