"""Commands run in the tests' own process; like conftest, it imports photochrom in fixtures only."""

import json
import sys

import pytest

TINY = [
    "--width",
    2,
    "--crop",
    32,
    "--size",
    32,
    "--batch-size",
    2,
    "--workers",
    0,
    "--precision",
    32,
]


def refused(result):
    """The one line of a refusal."""
    code, _, lines = result
    assert (code, len(lines)) == (2, 1), lines
    assert lines[0].startswith("photochrom: "), lines
    return lines[0]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process: exit code, stdout, stderr without bars."""
    from photochrom.cli import main

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["photochrom", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        lines = [line.rsplit("\r", 1)[-1] for line in err.splitlines()]
        return (
            code,
            out,
            [line for line in lines if line and "%|" not in line and "e [" not in line],
        )

    return call


@pytest.fixture
def refusal(run):
    """Run a command that must be refused: its one line on stderr."""

    return lambda *arguments: refused(run(*arguments)).removeprefix("photochrom: ")


@pytest.fixture
def reading(model, tmp_path):
    """The command of that name that reads `images` and writes `tmp_path / "out"`."""
    out = tmp_path / "out"

    def command(name, *images):
        return {
            "prior": ("prior", "build", *images, "-o", out),
            "train": ("train", *images, "-o", out, "--no-rebalance", "--steps", 9, *TINY),
            "colorize": ("colorize", *images, "--model", model, "-o", out),
            "evaluate": ("evaluate", model, "--images", *images, "-o", out, "--size", 32),
            "study": ("study", *images, "-o", out, "--steps", 2, *TINY),
        }[name]

    return command


@pytest.fixture
def colorize(run, model, tmp_path):
    """Run the command: its exit code, its lines and what became of each name."""

    def call(*arguments, out="out"):
        (told := tmp_path / "told.json").unlink(missing_ok=True)
        more = ("--model", model, "--json", told, *(("-o", tmp_path / out) if out else ()))
        code, _, lines = run("colorize", *arguments, *more)
        entries = json.loads(told.read_text()) if told.exists() else []
        assert len({entry["image"] for entry in entries}) == len(entries), entries
        return code, lines, {entry["image"]: entry for entry in entries}

    return call
