"""Several processes that train together: the same run as one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

# Without batch normalization, which would be of each process's own share of the batch.
TINY = ["--width", 2, "--crop", 32, "--size", 32, "--batch-size", 4, "--steps", 3, "--workers", 0]
TINY += ["--precision", 32, "--norm", "group"]
GAME = ["--method", "regression", "--loss", "l1", "--discriminator", "patch"]
GAME += ["--discriminator-width", 4, "--discriminator-norm", "group", "--discriminator-interval", 2]
DRAWN = ["--head-init", "default"]  # a head of zeros would hide what the trunk learns
PHOTOCHROM = str(Path(sys.executable).with_name("photochrom"))
TORCHRUN = [str(Path(sys.executable).with_name("torchrun")), "--nproc-per-node", "2"]


def started(*command):
    """A command in processes of its own, with the cores shared among them."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def weights(run):
    return load_file(run / "model.safetensors")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(["--no-rebalance"], id="classification", marks=pytest.mark.slow),
        pytest.param(GAME, id="game"),
    ],
)
def test_two_processes_learn_what_one_learns_of_the_whole_batch(kind, run, photos, tmp_path):
    train = ["train", photos, *TINY, *DRAWN, *kind]
    assert run(*train, "-o", tmp_path / "one")[0] == 0
    out = started(PHOTOCHROM, *train, "-o", tmp_path / "two", "--devices", 2)
    assert out.count("finished") == 1
    one, two = (weights(tmp_path / name) for name in ("one", "two"))
    for name, value in one.items():
        # Sums of a batch in another order: float32's rounding, through three steps of Adam at
        # 1e-3, which may turn a gradient near 0 around.
        np.testing.assert_allclose(two[name], value, atol=1e-4, err_msg=name)
    begun = np.abs(one["network.head.weight"]).mean()
    assert begun > 1e-2  # so that 1e-4 is little


@pytest.mark.slow
def test_torchrun_starts_the_same(photos, tmp_path):
    train = ["train", photos, *TINY, "--no-rebalance", "--devices", 2]
    started(PHOTOCHROM, *train, "-o", tmp_path / "own")
    started(*TORCHRUN, PHOTOCHROM, *train, "-o", tmp_path / "torchrun")
    own, other = (weights(tmp_path / name) for name in ("own", "torchrun"))
    for name, value in own.items():
        np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_a_batch_that_cannot_be_shared_is_refused(refusal, photos, tmp_path):
    line = refusal("train", photos, "-o", tmp_path / "run", *TINY, "--devices", 3)
    assert line == "--batch-size must be a multiple of --devices × --nodes (3), got 4"
