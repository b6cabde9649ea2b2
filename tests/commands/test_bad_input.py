"""Wrong input, by the command line: one line that can be acted on, or one image left out."""

import tarfile

import h5py
import numpy as np
import pytest
from commands import TINY
from skimage.io import imread

READERS = ("prior", "train", "colorize", "evaluate")


@pytest.mark.parametrize("name", [*READERS, "study"])
def test_a_missing_path_is_named(name, refusal, reading, tmp_path):
    line = refusal(*reading(name, tmp_path / "none"))
    assert line == f"{tmp_path / 'none'}: expected images, found no such file or folder"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [*READERS, "study"])
def test_an_empty_folder_is_named(name, refusal, reading, tmp_path):
    (tmp_path / "empty").mkdir()
    line = refusal(*reading(name, tmp_path / "empty"))
    assert line.startswith(f"{tmp_path / 'empty'}: expected images (.avif, ")
    assert line.endswith("found none: name a folder, a file or a pattern that holds some")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prior", "expected color images, got 0 gray or toned and 2 unreadable ones"),
        ("train", "expected color images to train on, got 2 in a row that are none"),
        ("colorize", "expected an image to colorize, got none: 2 × not an image (first: a.jpg)"),
        ("evaluate", "expected images that can be read, got none of 2"),
    ],
)
def test_without_a_readable_image_nothing_is_written(name, said, refusal, reading, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.jpg").write_text("no image")
    (tmp_path / "bad/b.png").write_bytes(b"")
    assert said in refusal(*reading(name, tmp_path / "bad"))
    assert not (tmp_path / "out").exists()


def tar_of(path, *members):
    """A tar of (file, name in the tar), and the offsets at which its members end."""
    ends = []
    with tarfile.open(path, "w") as tar:
        for file, name in members:
            tar.add(file, arcname=name)
            ends.append(tar.offset)
    return ends


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("beyond", [0, 700])  # between two members; within the second's data
def test_a_cut_tar_among_good_images_is_reported(
    beyond, name, run, photos, reading, save_image, tmp_path
):
    noise = np.random.default_rng(0).integers(0, 256, size=(40, 40, 3), dtype=np.uint8)
    file = save_image("noise.png", noise)
    tar = tmp_path / "cut.tar"
    end = tar_of(tar, (file, "first.png"), (file, "second.png"))[0] + beyond
    tar.write_bytes(tar.read_bytes()[:end])
    code, _, lines = run(*reading(name, photos, tar))
    colorizing = name == "colorize"  # whose exit code tells of one that failed
    assert code == int(colorizing)
    assert (
        f"{'failed' if colorizing else 'left out'} 1: 1 × not a whole uncompressed tar" in lines[-1]
    )
    assert "cut.tar" in lines[-1]


def test_the_whole_members_of_a_cut_tar_are_used(run, photos, reading, tmp_path):
    tar = tmp_path / "cut.tar"
    end = tar_of(tar, (photos / "0.png", "first.png"), (photos / "2.png", "second.png"))[0]
    tar.write_bytes(tar.read_bytes()[:end])
    assert run(*reading("colorize", tar))[0] == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["first.png"]


def test_a_image_of_one_pixel_is_counted(run, save_image, tmp_path):
    save_image("one/p.png", np.array([[[200, 90, 30]]], dtype=np.uint8))
    assert run("prior", "build", tmp_path / "one", "-o", tmp_path / "p.h5")[0] == 0
    with h5py.File(tmp_path / "p.h5") as file:
        assert (file.attrs["pictures"], file["prior/pixels"][:].sum()) == (1, 1)


def test_a_plot_that_exists_is_kept(run, refusal, prior, tmp_path):
    (tmp_path / "plot.png").write_text("mine")
    line = refusal("prior", "show", prior, "--plot", tmp_path / "plot.png")
    assert "plot.png: expected a new output, found one that exists" in line
    assert (tmp_path / "plot.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prior", "expected a new output, found one that exists: name another or add --overwrite"),
        ("train", "expected a new folder or a run of photochrom train, found something else"),
        ("colorize", "expected a folder to write to, found a file"),
        ("evaluate", "expected a new output, found one that exists: name another or add --over"),
        ("study", "expected a new folder or a study to continue, found something else"),
    ],
)
def test_a_file_in_place_of_the_output_is_kept(name, said, refusal, photos, reading, tmp_path):
    (tmp_path / "out").write_text("mine")
    line = refusal(*reading(name, photos))
    assert f"{tmp_path / 'out'}: {said}" in line
    assert (tmp_path / "out").read_text() == "mine"


