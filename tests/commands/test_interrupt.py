"""Real processes, killed and filled up: nothing half-written is ever taken for whole."""

import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

COMMAND = "from photochrom.cli import main; main()"
TINY = "--width 2 --crop 32 --size 32 --batch-size 2 --workers 0 --precision 32"


def start(*arguments, limit=None, first=""):
    def prepare():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job ignores it
        if limit:  # the one way to a disk that is full
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", first + COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=prepare,
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    lines = [line.rsplit("\r", 1)[-1] for line in err.splitlines()]
    return process.returncode, out, [line for line in lines if line.startswith("photochrom: ")]


def wait_for(path, lines, process):
    """Until `path` has so many lines; fails if the process ends before."""
    for _ in range(1200):
        if path.exists() and len(path.read_text().splitlines()) >= lines:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(f"{path} never got {lines} lines")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_study_continues(stop, photos, tmp_path):
    folder = tmp_path / "study"
    command = ("study", photos, "-o", folder, "--steps", 60, "--test-fraction", 0.3, *TINY.split())
    command += ("--evaluation-size", 32)
    process = start(*command)
    wait_for(folder / "runs/classification/log.csv", 3, process)
    process.send_signal(stop)
    code, _, lines = finish(process)
    if stop == signal.SIGINT:
        assert code == 130
        assert lines == ["photochrom: stopped: repeat the command to go on (train: with --resume)"]
    first = (folder / "runs/regression/model.safetensors").stat().st_mtime_ns
    assert not (folder / "runs/classification/model.safetensors").exists()
    assert not (folder / "report").exists()

    code, out, _ = finish(start(*command))
    assert (code, "open this page: file://" in out) == (0, True)
    assert (folder / "report/index.html").exists()
    assert (folder / "runs/regression/model.safetensors").stat().st_mtime_ns == first
    assert not list(folder.rglob("*.partial"))


def test_a_partial_file_is_never_taken_for_a_whole_one(run, photos, tmp_path):
    folder = tmp_path / "study"
    command = ("study", photos, "-o", folder, "--steps", 2, *TINY.split())
    command += ("--evaluation-size", 32)
    assert run(*command)[0] == 0
    # As a kill in the middle of writing leaves them:
    for name in ("prior.h5", "runs/classification/model.safetensors", "report/index.html"):
        whole = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / f"{name}.partial").write_bytes(whole[: len(whole) // 2])
    assert run(*command)[0] == 0
    for name in ("prior.h5", "runs/classification/model.safetensors", "report/index.html"):
        assert (folder / name).exists()


@pytest.fixture
def model(photos, tmp_path):
    run = tmp_path / "model"
    train = ("train", photos, "-o", run, "--no-rebalance", "--steps", 2, *TINY.split())
    assert finish(start(*train))[0] == 0
    return run


@pytest.mark.slow
def test_a_full_disk_ends_in_one_line_and_leaves_nothing_half_written(photos, model, tmp_path):
    commands = {
        "prior.h5": ("prior", "build", photos, "-o", tmp_path / "prior.h5"),
        "out": ("colorize", photos, "--model", model, "-o", tmp_path / "out"),
        "report": ("evaluate", model, "--images", photos, "-o", tmp_path / "report"),
        "run": ("train", photos, "-o", tmp_path / "run", "--no-rebalance", "--steps", 2),
    }
    for name, command in commands.items():
        settings = TINY.split() if name == "run" else ()
        code, _, lines = finish(start(*command, *settings, limit=700))
        assert (name, code, len(lines)) == (name, 2, 1)
        assert "File too large" in lines[0]
        assert "Traceback" not in lines[0]
        written = [path for path in tmp_path.glob(f"{name}/**/*") if path.is_file()]
        assert all(path.stat().st_size < 700 for path in written)
        assert not any(path.suffix in {".partial", ".html", ".safetensors"} for path in written)
    assert not (tmp_path / "prior.h5").exists()


@pytest.mark.slow
def test_what_was_written_before_the_disk_was_full_is_kept(photos, model, tmp_path):
    command = ("colorize", photos, "--model", model, "-o", tmp_path / "out")
    sizes = {}
    assert finish(start(*command))[0] == 0
    for path in sorted((tmp_path / "out").iterdir()):
        sizes[path.name] = path.stat().st_size
    # Replace them all on a disk that takes only the smaller half.
    limit = sorted(sizes.values())[len(sizes) // 2]
    code, _, lines = finish(start(*command, "--overwrite", limit=limit))
    assert (code, len(lines)) == (2, 1)
    assert {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()} == sizes


def test_a_killed_pack_is_continued_by_its_command(photos, save_image, tmp_path):
    for number in range(60):
        noise = np.random.default_rng(number).integers(0, 256, size=(300, 200, 3), dtype=np.uint8)
        save_image(f"photos/more/{number}.png", noise)
    command = ("pack", photos, "-o", tmp_path / "p.h5", "--size", 64)
    # A part for every image, so that there is something to continue.
    process = start(
        *command, first="import photochrom.data.hdf5_images as p; p._PART_SECONDS = 0; "
    )
    parts = tmp_path / "p.h5.parts"
    while len(list(parts.glob("0*.h5"))) < 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    finish(process)
    made = {path: path.stat().st_mtime_ns for path in parts.glob("0*.h5")}
    assert 4 <= len(made) < 68
    assert not (tmp_path / "p.h5").exists()
    code, _, lines = finish(start("prior", "build", tmp_path / "p.h5", "-o", tmp_path / "q.h5"))
    assert (code, len(lines)) == (2, 1)
    assert "p.h5: expected images, found a stopped photochrom pack: repeat its command" in lines[0]
    code, out, _ = finish(start(*command))
    assert (code, "68 images" in out) == (0, True)
    assert not parts.exists()
