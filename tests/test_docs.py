import contextlib
import functools
import importlib
import io
import re
from pathlib import Path

import pytest

import photochrom

ROOT = Path(photochrom.__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_the_pages_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), namespace)
    assert namespace


def commands():
    consoles = [block for page in PAGES for block in blocks(page, "console")]
    lines = [line for block in consoles for line in block.splitlines()]
    return [line.split("#")[0].split() for line in lines if line.startswith("photochrom ")]


@functools.cache
def help_of(command):
    from photochrom.cli import app

    drawn = io.StringIO()
    with contextlib.redirect_stdout(drawn), contextlib.suppress(SystemExit):
        app.cli(prog="photochrom", args=[*command, "--help"])
    return drawn.getvalue()


@pytest.mark.parametrize("line", commands(), ids=" ".join)
def test_the_commands_of_the_pages_exist_with_their_flags(line):
    words = 3 if line[1] == "prior" else 2
    told = help_of(tuple(line[1:words]))
    assert f"usage: {' '.join(line[:words])}" in told
    flags = [word for word in line if re.match(r"--?[a-z]", word)]
    assert all(re.search(rf"{flag}\b", told) for flag in flags)


def test_the_changelog_begins_with_this_version():
    top = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert top[1] == photochrom.__version__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [to for to in links if "://" not in to and not (page.parent / to).exists()]
    assert missing == []


def names():
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"`(photochrom\.[\w.]+)`", text)))


@pytest.mark.parametrize("name", names())
def test_the_functions_that_method_names_exist(name):
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        with contextlib.suppress(ModuleNotFoundError):
            found = importlib.import_module(".".join(parts[:cut]))
            break
    assert callable(functools.reduce(getattr, parts[cut:], found))