def test_an_output_below_a_file_is_named(refusal, photos, tmp_path):
    (tmp_path / "file").write_text("mine")
    line = refusal("prior", "build", photos, "-o", tmp_path / "file/prior.h5")
    assert "file/prior.h5: could not be written (" in line
    assert line.endswith("make room, or name another output")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "prior build x -o y --sise 3",
            "Unrecognized options: --sise, 3; perhaps you meant --size "
            "(see photochrom prior build --help)",
        ),
        (
            "train x -o y --steps 1 --resum",
            "Unrecognized options: --resum; perhaps you meant --resume "
            "(see photochrom train --help)",
        ),
        # --step of prior build is as similar, but it is no flag of study
        (
            "study x -o y --stps 4",
            "Unrecognized options: --stps, 4; perhaps you meant --steps "
            "(see photochrom study --help)",
        ),
    ],
)
def test_a_misspelt_flag_gets_the_right_one(arguments, said, refusal):
    assert refusal(*arguments.split()) == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train x --steps 1", "Missing from photochrom train: -o PATH, --output PATH"),
        ("evaluate m -o y", "--images"),
        ("train x -o y --steps few", "few"),
        ("train x -o y --steps 1 --temperature 0", "--temperature must be positive, got 0"),
        ("train x -o y --steps 1 --size 0", "--size must be 1 or more, got 0"),
        ("train x -o y --steps 1 --weight-decay x", "--weight-decay"),
        ("train x -o y --minutes 0", "--minutes must be positive, got 0"),
        ("train x -o y --steps 1 --lr nan", "--lr must be positive, got nan"),
        ("study x -o y", "x: expected images, found no such file or folder"),
        ("study x -o y --sweep lr", "expected --sweep OPTION=VALUE,VALUE with one of"),
        ("prior build x -o y --size 0", "--size must be 1 or more, got 0"),
        ("evaluate m --images x -o y --size 0", "--size must be 16 or more, got 0"),
    ],
)
def test_flags_that_are_missing_or_out_of_range(arguments, said, refusal):
    assert said in refusal(*arguments.split())


@pytest.mark.parametrize("step", [0, 111])
def test_a_step_out_of_range(step, refusal, photos, tmp_path):
    line = refusal("prior", "build", photos, "-o", tmp_path / "p.h5", "--step", step)
    assert f"step must be within 1 and 110, got {step}" in line


@pytest.mark.parametrize("name", ["train", "study"])
def test_more_neighbors_than_bins_leave_the_folder_free(name, run, refusal, photos, tmp_path):
    plain = ("--no-rebalance",) if name == "train" else ("--evaluation-size", 32)
    command = (name, photos, "-o", tmp_path / "out", "--steps", 2, *TINY, *plain)
    line = refusal(*command, "--k", 400)
    assert line == "--k must be within 1 and the gamut's 313 bins, got 400"
    assert not (tmp_path / "out").exists()


def test_a_tar_member_does_not_climb(run, photos, reading, tmp_path):
    tar = tmp_path / "t.tar"
    tar_of(tar, (photos / "1.jpg", "../../evil.jpg"), (photos / "3.jpg", "good.jpg"))
    before = set(tmp_path.parent.iterdir()) | set(tmp_path.iterdir())
    code, _, lines = run(*reading("colorize", tar))
    assert code == 1
    assert "failed 1: 1 × expected a name below its source, got '../../evil.jpg'" in lines[-1]
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["good.png"]
    after = set(tmp_path.parent.iterdir()) | set(tmp_path.iterdir())
    assert after - before == {tmp_path / "out"}


def test_of_two_images_with_one_output_the_second_is_reported(
    run, photos, reading, save_image, tmp_path
):
    first = save_image("photos/x.jpg", np.full((9, 9, 3), 90, dtype=np.uint8))
    second = save_image("photos/x.png", np.full((8, 8, 3), 90, dtype=np.uint8))
    code, out, lines = run(*reading("colorize", first, second))
    assert (code, "1 colorized, 1 failed" in out) == (1, True)
    assert "failed 1: 1 × another image has the same output (first: x.png)" in lines[-1]
    assert imread(tmp_path / "out/x.png").shape == (9, 9, 3)
