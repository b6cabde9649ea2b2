"""Odd names, links, pipes and folders, and where outputs go: each is told of, none is harmed."""

import faulthandler
import inspect
import io
import os
import socket
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from corpus_absurd import png

from photochrom.image_io import find, printable, summary
from photochrom.image_io.source_image import Skipped

GOOD = png(3, 2, 2, 8, bytes(20))
NAMES = ["a\nb.png", "🎞️ négatif.png", "-x.png", "--output.png", " .png", "a b'\"$.png"]
NAMES += ["\x1b[31mred.png", "é" * 120 + ".png", "l" * 251 + ".png", "m" * 248 + ".jpeg"]
NAMES += [os.fsdecode(name) for name in (b"\xff\xfe.png", b"caf\xe9.png")]


@pytest.fixture(autouse=True)
def _never_hangs():
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def became(told: dict) -> dict:
    return {name: entry["became"] for name, entry in told.items()}


@pytest.fixture
def odd(tmp_path) -> Path:
    folder = tmp_path / "odd"
    (folder / "x.png").mkdir(parents=True)
    for name in [*NAMES, "x.png/y.png", "notes.md", ".png"]:
        (folder / name).write_bytes(GOOD)
    links = {"itself.png": "itself.png", "nowhere.png": "gone.png", "linked.png": "-x.png"}
    links |= {"loop": ".", "loop.png": str(folder), "linked-pipe.png": "pipe.png"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.png")
    return folder


def test_each_name_in_a_folder_is_told_of_once(colorize, odd, tmp_path, monkeypatch):
    """An image is a file, a link to one or a dead link, whose name has an image's ending.

    Not told of are linked folders, pipes, sockets, and files of other endings.
    """
    monkeypatch.chdir(odd)  # the path of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.png")
    code, lines, told = colorize(odd)
    dead = {"itself.png": "failed", "nowhere.png": "failed"}
    expected = dict.fromkeys([*NAMES, "x.png/y.png", "linked.png"], "done") | dead
    assert (code, became(told)) == (1, expected)
    assert told["nowhere.png"]["reason"] == "No such file or directory"
    assert len(lines) == 1
    made = {os.fsencode(path) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert made == {os.fsencode(one["to"]) for one in told.values() if one["became"] == "done"}


def test_unreadable_files_and_folders_are_told_of(colorize, save_image, tmp_path):
    for name in ("p/a.png", "p/b.png", "p/c/d.png"):
        save_image(name, np.full((4, 4, 3), 90, np.uint8))
    for name in ("p/a.png", "p/c"):
        (tmp_path / name).chmod(0)
    if os.access(tmp_path / "p/c", os.R_OK):
        pytest.skip("whoever may read everything is never refused")
    try:
        code, _, told = colorize(tmp_path / "p")
    finally:
        (tmp_path / "p/c").chmod(stat.S_IRWXU)
    folder = str(tmp_path / "p/c")
    assert (code, became(told)) == (1, {"a.png": "failed", "b.png": "done", folder: "failed"})
    assert {told[name]["reason"] for name in ("a.png", folder)} == {"Permission denied"}


@pytest.mark.parametrize("ending", ["png", "tar", "h5", "txt", "zip"])
def test_a_pipe_is_not_waited_for(ending, refusal, reading, tmp_path):
    os.mkfifo(tmp_path / f"pipe.{ending}")
    line = refusal(*reading("colorize", tmp_path / f"pipe.{ending}"))
    assert "not an image: a pipe, a socket or a device" in line


def test_a_list_tells_of_each_of_its_lines(colorize, odd):
    lines = ["-x.png", "pipe.png", "x.png", "gone.png", "no[ne].png", "zero\0.png", "notes.md"]
    (odd / "list.txt").write_text("\n".join(lines))
    code, _, told = colorize(odd / "list.txt")
    reasons = {os.path.basename(name): entry["reason"] for name, entry in told.items()}
    assert (code, reasons.pop("-x.png")) == (1, "")
    assert reasons["pipe.png"] == "expected a file, found a pipe or a device"
    assert reasons["x.png"] == "expected a file, found a folder"
    assert reasons["gone.png"] == "No such file or directory"
    assert reasons["list.txt, line 5"].endswith("no[ne].png: no image in it")
    assert reasons["list.txt, line 6"] == "a name with a zero byte"
    assert reasons["notes.md"].startswith("not an image: its name ends in")
    assert len(told) == 7


def test_folders_may_lie_deeper_than_python_calls(tmp_path):
    deep = "d/" * 200
    (tmp_path / deep).mkdir(parents=True)
    (tmp_path / deep / "x.png").touch()
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        found = find([str(tmp_path)]).images
    finally:
        sys.setrecursionlimit(before)
    assert [image.name for image in found] == [f"{deep}x.png"]


def test_a_pattern_of_all_depths_enters_no_link(tmp_path, save_image):
    for name in ("a/x.png", "a/b/y.png"):
        save_image(name, np.full((4, 4, 3), 90, np.uint8))
    for name in ("one", "other"):  # 2⁴⁰ ways lead back, before the system refuses
        (tmp_path / "a" / name).symlink_to(".")
    found = find([f"{tmp_path}/**/*.png"]).images
    assert [p.name for p in found] == ["y.png", "x.png"]
    assert [p.name for p in find([f"{tmp_path}/**"]).images] == ["a/b/y.png", "a/x.png"]
    assert find([f"{tmp_path}/**/b/*.png"]).images == found[:1]


def test_what_a_terminal_would_obey_is_shown_as_text():
    assert printable("a\nb\x1b[31m\udcff é") == "a\\nb\\x1b[31m\\udcff é"
    told = summary([Skipped("\r.png", "no\timage")])
    assert told == "1 × no\\timage (first: \\r.png)"


def test_names_are_told_where_the_terminal_has_no_letters_for_them(run, photos, monkeypatch):
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    out = photos / "ä"
    assert run("colorize", photos / "0.png", "-o", out, "--dry-run")[0] == 0
    plain.flush()
    told = plain.buffer.getvalue().decode()
    assert f"0.png \\u2192 {photos}/\\xe4/0.png" in told


def test_at_a_url_of_a_file_it_is_whole_or_absent(colorize, photos, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.storage.open.put", lambda *_: pytest.fail("written in place"))
    code, _, told = colorize(photos, "-o", (tmp_path / "out").as_uri(), out=None)
    assert (code, set(became(told).values())) == (0, {"done"})
    assert len(list((tmp_path / "out").iterdir())) == len(told)


def test_originals_are_never_replaced(colorize, save_image, tmp_path):
    for name in ("p/a.jpg", "p/a.png", "p/b.png"):
        save_image(name, np.full((4, 4, 3), 90, np.uint8))
    before = {path: path.read_bytes() for path in (tmp_path / "p").iterdir()}
    for again in ([], ["--overwrite"]):
        code, _, told = colorize(tmp_path / "p", *again, out="p")
        assert {path: path.read_bytes() for path in (tmp_path / "p").iterdir()} == before
    assert code == 2
    reason = "its output would replace an original: name another --output"
    assert told["a.jpg"]["reason"] == told["b.png"]["reason"] == reason


def test_outputs_beside_the_images_are_skipped_the_next_time(colorize, photos):
    first, second = (colorize(photos, out=None) for _ in range(2))
    assert (first[0], set(became(first[2]).values())) == (0, {"done"})
    assert (second[0], set(became(second[2]).values())) == (0, {"skipped"})
    reason = "its name ends in -color, as an output's: add --output"
    assert second[2]["0-color.png"]["reason"] == reason
