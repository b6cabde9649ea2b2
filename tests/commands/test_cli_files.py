"""Images, priors, runs and outputs of every kind, as commands meet them."""

import h5py
import numpy as np
import pytest
from commands import TINY, refused
from skimage.io import imread


@pytest.fixture
def model(run, photos, tmp_path):
    code, *_ = run("train", photos, "-o", tmp_path / "model", "--no-rebalance", "--steps", 2, *TINY)
    assert code == 0
    return tmp_path / "model"


def bad_photos(photos):
    """One text file named .jpg and one truncated image, among eight good ones."""
    (photos / "text.jpg").write_text("no image")
    whole = (photos / "1.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(whole[: len(whole) // 2])


def test_bad_images_among_good_ones_are_reported_and_left_out(run, photos, model, tmp_path):
    bad_photos(photos)
    for command in (
        ("prior", "build", photos, "-o", tmp_path / "p.h5"),
        ("train", photos, "-o", tmp_path / "t", "--no-rebalance", "--steps", 6, *TINY),
        ("colorize", photos, "--model", model, "-o", tmp_path / "out"),
        ("evaluate", model, "--images", photos, "-o", tmp_path / "report", "--size", 32),
    ):
        code, _, lines = run(*command)
        colorizing = command[0] == "colorize"  # whose exit code tells of one that failed
        assert (command[0], code) == (command[0], int(colorizing))
        assert f"{'failed' if colorizing else 'left out'} 2" in lines[-1]
        assert "text.jpg" in lines[-1]
    with h5py.File(tmp_path / "p.h5") as file:
        assert (file.attrs["pictures"], file.attrs["failed"]) == (8, 2)
    assert len(list((tmp_path / "out").iterdir())) == 8


@pytest.mark.parametrize("content", [[], ["notes.txt"]])
def test_a_folder_without_images(content, run, tmp_path):
    (tmp_path / "f").mkdir()
    for name in content:
        (tmp_path / "f" / name).write_text("x")
    line = refused(run("prior", "build", tmp_path / "f", "-o", tmp_path / "p.h5"))
    assert "found none: name a folder, a file or a pattern" in line
    assert not (tmp_path / "p.h5").exists()


def test_a_gray_data_set(run, save_image, tmp_path):
    for name in "ab":
        save_image(f"g/{name}.png", np.full((40, 40, 3), 80, dtype=np.uint8))
    line = refused(run("prior", "build", tmp_path / "g", "-o", tmp_path / "p.h5"))
    assert "expected color images, got 2 gray or toned and 0 unreadable ones" in line
    line = refused(
        run("train", tmp_path / "g", "--no-rebalance", "-o", tmp_path / "t", "--steps", 2, *TINY)
    )
    assert "expected color images to train on, got 2 in a row" in line
    assert not (tmp_path / "t").exists()


def test_a_image_of_one_pixel(run, save_image, model, tmp_path):
    save_image("one/p.png", np.array([[[200, 90, 30]]], dtype=np.uint8))
    one = tmp_path / "one"
    assert run("prior", "build", one, "-o", tmp_path / "p.h5")[0] == 0
    assert run("colorize", one, "--model", model, "-o", tmp_path / "out")[0] == 0
    assert imread(tmp_path / "out/p.png").shape == (1, 1, 3)
    train = ("train", one, "--prior", tmp_path / "p.h5", "-o", tmp_path / "t", "--steps", 2, *TINY)
    assert run(*train)[0] == 0
    report = tmp_path / "report"
    assert run("evaluate", model, "--images", one, "-o", report, "--size", 32)[0] == 0


def test_files_that_are_no_prior(run, photos, tmp_path):
    path = tmp_path / "p.h5"
    train = ("train", photos, "--prior", path, "-o", tmp_path / "t", "--steps", 2, *TINY)
    assert "expected a prior file, found no such file" in refused(run(*train))
    path.write_text("no HDF5")
    assert "expected a prior as photochrom prior build writes it" in refused(run(*train))
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert "got an HDF5 file of another kind" in refused(run(*train))
    path.unlink()
    assert run("prior", "build", photos, "-o", path)[0] == 0
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 3
    assert "expected photochrom prior version 2, got version 3" in refused(run(*train))
    assert not (tmp_path / "t").exists()


def test_a_run_is_not_continued_with_a_prior_of_another_gamut(run, photos, tmp_path):
    for step in (10, 20):
        run("prior", "build", photos, "-o", tmp_path / f"{step}.h5", "--step", step)
    train = ("train", photos, "-o", tmp_path / "t", "--resume", "--steps", 2, *TINY)
    assert run(*train, "--prior", tmp_path / "10.h5")[0] == 0
    line = refused(run(*train, "--prior", tmp_path / "20.h5"))
    assert "expected the gamut that the run began with, got others" in line


def test_folders_that_are_no_run(run, photos, model, tmp_path):
    colorize = ("colorize", photos, "-o", tmp_path / "out", "--model")
    assert "expected the folder of a run, its URL or a model's name" in refused(
        run(*colorize, tmp_path / "x")
    )
    assert "expected a run folder with config.json" in refused(run(*colorize, photos))
    (model / "model.safetensors").write_bytes(b"\0" * 100)
    assert "got a damaged file" in refused(run(*colorize, model))
    (model / "model.safetensors").unlink()
    assert "continue it with photochrom train … --resume" in refused(run(*colorize, model))
    (model / "config.json").write_text("{'no': json}")
    assert "got text that is not JSON" in refused(run(*colorize, model))


def test_outputs_that_exist_are_kept(run, photos, model, tmp_path):
    (tmp_path / "there.h5").write_text("mine")
    line = refused(run("prior", "build", photos, "-o", tmp_path / "there.h5"))
    assert "found one that exists: name another or add --overwrite" in line
    assert (tmp_path / "there.h5").read_text() == "mine"
    train = ("train", photos, "--no-rebalance", "--steps", 2, *TINY)
    assert "add --resume or name another" in refused(run(*train, "-o", model))
    assert "found something else" in refused(run(*train, "-o", photos))
    study = ("study", photos, "-o", photos, "--steps", 2, *TINY)
    assert "expected a new folder or a study to continue" in refused(run(*study))
    evaluate = ("evaluate", model, "--images", photos, "--size", 32, "-o", photos)
    assert "expected a new output, found one that exists" in refused(run(*evaluate))


def test_colorized_images_that_exist_are_skipped_and_reported(run, photos, model, tmp_path):
    colorize = ("colorize", photos / "*.png", "--model", model, "-o", tmp_path / "out")
    assert run(*colorize)[0] == 0
    (tmp_path / "out/0.png").unlink()
    code, out, lines = run(*colorize)
    assert (code, "1 colorized, 3 skipped" in out) == (0, True)
    assert "skipped 3: 3 × its output exists: --overwrite replaces it" in lines[-1]
    assert run(*colorize)[0] == 0
    assert "4 colorized" in run(*colorize, "--overwrite")[1]
