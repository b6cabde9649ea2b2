"""Training that begins with a finished model: its network and targets, and no others."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from photochrom import recipes
from photochrom.config import Architecture, TrainConfig
from photochrom.models import Colorizer
from photochrom.prior import PriorFile
from photochrom.quantize import Gamut
from photochrom.training import fit

SMALL = ("--batch-size", 2, "--workers", 0, "--precision", 32)


@pytest.fixture
def make(tmp_path):
    """Save a model that never learned, of another seed than that of runs: its folder."""

    def saved(name="model", *, seed=7, temperature=0.38, training=None, **network):
        torch.manual_seed(seed)
        architecture = Architecture(**{"width": 2, "size": 32} | network)
        colorizer = Colorizer(architecture, Gamut.srgb(), temperature=temperature)
        colorizer.save(tmp_path / name, {"config": training or {}})
        return tmp_path / name

    return saved


@pytest.fixture
def finetune(run, photos, tmp_path):
    """`photochrom train --from` a model: the run that it makes."""

    def call(model, *flags):
        out = tmp_path / "run"
        code, _, lines = run("train", photos, "--from", model, "-o", out, *SMALL, *flags)
        assert (code, lines) == (0, [])
        return out

    return call


def began(out):
    return json.loads((out / "train.json").read_text())["config"]


def test_the_page_shows_in_what_it_differs_from_training_from_scratch():
    changed = {
        name: value
        for name, value in vars(recipes.load("finetune")).items()
        if value != getattr(recipes.load("lite0"), name)
    }
    sizes = {"size": 192, "crop": 192, "scale_min": 192, "scale_max": 240, "blur": 0.5}
    gently = {
        "encoder_lr": 0.3,
        "lr": 3e-4,
        "ema_decay": 0.99,
        "drop_path": 0.2,
        "weight_decay": 0.1,
    }
    assert changed == {"encoder_weights": "none"} | sizes | gently


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_a_run_starts_exactly_at_its_model(norm, make, finetune):
    model = make(norm=norm)
    out = finetune(model, "--no-rebalance", "--steps", 2, "--lr", 1e-12, "--ema-decay", 0)
    ended = dict(Colorizer.load(out).named_parameters())
    for name, value in Colorizer.load(model).named_parameters():
        # Adam moves a weight by at most about its learning rate a step.
        torch.testing.assert_close(ended[name], value, rtol=0, atol=1e-10, msg=name)


def test_and_at_its_gain(images, tiny, tmp_path):
    torch.manual_seed(7)
    architecture = Architecture(width=2, size=32, method="regression", norm="none")
    initial = Colorizer(architecture, Gamut.srgb(), gain=2.0).eval()
    still = {"method": "regression", "norm": "none", "steps": 1, "lr": 1e-12}
    fit(images, None, TrainConfig(**tiny | still), tmp_path / "run", initial=initial)
    L = torch.rand(1, 1, 16, 16) * 100
    with torch.inference_mode():
        # Adam moves a weight by at most about its learning rate a step.
        torch.testing.assert_close(Colorizer.load(tmp_path / "run").ab(L), initial.ab(L))


def test_and_learns(make, finetune):
    model = make()
    out = finetune(model, "--no-rebalance", "--steps", 2)
    ended, first = Colorizer.load(out), Colorizer.load(model)
    assert not torch.equal(ended.network.head.weight, first.network.head.weight)


def test_a_model_goes_on_by_command(make, run, photos, tmp_path):
    for path in sorted(photos.iterdir())[4:]:
        path.unlink()
    assert run("prior", "build", photos, "-o", tmp_path / "prior.h5")[0] == 0
    command = ("train", photos, "--from", make(), "--prior", tmp_path / "prior.h5", "--steps", 2)
    code, out, lines = run(*command, "-o", tmp_path / "run", *SMALL)
    assert (code, lines) == (0, [])
    assert "finished, classification, rebalanced" in out
    training = json.loads((tmp_path / "run/config.json").read_text())["training"]
    assert (training["from"], training["images"], training["steps"]) == ("model", 4, 2)
    assert Colorizer.load(tmp_path / "run").architecture == Colorizer.load(make()).architecture
    assert str(tmp_path) not in (tmp_path / "run/config.json").read_text()


def test_a_model_keeps_its_targets_and_its_temperature(make, finetune):
    model = make(temperature=0.5, training={"k": 3, "sigma": 4.0, "lr": 0.7})
    out = finetune(model, "--no-rebalance", "--steps", 1)
    values = began(out)
    assert [values[name] for name in ("k", "sigma", "temperature")] == [3, 4.0, 0.5]
    assert Colorizer.load(out).temperature == 0.5
    # The rest is the recipe's, the crop scaled to the model's size.
    assert [values[name] for name in ("lr", "ema_decay", "crop", "size")] == [3e-4, 0.99, 32, 32]


def test_unless_others_are_asked_for(make, finetune):
    """Even where what is asked for is the default of a training from scratch."""
    model = make(temperature=0.5, training={"k": 3, "sigma": 4.0})
    flags = ("--k", 5, "--temperature", 0.38, "--lr", 1e-3, "--crop", 16)
    values = began(finetune(model, "--no-rebalance", "--steps", 1, *flags))
    names = ("k", "sigma", "temperature", "lr", "crop")
    assert [values[name] for name in names] == [5, 4.0, 0.38, 1e-3, 16]


def test_a_model_goes_on_at_another_size_and_dropout(make, finetune):
    model, flags = make(dropout=0.5), ("--size", 48, "--dropout", 0.25)
    out = finetune(model, "--no-rebalance", "--steps", 1, *flags)
    architecture = Colorizer.load(out).architecture
    assert architecture == replace(Colorizer.load(model).architecture, size=48, dropout=0.25)
    names = ("size", "crop", "scale_min", "scale_max", "dropout")
    assert [began(out)[name] for name in names] == [48, 48, 48, 60, 0.25]


def test_a_regression_stays_one(make, finetune):
    model = make(method="regression", head="tanh", training={"loss": "smooth-l1"})
    out = finetune(model, "--steps", 1)
    assert Colorizer.load(out).architecture == Colorizer.load(model).architecture
    assert began(out)["loss"] == "smooth-l1"


def test_a_recipe_gives_all_but_the_network(make, finetune):
    out = finetune(make(), "--recipe", "dcgan", "--steps", 1, "--discriminator-width", 4)
    values = began(out)
    assert [values[name] for name in ("method", "pooling", "width")] == ["classification", "max", 2]
    assert [values[name] for name in ("discriminator", "label_smoothing", "lr")] == [
        "pooled",
        0.1,
        2e-4,
    ]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--width", 32), "expected --width 2 as the model to begin with has it, got 32"),
        (("--no-skips",), "expected --skips True as the model to begin with has it, got False"),
        (
            ("--method", "regression"),
            "expected --method classification as the model to begin with has it, got regression",
        ),
        (("--encoder-lr", 0.3), "--encoder-lr 0.3 needs --encoder vgg16 or lite0, got unet"),
        (("--drop-path", 0.2), "--drop-path 0.2 needs --encoder lite0, got unet"),
        ((), "expected --prior with a rebalanced classification, got none"),
    ],
)
def test_another_network_is_refused(flags, line, make, refusal, photos, tmp_path):
    command = ("train", photos, "--from", make(), "-o", tmp_path / "run", "--steps", 1)
    assert refusal(*command, *flags) == line
    assert not (tmp_path / "run").exists()


def test_other_weights_for_its_encoder_are_refused():
    model = {"network": vars(Architecture(encoder="lite0", stride=2)), "temperature": 0.38}
    base = recipes.follow_model(recipes.load("finetune"), recipes.load("finetune"), model)
    assert (base.encoder, base.encoder_weights, base.encoder_lr) == ("lite0", "none", 0.3)
    other = TrainConfig(**vars(base) | {"encoder_weights": "imagenet"})
    with pytest.raises(ValueError, match=r"expected --encoder-weights none as the model to begin"):
        recipes.follow_model(base, other, model)


def test_sizes_are_scaled_to_the_models():
    base = TrainConfig(size=128, crop=112, scale_min=120, scale_max=144)
    for encoder, size, fitted in (
        ("unet", 128, (112, 120, 144)),
        ("unet", 64, (48, 60, 72)),  # 56 would be padded: its deepest map has a pixel for 16
        ("lite0", 192, (160, 180, 216)),  # for 32
        ("unet", 15, (12, 14, 17)),  # as small as it is, it is padded; a multiple of the stride
    ):
        network = vars(Architecture(encoder=encoder, up="upsample", size=size, stride=4))
        model = {"network": network, "temperature": 0.38}
        config = recipes.follow_model(base, base, model)
        assert (config.size, config.crop, config.scale_min, config.scale_max) == (size, *fitted)
    fixed = TrainConfig(size=128, crop=112)
    config = recipes.follow_model(fixed, fixed, model)
    assert (config.scale_min, config.scale_max) == (0, 0)


def test_what_a_model_was_trained_toward_is_read_with_care(make, refusal, photos, tmp_path):
    model = make(training={"k": "all"})
    line = refusal("train", photos, "--from", model, "-o", tmp_path / "run", "--steps", 1)
    assert (
        line == "config.json of the model to begin with: expected k to be a whole number, got 'all'"
    )


def test_what_is_no_model_is_refused(refusal, photos, tmp_path):
    command = ("train", photos, "-o", tmp_path / "run", "--steps", 1)
    for missing in (tmp_path / "none", ""):
        line = refusal(*command, "--from", missing)
        assert "expected" in line
        assert "found no such" in line


def test_a_prior_over_other_bins_is_refused(make, refusal, run, photos, tmp_path):
    assert run("prior", "build", photos, "-o", tmp_path / "p.h5", "--step", 20)[0] == 0
    command = ("train", photos, "--from", make(), "--prior", tmp_path / "p.h5", "--steps", 1)
    line = refusal(*command, "-o", tmp_path / "run")
    assert line.startswith("expected a prior over the 313 bins of the model to begin with, got")


def test_a_stopped_run_continues_as_if_nothing_had_happened(
    images, prior, make, tiny, tmp_path, monkeypatch
):
    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    initial, file = Colorizer.load(make()), PriorFile.load(prior)
    config = TrainConfig(**tiny | {"ema_decay": 0.5})

    def stop(progress):
        if progress.step == 2:
            raise KeyboardInterrupt

    fit(images, file, config, tmp_path / "whole", initial=initial)
    with pytest.raises(KeyboardInterrupt):
        fit(images, file, config, tmp_path / "cut", initial=initial, on_progress=stop)
    fit(images, file, config, tmp_path / "cut", initial=initial, resume=True)
    ended = (tmp_path / name / "model.safetensors" for name in ("whole", "cut"))
    assert next(ended).read_bytes() == next(ended).read_bytes()


def test_and_only_from_the_same_model_wherever_it_lies(make, finetune, refusal, photos, tmp_path):
    flags = ("--no-rebalance", "--steps", 1)
    finetune(make(), *flags)
    moved = shutil.copytree(tmp_path / "model", tmp_path / "moved")
    finetune(moved, *flags, "--resume")
    command = ("train", photos, "-o", tmp_path / "run", *SMALL, *flags, "--resume")
    line = refusal(*command, "--from", make("other", seed=1))
    assert "expected the model that the run began with, got others" in line
