"""The files beside an output obey the rules of outputs: named apart, whole, skipped, continued."""

import json

import numpy as np
import pytest

from photochrom.config import Architecture, ExtrasConfig
from photochrom.image_io import SourceImage
from photochrom.inference import pipeline
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

ALL = ExtrasConfig(entropy=True, alternatives=2, palette=("3,4",))
FLAGS = ("--entropy", "--alternatives", 2, "--palette", "3,4")
FILES = ["a-1.png", "a-2.png", "a-entropy.png", "a-palette.json", "a.png"]
"""In the order in which they are written."""


@pytest.fixture
def image(save_image):
    """Write a small image in `in`."""
    rgb = np.full((20, 30, 3), 90, np.uint8)
    rgb[:, :9] = (200, 30, 60)
    return lambda name="a.png": save_image(f"in/{name}", rgb)


@pytest.fixture
def written(monkeypatch):
    """The names of the files as they are written; the one called `full` meets a full disk."""
    names, write = [], pipeline.write_anywhere

    def told(place, data):
        names.append(place.rpartition("/")[2])
        if names[-1] == "full.png":
            raise OSError(28, "full")
        write(place, data)

    monkeypatch.setattr(pipeline, "write_anywhere", told)
    return names


def test_they_are_listed_with_the_output(run, model, image, tmp_path):
    image()
    out, told = tmp_path / "out", tmp_path / "told.json"
    command = ("colorize", tmp_path / "in", "--model", model, "-o", out, *FLAGS)
    _, printed, _ = run(*command, "--dry-run")
    lines = {f"a.png → {out}/{name}" for name in FILES}
    assert set(printed.splitlines()[:-1]) == lines
    assert not out.exists()
    assert run(*command, "--json", told)[0] == 0
    (one,) = json.loads(told.read_text())
    assert one["to"] == f"{out}/a.png"
    assert one["beside"] == [f"{out}/{name}" for name in FILES[:-1]]
    assert sorted(path.name for path in out.iterdir()) == FILES


def test_they_lie_beside_the_output_and_are_no_images_to_colorize(run, model, image, tmp_path):
    image()
    command = ("colorize", tmp_path / "in", "--model", model, "--overwrite", *FLAGS)
    assert run(*command)[0] == 0
    endings = ["-1.png", "-2.png", "-entropy.png", "-palette.json", ".png"]
    names = {"a.png", *(f"a-color{ending}" for ending in endings)}
    assert {path.name for path in (tmp_path / "in").iterdir()} == names
    code, printed, lines = run(*command)
    assert (code, "1 colorized, 4 skipped" in printed) == (0, True)
    assert "its name ends in -color-entropy, as an output's: add --output" in lines[-1]
    assert {path.name for path in (tmp_path / "in").iterdir()} == names


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("a-1.png", ExtrasConfig(alternatives=1)),
        ("a-entropy.png", ExtrasConfig(entropy=True)),
        ("a.jpg", ExtrasConfig(entropy=True)),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_two_images_never_share_a_name(name, extras, first, image, classifier, tmp_path):
    images = [
        SourceImage(one, str(image(one))) for one in (("a.png", name) if first else (name, "a.png"))
    ]
    out = str(tmp_path / "out")
    outcomes = list(pipeline.colorize_all(images, classifier(), out, extras=extras))
    assert [one.became for one in outcomes] == ["done", "failed"]
    reason = "another image has a file of the same name: rename one of the two"
    assert outcomes[1].reason == reason
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_the_output_is_written_last(colored, image, written):
    image()
    colored("out", ALL)
    assert written == FILES


def test_what_was_stopped_is_continued_and_then_skipped(colored, image, written, tmp_path):
    image()
    colored("out", ALL)
    whole = {name: (tmp_path / "out" / name).read_bytes() for name in FILES}
    for name in FILES[1:]:
        (tmp_path / "out" / name).unlink()
    written.clear()
    (outcome,) = colored("out", ALL)
    assert (outcome.became, written) == ("done", FILES[1:])
    assert outcome.notes == ("1 of its files existed: --overwrite replaces them",)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in FILES} == whole
    (outcome,) = colored("out", ALL)
    assert (outcome.became, len(outcome.extras)) == ("skipped", 4)
    (outcome,) = colored("out", ALL, overwrite=True)
    assert (outcome.notes, written[-5:]) == ((), FILES)


def test_an_output_that_exists_is_not_replaced_by_asking_for_more(colored, image, tmp_path):
    image()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").write_bytes(b"painted by hand")
    (outcome,) = colored("out", ALL)
    assert outcome.became == "done"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    assert (tmp_path / "out/a.png").read_bytes() == b"painted by hand"


def test_a_full_disk_ends_the_command(colored, image, written):
    image("full.png")
    with pytest.raises(OSError, match="full"):
        colored("out", ALL)
    assert written[-1] == "full.png"


def test_they_go_to_urls(classifier, image, tmp_path):
    out = (tmp_path / "out").as_uri()
    images = [SourceImage("a.png", str(image()))]
    (outcome,) = pipeline.colorize_all(images, classifier(), out, extras=ALL)
    assert outcome.extras == tuple(f"{out}/{name}" for name in FILES[:-1])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES


def test_other_models_have_none_of_it_and_nothing_is_read(refusal, tmp_path):
    regression = Architecture(method="regression", width=2, size=32)
    Colorizer(regression, Gamut.srgb(20)).save(tmp_path / "l2", {})
    command = ("colorize", tmp_path / "none", "--model", tmp_path / "l2")
    given = "got a model that gives one color a pixel: name another by --model"
    for flags, said in {
        ("--entropy",): "--entropy needs",
        ("--alternatives", 2): "--alternatives needs",
        ("--palette", "1,2", "--entropy"): "--entropy, --palette need",
    }.items():
        line = f"{said} the distributions of a classifier, {given}"
        assert refusal(*command, *flags) == line
    with pytest.raises(ValueError, match="--entropy, --alternatives, --palette need the distrib"):
        pipeline.colorize_all([], Colorizer.load(str(tmp_path / "l2")), extras=ALL)
    assert "none" in refusal(*command)  # without the flags it is the image that is missed


@pytest.mark.parametrize("point", ["3;4", "3", "-1,4", "3,4,5", "3.5,4", "", "x,y", "3, 4"])
def test_a_malformed_point_is_refused(point, refusal, tmp_path):
    line = refusal("colorize", tmp_path / "none", f"--palette={point}")
    assert line == f"--palette must be points X,Y, as 120,80, got {point!r}"


def test_fewer_than_none_are_refused(refusal, tmp_path):
    line = refusal("colorize", tmp_path / "none", "--alternatives", "-1")
    assert line == "--alternatives must be 0 or more, got -1"
