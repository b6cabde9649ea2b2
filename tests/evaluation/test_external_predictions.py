"""Images that other programs made, scored beside the true ones."""

import csv

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread, imsave

from photochrom.config import EvaluateConfig
from photochrom.evaluation.evaluate import Contender, evaluate
from photochrom.evaluation.external_predictions import Predictions
from photochrom.evaluation.methods import BASELINES
from photochrom.image_io import find

SMALL = EvaluateConfig(size=32, batch_size=3, examples=1)


@pytest.fixture
def made(photos, tmp_path):
    """A folder of predictions, here the true images as PNG with another suffix's name."""
    folder = tmp_path / "made"
    folder.mkdir()
    for path in photos.iterdir():
        Image.open(path).convert("RGB").save(folder / f"{path.stem}.png")
    return folder


def scores(folder, images, *, own_L=False):
    source = Predictions.find(str(folder), images)
    contender = Contender(source, "predictions", own_L=own_L)
    told = evaluate({"them": contender}, images, SMALL)
    return {row.name: row for row in told.rows}["them"].scores


@pytest.mark.parametrize("own_L", [False, True])
def test_the_true_images_score_as_the_truth(made, images, own_L):
    found = scores(made, images, own_L=own_L)
    assert found["auc_raw"].value == 100
    assert found["ciede2000"].value == pytest.approx(0, abs=1e-3)
    # With the true L, ab goes to Lab and back to 8 bits.
    assert found["psnr"].value > 50


def test_a_shift_of_lightness_counts_with_their_own_L_alone(made, images):
    for path in made.iterdir():
        rgb = imread(path).astype(int)
        imsave(path, (rgb + 20).clip(0, 255).astype(np.uint8), check_contrast=False)
    with_ours, own = (scores(made, images, own_L=own)["psnr"].value for own in (False, True))
    assert own == pytest.approx(20 * np.log10(255 / 20), abs=1.5)  # but for what was clipped
    assert with_ours > own + 3


def test_a_prediction_of_twice_the_size_is_scaled(made, images):
    small = scores(made, images)
    for path in made.iterdir():
        image = Image.open(path)
        image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST).save(path)
    large = scores(made, images)
    assert large["auc_raw"].value == pytest.approx(small["auc_raw"].value, abs=1.0)


def test_a_missing_prediction_is_named(made, images):
    for name in ("3.png", "5.png"):
        (made / name).unlink()
    expected = r"made: expected a prediction for each of 8 images, found none for 2 \(first: 3\."
    with pytest.raises(ValueError, match=expected):
        Predictions.find(str(made), images)


def test_surplus_images_are_counted(made, images):
    for name in ("more.png", "also.png"):
        (made / name).write_bytes((made / "3.png").read_bytes())
    assert Predictions.find(str(made), images).surplus == ("also.png", "more.png")


def test_names_match_by_folder_and_all_but_the_last_suffix(save_image, tmp_path):
    names = ("one/a.x", "one/a.y", "two/a.x")
    for value, name in enumerate(names):
        for folder, suffix in (("true", "png"), ("made", "bmp")):
            rgb = np.full((8, 8, 3), 50 * value, dtype=np.uint8)
            save_image(f"{folder}/{name}.{suffix}", rgb)
    images = find([str(tmp_path / "true")]).images
    found = Predictions.find(str(tmp_path / "made"), images)
    assert [image.name for image in found.images] == [f"{name}.bmp" for name in names]
    again = found.reordered([2, 0])
    assert [image.name for image in again.truth] == ["two/a.x.png", "one/a.x.png"]
    assert again.squares([0, 1], 8)[:, 0, 0, 0].tolist() == [100, 0]


def test_two_predictions_of_one_name_are_refused(made, images):
    Image.open(made / "3.png").save(made / "3.jpg")
    with pytest.raises(ValueError, match=r"expected one prediction for 3, got 3\.jpg and 3\.png"):
        Predictions.find(str(made), images)


def test_two_true_images_of_one_name_are_refused(made, photos):
    Image.open(photos / "3.jpg").save(photos / "3.png")
    expected = r"expected one true image for 3, got 3\.jpg and 3\.png: remove one"
    with pytest.raises(ValueError, match=expected):
        Predictions.find(str(made), find([str(photos)]).images)


@pytest.mark.parametrize("sides", [(30, 24), (150, 120)])
def test_the_center_of_a_smaller_or_larger_prediction_is_taken_at_the_size(sides, made, images):
    rgb = np.zeros((*sides[::-1], 3), dtype=np.uint8)
    rgb[:, sides[0] // 2 :] = 200
    imsave(made / "3.png", rgb, check_contrast=False)
    square = Predictions.find(str(made), images).squares([3], 32)[0]
    assert square.shape == (3, 32, 32)
    assert (square[:, :, :16] < 100).all()
    assert (square[:, :, 16:] > 100).all()


@pytest.mark.parametrize("sides", [(50, 80), (100, 40), (52, 40), (40, 50)])
def test_another_shape_is_refused(sides, made, images):
    Image.open(made / "3.png").resize(sides).save(made / "3.png")
    with pytest.raises(ValueError, match=r"3.png: expected a prediction of the true image's sha"):
        Predictions.find(str(made), images).squares([3], 40)


def test_a_shape_that_was_rounded_is_taken(made, images):
    # 203 × 160 for 50 × 40, 1.5 % too wide.
    Image.open(made / "3.png").resize((203, 160)).save(made / "3.png")
    assert Predictions.find(str(made), images).squares([3], 160).shape == (1, 3, 160, 160)


def test_a_prediction_that_is_gone_is_named(made, images):
    found = Predictions.find(str(made), images)
    (made / "3.png").unlink()
    with pytest.raises(ValueError, match=r"3\.png: expected a prediction that can be read, got"):
        found.squares([3], 32)


def test_an_unreadable_prediction_is_named(made, images):
    (made / "3.png").write_text("no image")
    with pytest.raises(ValueError, match=r"3\.png: expected a prediction that can be read, got"):
        scores(made, images)


def test_the_command_scores_predictions_beside_the_baselines(run, made, photos, tmp_path):
    (made / "more.png").write_bytes((made / "3.png").read_bytes())
    command = ("evaluate", "--predictions", made, "--images", photos, "--size", 32)
    code, _, lines = run(*command, "-o", tmp_path / "report", "--examples", 1)
    assert code == 0
    assert any("left out 1: 1 × nobody's prediction (first: more.png)" in line for line in lines)
    with open(tmp_path / "report/scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["made", "made, true L", *BASELINES]
    assert [row["name"] for row in rows] == names
    assert float(rows[0]["auc_raw"]) == 100


def test_two_rows_of_one_name_are_refused(refusal, made, photos, tmp_path):
    folders = ("--predictions", made, made)
    line = refusal("evaluate", *folders, "--images", photos, "-o", tmp_path / "report")
    assert line == f"{made}: expected predictions of another name than a row's: rename it"


def test_nothing_to_score_is_refused(refusal, photos, tmp_path):
    line = refusal("evaluate", "--images", photos, "-o", tmp_path / "report")
    assert line == "expected models or --predictions to score, got neither"
