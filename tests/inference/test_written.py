"""What is written: whole or not at all, and what cannot be fails by itself."""

import errno
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from corpus_absurd import png
from PIL import Image

from photochrom.storage.atomic import write_whole

GOOD = png(3, 2, 2, 8, bytes(20))


def became(told: dict) -> dict:
    return {name: entry["became"] for name, entry in told.items()}


def test_what_cannot_be_written_for_its_name_fails_by_itself(colorize, save_image, tmp_path):
    for name in ("p/b/c.png", "p/d.png", "p/" + "l" * 250 + ".png"):
        save_image(name, np.full((4, 4, 3), 90, np.uint8))
    (tmp_path / "out/d.png").mkdir(parents=True)
    (tmp_path / "out/b").write_text("mine")
    code, _, told = colorize(tmp_path / "p", "--overwrite")
    assert (code, told["d.png"]["reason"]) == (1, "could not be written (Is a directory)")
    assert told["b/c.png"]["reason"].startswith("could not be written (")
    assert (tmp_path / "out/b").read_text() == "mine"
    assert colorize(tmp_path / "p", out=None)[2]["l" * 250 + ".png"]["reason"] == (
        "could not be written (File name too long)"
    )


def test_a_format_that_cannot_hold_a_image_fails_by_itself(colorize, save_image, tmp_path):
    save_image("p/long.png", np.full((1, 17_000, 3), 90, np.uint8))
    save_image("p/short.png", np.full((1, 17, 3), 90, np.uint8))
    code, _, told = colorize(tmp_path / "p", "--format", "webp")
    assert (code, became(told)) == (1, {"long.png": "failed", "short.png": "done"})
    assert told["long.png"]["reason"].startswith("cannot be written as WEBP: ")


def test_a_name_of_a_tar_with_a_zero_byte_is_refused(colorize, tmp_path):
    with tarfile.open(tmp_path / "p.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("a\0b.png", "c.png"):
            member = tarfile.TarInfo("plain.png")
            member.size, member.pax_headers = len(GOOD), {"path": name}
            tar.addfile(member, io.BytesIO(GOOD))
    code, _, told = colorize(tmp_path / "p.tar")
    assert (code, sorted(became(told).values())) == (1, ["done", "failed"])


@pytest.mark.parametrize("below", ["", "/sub"])
def test_an_output_that_cannot_be_is_refused_before_any_work(below, refusal, reading, photos):
    command = list(reading("colorize", photos))
    (photos.parent / "file").write_text("mine")
    command[-1] = f"{photos.parent}/file{below}"
    assert "/file: expected a folder to write to, found a file" in refusal(*command)


def test_a_long_name_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / ("l" * 255)
    write_whole(path, b"whole")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(path.name, b"whole")]

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"could not be written \(No space left on device\)"):
        write_whole(path, b"half")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(path.name, b"whole")]


def opens_whole(path: Path) -> bool:
    with Image.open(path) as image:
        image.load()
    return True


def test_a_killed_run_is_finished_by_its_command(photos, model, tmp_path, run):
    """At every moment what has its final name opens; writing is slow, so that the kill meets it."""
    out, slow = tmp_path / "out", "import os, time; os.fsync = lambda _: time.sleep(0.1); "
    command = ["colorize", str(photos), "--model", str(model), "-o", str(out)]
    code = slow + "from photochrom.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", code, *command], stderr=subprocess.DEVNULL) as one:
        while len(made := list(out.glob("*.png"))) < 3:
            assert one.poll() is None
            assert all(map(opens_whole, made))
            time.sleep(0.01)
        one.send_signal(signal.SIGKILL)
    made = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert 3 <= len(made) < 8
    assert all(map(opens_whole, out.glob("*.png")))
    code, told, _ = run(*command)
    assert (code, f"{8 - len(made)} colorized, {len(made)} skipped" in told) == (0, True)
    after = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert len(after) == 8
    assert after.items() >= made.items()
    assert all(map(opens_whole, out.iterdir()))
