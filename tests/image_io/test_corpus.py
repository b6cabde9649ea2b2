"""`photochrom colorize` on hundreds of odd files: it tells of each, harms none and never hangs."""

import faulthandler
import hashlib
import json
import os
from pathlib import Path

import pytest
import tifffile
from corpus import Drawn, drawn
from PIL import Image

_LONGEST = 240  # seconds until a test that hangs ends everything, with a traceback


@pytest.fixture(autouse=True)
def _never_hangs():
    faulthandler.dump_traceback_later(_LONGEST, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def told_in(path: Path) -> dict[bytes, dict]:
    """What the summary says, by the image's name; each is told once."""
    entries = json.loads(path.read_text())
    by_name = {os.fsencode(entry["image"]): entry for entry in entries}
    assert len(by_name) == len(entries)
    return by_name


def fingerprints(folder: Path) -> dict[bytes, tuple[str, int]]:
    """Content and time of change of all files below a folder, links not followed."""
    found = {}
    for root, folders, names in os.walk(os.fsencode(folder)):
        for name in [*folders, *names]:
            path = os.path.join(root, name)
            state = os.lstat(path)
            plain = os.path.isfile(path) and not os.path.islink(path)
            content = hashlib.sha256(Path(os.fsdecode(path)).read_bytes() if plain else b"")
            found[path] = (content.hexdigest(), state.st_mtime_ns)
    return found


def opened(path: Path) -> tuple[tuple[int, int], bool, int]:
    """Size, alpha and depth of an output, decoded to its end by another reader."""
    if path.suffix == ".tif":
        array = tifffile.imread(path)
        assert array.ndim == 3
        return array.shape[1::-1], array.shape[2] == 4, 8 * array.dtype.itemsize
    with Image.open(path) as image:
        image.load()
        return image.size, image.mode == "RGBA", path.read_bytes()[24]


def check(one: Drawn, became: dict) -> None:
    """That an output is what its original asks for."""
    if one.size is not None:
        assert became["became"] == "done", (one.name, became["reason"])
    if became["became"] == "done":
        size, alpha, depth = opened(Path(became["to"]))
        if one.size is not None:
            deepest = 32 if became["to"].endswith(".tif") else 16
            expected = (one.size, one.alpha, min(one.depth, deepest))
            assert (size, alpha, depth) == expected, one.name
    else:
        assert became["reason"]
        assert became["reason"].isprintable(), (one.name, became["reason"])


@pytest.mark.filterwarnings("ignore")  # as it is outside tests: Pillow's are no errors there
def test_hundreds_of_odd_files(run, model, tmp_path):
    files, folder, out = drawn(), tmp_path / "odd", tmp_path / "out"
    folder.mkdir()
    for one in files:
        (folder / one.name).write_bytes(one.data)
    before = fingerprints(folder)
    command = ("colorize", folder, "--model", model, "-o", out, "--json", tmp_path / "told.json")
    code, _, lines = run(*command)
    assert code == 1, lines
    assert [line.partition(" ")[0] for line in lines] == ["failed", "notes"]
    assert fingerprints(folder) == before
    told = told_in(tmp_path / "told.json")
    assert told.keys() == {os.fsencode(one.name) for one in files}
    for one in files:
        check(one, told[os.fsencode(one.name)])
    written = {os.fspath(path) for path in out.rglob("*")}
    assert written == {one["to"] for one in told.values() if one["became"] == "done"}
    assert len(written) > len(files) / 2
