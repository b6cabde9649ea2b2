"""The documentation keeps its word: its code runs, its commands parse, its names exist."""

import contextlib
import functools
import importlib
import inspect
import re
import shlex
from dataclasses import fields
from pathlib import Path

import h5py
import onnx
import pytest

import photochrom
from photochrom.cli import build_app
from photochrom.data.hdf5_images import pack
from photochrom.evaluation.results import ImageScore, Pair, Row, SourceScores
from photochrom.image_io import find
from photochrom.models.onnx.export import export

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CONFIGURATIONS = ("nginx", "dockerfile", "ini")  # of other programs; our commands in them parse
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


def text(page):
    return page.read_text(encoding="utf-8")


def blocks(page, language):
    """The line and the code of each block, so that a failure names the line of the page."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)
    return [(text(page).count("\n", 0, block.start(1)), block[1]) for block in found]


def run(page):
    namespace = {"__name__": "page"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec"), namespace)
    return namespace


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_tested(page):
    opened = re.findall(r"^ *```(.*)$", text(page), re.MULTILINE)[::2]
    assert set(opened) <= {"python", "console", *CONFIGURATIONS}


@pytest.mark.parametrize(
    "name", ["README.md", "docs/colorize.md", "docs/method.md", "docs/formats.md", "docs/prior.md"]
)
def test_the_python_of_a_page_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(run(ROOT / name)) > 2  # something ran: more than the two names that exec makes


def test_no_other_page_has_python_that_nothing_runs():
    assert [page.name for page in PAGES if blocks(page, "python")] == [
        "README.md",
        "colorize.md",
        "formats.md",
        "method.md",
        "prior.md",
    ]


def lines_of(program):
    lines = [
        line for page in PAGES for _, code in blocks(page, "console") for line in code.split("\n")
    ]
    for page in PAGES:
        for kind in CONFIGURATIONS:
            for _, code in blocks(page, kind):
                lines += re.findall(r"(?<=[/ ])photochrom (?!\[).*$", code, re.MULTILINE)
    return list(dict.fromkeys(line for line in lines if line.startswith(f"{program} ")))


@pytest.mark.parametrize("line", lines_of("photochrom"))
def test_a_command_of_the_pages_parses(line):
    # Commands parse first and run later (`console.later`): what is returned is never called.
    arguments = shlex.split(line, comments=True)[1:]
    assert callable(build_app(arguments).cli(prog="photochrom", args=arguments))


def test_the_readme_shows_every_command():
    shown = {" ".join(re.findall(r"[a-z]+", line)[1:3]) for line in lines_of("photochrom")}
    for command in (
        "prior build",
        "prior show",
        "pack",
        "train",
        "colorize",
        "export",
        "evaluate",
        "study",
        "tune",
        "judge",
        "refine",
        "models",
        "serve",
        "app",
        "demo",
    ):
        assert any(words.startswith(command) for words in shown), command


@pytest.mark.parametrize("line", lines_of("make"))
def test_a_target_of_the_pages_exists(line):
    target = shlex.split(line, comments=True)[1]
    assert re.search(rf"^{target}:", text(ROOT / "Makefile"), re.MULTILINE)


def test_the_changelog_begins_with_this_version():
    top = re.search(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert top[1] == photochrom.__version__


def anchors(page):
    """What GitHub makes of the headings: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page, link):
    to, _, anchor = link.partition("#")
    target = page.parent / to if to else page
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text(page)) if "://" not in link]
    assert [link for link in links if not leads_somewhere(page, link)] == []


_ELSEWHERE = {"code/auc.py", "app/utils/colorfulness.py"}  # of other projects


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_exists(page):
    named = set(re.findall(r"[a-z_0-9]+(?:/[a-z_0-9]+)+\.py", text(page))) - _ELSEWHERE
    roots = (ROOT, ROOT / "photochrom")
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


def names():
    return sorted(set(re.findall(r"`(photochrom\.[\w.]+)`", text(DOCS / "method.md"))))


@pytest.mark.parametrize("name", names())
def test_a_name_in_method_exists(name):
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):  # a function may have its module's name
        with contextlib.suppress(ModuleNotFoundError):
            found = importlib.import_module(".".join(parts[:cut]))
            break
    assert callable(functools.reduce(getattr, parts[cut:], found))


@pytest.mark.parametrize("package", ["sampling", "losses", "quantize"])
def test_method_names_every_function_of(package):
    module = importlib.import_module(f"photochrom.{package}")
    functions = {name for name, value in vars(module).items() if inspect.isfunction(value)}
    functions = {name for name in functions if name[0].islower()}
    assert functions
    assert {f"photochrom.{package}.{name}" for name in functions} <= set(names())


def first_cells(page, heading):
    """The names in backticks in the first column of the tables of a section."""
    section = text(page).split(f"\n## {heading}")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_formats_names_all_that_a_prior_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(DOCS / "formats.md")
    held = set()
    with h5py.File("prior.h5") as file:
        held |= set(file.attrs)
        file.visititems(lambda name, item: held.add(name) if hasattr(item, "dtype") else None)
    assert first_cells(DOCS / "formats.md", "Prior") == held


def test_formats_names_all_that_a_packed_file_holds(photos, tmp_path):
    pack(find([str(photos)]).images, 32, tmp_path / "photos.h5")
    with h5py.File(tmp_path / "photos.h5") as file:
        held = {*file.attrs, "key", "source", "pictures/0", "pictures/1"}
        assert set(file) == {"key", "source", "pictures"}
    assert first_cells(DOCS / "formats.md", "Packed") == held


def test_formats_names_every_field_of_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = run(DOCS / "formats.md")["config"]
    told = first_cells(DOCS / "formats.md", "Model")
    assert {name for name in told if "network." not in name} == set(config)


def test_formats_names_all_that_an_onnx_file_tells(model, tmp_path):
    export(model, tmp_path / "model.onnx")
    told = {entry.key for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert first_cells(DOCS / "formats.md", "ONNX: ") == told


def test_formats_names_every_column_of_a_report():
    kinds = (Row, Pair, ImageScore, SourceScores)
    columns = {field.name for kind in kinds for field in fields(kind)}
    told = first_cells(DOCS / "formats.md", "Report")
    assert {name for name in told if "." not in name} == columns


def test_formats_names_every_field_of_a_galleries_entry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = run(DOCS / "formats.md")["kept"]
    told = first_cells(DOCS / "formats.md", "Gallery")
    assert {name for name in told if "." not in name} == set(kept)


def test_the_citation_has_the_version_and_date_of_the_changelog():
    cited = text(ROOT / "CITATION.cff")
    (version,) = re.findall(r"^version: (.+)$", cited, re.MULTILINE)
    (date,) = re.findall(r"^date-released: (.+)$", cited, re.MULTILINE)
    assert f"## [{version}] - {date}" in text(ROOT / "CHANGELOG.md")
    assert version == photochrom.__version__
