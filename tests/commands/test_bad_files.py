"""Damaged and foreign files of our own formats, and full disks: one line that says what to do."""

import contextlib
import json
import resource
import shutil

import h5py
import numpy as np
import pytest
from commands import TINY

PLAIN = ["--no-rebalance", "--steps", 2, *TINY]


@pytest.mark.parametrize("command", ["show", "train"])
def test_a_cut_prior_is_refused(command, refusal, prior, photos, tmp_path):
    prior.write_bytes(prior.read_bytes()[:-1000])
    train = ("train", photos, "--prior", prior, "-o", tmp_path / "run", "--steps", 2, *TINY)
    line = refusal(*(train if command == "train" else ("prior", "show", prior)))
    assert "prior.h5: expected a prior as photochrom prior build writes it" in line
    assert "truncated file" in line


def damage_attribute(file):
    file.attrs["step"] = "ten"


def damage_bins(file):
    del file["gamut/bins"]
    file["gamut/bins"] = np.zeros((313, 2))


def damage_probabilities(file):
    file["prior/p"][0] = np.nan


def damage_nothing_but_the_edges_of_sense(file):
    del file["prior/p"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_attribute, "could not convert string to float: 'ten'"),
        (damage_bins, "a gamut's bins must be distinct"),
        (damage_probabilities, "a prior must sum to 1, got nan"),
        (damage_nothing_but_the_edges_of_sense, "object 'p' doesn't exist"),
    ],
)
def test_a_prior_of_garbage_is_refused(damage, said, refusal, prior):
    with h5py.File(prior, "a") as file:
        damage(file)
    line = refusal("prior", "show", prior)
    assert "got a damaged or foreign file" in line
    assert said in line


def test_a_run_is_not_continued_with_another_flag(run, refusal, photos, tmp_path):
    train = ("train", photos, "-o", tmp_path / "run", *PLAIN)
    assert run(*train)[0] == 0
    line = refusal(*train, "--resume", "--weight-decay", 0.5)
    assert "expected --weight-decay 0.001 as the run began, got 0.5: repeat its flags" in line


@pytest.mark.parametrize("garbage", [{"config": 5}, {"config": None}, {}])
def test_settings_of_a_run_that_are_garbage(garbage, refusal, photos, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/train.json").write_text(json.dumps(garbage))
    line = refusal("train", photos, "-o", tmp_path / "run", "--resume", *PLAIN)
    assert "train.json: expected the settings of a run, got" in line


def test_a_damaged_checkpoint_is_refused(run, refusal, photos, tmp_path):
    train = ("train", photos, "-o", tmp_path / "run", *PLAIN)
    assert run(*train)[0] == 0
    (tmp_path / "run/model.safetensors").unlink()
    (tmp_path / "run/last.ckpt").write_bytes(b"no checkpoint")
    line = refusal(*train, "--resume")
    assert "expected the checkpoint of a run, got a damaged file: delete it to start" in line
    (tmp_path / "run/last.ckpt").unlink()
    assert run(*train, "--resume")[0] == 0


def test_a_partial_checkpoint_is_never_read(run, photos, tmp_path):
    train = ("train", photos, "-o", tmp_path / "run", *PLAIN)
    assert run(*train)[0] == 0
    whole = (tmp_path / "run/model.safetensors").read_bytes()
    (tmp_path / "run/model.safetensors").unlink()
    (tmp_path / "run/last.ckpt.partial").write_bytes(b"half a checkpoint")
    assert run(*train, "--resume")[0] == 0
    assert (tmp_path / "run/model.safetensors").read_bytes() == whole
    assert not list((tmp_path / "run").glob("*.partial"))


@pytest.mark.parametrize("name", ["colorize", "evaluate"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network", "deep"),
        ("network: method", "magic"),
        ("network: method", ["classification"]),
        ("network: width", "2"),
        ("network: width", 0),
        ("network: width", 1.5),
        ("network: size", None),
        ("network: size", -1),
        ("network: skips", 1),
        ("network: dropout", float("inf")),
        ("network: stride", 3),
        ("temperature", "warm"),
        ("temperature", float("nan")),
        ("step", {}),
        ("training", "long"),
        ("training", None),
    ],
)
def test_a_model_described_by_garbage(name, key, value, refusal, model, photos, reading):
    config = json.loads((model / "config.json").read_text())
    *folder, last = key.split(": ")
    (config[folder[0]] if folder else config)[last] = value
    (model / "config.json").write_text(json.dumps(config))
    line = refusal(*reading(name, photos))
    assert f"config.json: expected a {key} as photochrom train writes it, got {value!r}" in line
    assert line.endswith("restore the file or train anew")


@pytest.mark.parametrize("key", ["steps", "minutes"])
def test_a_model_trained_for_garbage(key, refusal, model, photos, reading):
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"training": {key: [1]}}))
    line = refusal(*reading("evaluate", photos))
    assert f"expected a training: {key} as photochrom train writes it, got [1]" in line


