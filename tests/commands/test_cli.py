"""Help, the commands in a row, studies that go on, and mistaken flags."""

import json
import re
import subprocess
import sys

import pytest
from commands import TINY, refused
from skimage.io import imread

BASELINES = ["gray", "constant", "random-image", "prior-sample", "bound"]


def test_help_does_not_wait_for_torch():
    heavy = {"torch", "numpy", "tqdm", "streamlit"}
    code = f"import photochrom.cli, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


COMMANDS = (
    *("prior build", "prior view", "prior show", "prior compare", "prior merge"),
    *("pack", "train", "tune", "colorize", "export", "evaluate", "judge", "study", "serve"),
    *("app", "demo"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, run):
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert f"Example: photochrom {command}" in " ".join(out.split())


def test_the_whole_line_on_images(run, photos, tmp_path):
    code, out, _ = run("prior", "build", photos, "-o", tmp_path / "prior.h5")
    assert (code, "8 images counted, 0 gray, 0 toned and 0 unreadable" in out) == (0, True)
    code, out, _ = run("prior", "show", tmp_path / "prior.h5", "--plot", tmp_path / "prior.png")
    assert (code, "313, step 10" in out) == (0, True)
    assert imread(tmp_path / "prior.png").shape[1] > 500
    for name, method in (("c", "classification"), ("r", "regression")):
        code, out, _ = run(
            *("train", photos, "--prior", tmp_path / "prior.h5", "--method", method),
            *("-o", tmp_path / name, "--steps", 2, *TINY),
        )
        assert (code, "finished" in out) == (0, True)
    code, out, _ = run("colorize", photos, "--model", tmp_path / "c", "-o", tmp_path / "out")
    assert (code, "8 colorized" in out) == (0, True)
    report = tmp_path / "report"
    code, out, _ = run(
        *("evaluate", tmp_path / "c", tmp_path / "r", "--images", photos, "-o", report),
        *("--size", 32),
    )
    assert code == 0
    told = [line.split()[0] for line in out.splitlines()[1:8]]
    assert told == ["c", "r", *BASELINES]
    assert (report / "index.html").exists()
    said = json.loads((report / "scores.json").read_text())["provenance"]["runs"]
    assert re.search(r"c: .*steps 2.*; r: .*method regression", said)


def test_a_study_does_everything_and_repeats_nothing(run, photos, tmp_path):
    command = (
        "study",
        photos,
        "-o",
        tmp_path / "study",
        "--test-fraction",
        0.3,
        "--steps",
        2,
        *TINY,
    )
    command += ("--evaluation-size", 32)
    code, first, _ = run(*command)
    assert code == 0
    runs = sorted(path.name for path in (tmp_path / "study/runs").iterdir())
    assert runs == ["classification", "classification-rebalanced", "regression"]
    made = [*tmp_path.glob("study/runs/*/model*"), tmp_path / "study/report/index.html"]
    models = {path: path.stat().st_mtime_ns for path in made}
    code, second, _ = run(*command)
    assert (code, second) == (0, first)
    assert models == {path: path.stat().st_mtime_ns for path in models}


def test_a_study_with_other_settings_is_not_continued(run, photos, tmp_path):
    command = ("study", photos, "-o", tmp_path / "s", "--evaluation-size", 32, *TINY)
    assert run(*command, "--steps", 2)[0] == 0
    assert "expected the protocol settings or images that this study began with" in refused(
        run(*command, "--steps", 3)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("prior build x -o y --sise 3", "perhaps you meant --size"),
        ("prior build x", "--output"),
        ("prior build x -o y --size many", "many"),
        ("prior build x -o y --k 0", "--k must be 1 or more, got 0"),
        ("prior build x -o y --uniform 2", "--uniform must be within 0 and 1, got 2"),
        ("prior build x -o y --sigma 0", "--sigma must be positive, got 0"),
        ("train x -o y", "expected --steps or --minutes"),
        ("train x -o y --steps 0", "--steps must be 1 or more, got 0"),
        ("train x -o y --steps 1 --crop 200", "expected --crop ≤ --scale-min ≤ --scale-max"),
        ("train x -o y --steps 1 --method clasification", "clasification"),
        ("colorize x --model m -o y --temperature 0", "--temperature must be positive, got 0"),
        ("evaluate m --images x -o y --size 4", "--size must be 16 or more, got 4"),
        (
            "prior build -o y",
            "expected images, got none: name folders, files, .tar, .zip, .h5 or .txt files",
        ),
        ("color", "color"),
    ],
)
def test_mistaken_flags(arguments, said, run):
    assert said in refused(run(*arguments.split()))


def test_more_neighbors_than_bins(run, photos, tmp_path):
    line = refused(run("prior", "build", photos, "-o", tmp_path / "p.h5", "--k", 400))
    assert "k must be within 1 and the gamut's 313 bins, got 400" in line


def test_a_bug_keeps_its_traceback(run, monkeypatch, photos, tmp_path):
    monkeypatch.setattr("photochrom.image_io.iterate", lambda _: int("not ours"))
    with pytest.raises(ValueError, match="invalid literal"):
        run("prior", "build", photos, "-o", tmp_path / "never.h5")


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    import photochrom
    from photochrom.cli import main

    monkeypatch.setattr("sys.argv", ["photochrom", "--version"])
    main()
    assert capsys.readouterr().out == f"photochrom {photochrom.__version__}\n"