@pytest.mark.parametrize("name", ["colorize", "evaluate"])
def test_a_damaged_model_is_refused(name, refusal, model, photos, reading):
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    line = refusal(*reading(name, photos))
    assert "model.safetensors: expected the weights whose checksum config.json tells, got" in line


@pytest.mark.parametrize("name", ["colorize", "evaluate"])
def test_a_partial_model_is_no_model(name, refusal, model, photos, reading):
    (model / "model.safetensors").rename(model / "model.safetensors.partial")
    line = refusal(*reading(name, photos))
    assert "expected a finished run with model.safetensors, found none: continue it with" in line


@pytest.mark.parametrize("name", ["colorize", "evaluate"])
def test_a_folder_that_is_no_run(name, refusal, model, photos, reading):
    shutil.rmtree(model)
    assert "model: expected the folder of a run, its URL or a model's name" in refusal(
        *reading(name, photos)
    )
    model.mkdir()
    line = refusal(*reading(name, photos))
    assert "model/config.json: expected a run folder with config.json, found no such file" in line


@contextlib.contextmanager
def small_disk(limit):
    """No file can grow beyond `limit` bytes: to a program, a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("name", "what"), [("prior", "out"), ("train", "out/watch/truth.png")])
def test_what_does_not_fit_on_the_disk_is_named(name, what, refusal, photos, reading, tmp_path):
    with small_disk(3000):
        line = refusal(*reading(name, photos))
    assert line == (
        f"{tmp_path / what}: could not be written (File too large): make room, or name another "
        "output"
    )
    assert not (tmp_path / what).exists()
    assert not list(tmp_path.rglob("*.partial"))


def test_a_full_disk_keeps_the_last_checkpoint(photos, tmp_path, monkeypatch):
    from photochrom.config import TrainConfig
    from photochrom.image_io import find
    from photochrom.training import fit

    monkeypatch.setattr("photochrom.training.checkpoints._CHECKPOINT_SECONDS", 0.0)
    config = TrainConfig(
        steps=5, width=2, crop=32, size=32, batch_size=2, workers=0, precision="32", rebalance=False
    )
    images = find([str(photos)]).images
    fit(images, None, config, tmp_path / "whole")
    checkpoint = tmp_path / "run/last.ckpt"
    kept = []
    with contextlib.ExitStack() as disk:

        def fill_up(progress):
            if progress.step == 3:
                kept.append(checkpoint.read_bytes())
                disk.enter_context(small_disk(20_000))

        with pytest.raises(OSError, match=r"last.ckpt: could not be written \(File too large\)"):
            fit(images, None, config, tmp_path / "run", on_progress=fill_up)
    assert kept == [checkpoint.read_bytes()]
    fit(images, None, config, tmp_path / "run", resume=True)
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("run", "whole")]
    assert weights[0] == weights[1]
