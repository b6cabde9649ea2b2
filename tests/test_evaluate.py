import math
from dataclasses import replace

import numpy as np
import pytest

from photochrom.config import Architecture, EvaluateConfig
from photochrom.evaluate import Contender, evaluate
from photochrom.images import find
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

SMALL = EvaluateConfig(size=32, batch=3, examples=2)


@pytest.fixture
def model():
    colorizer = Colorizer(Architecture(method="classification", width=2, size=32), Gamut.srgb(20))
    return {"model": Contender(colorizer, "a test", steps=3, minutes=0.1)}


def rows(evaluation):
    return {row.name: row for row in evaluation.rows}


def test_every_table_has_its_baselines(model, pictures):
    told = evaluate(model, pictures, SMALL)
    assert [row.name for row in told.rows] == ["model", "grey", "random", "ceiling"]
    assert [row.baseline for row in told.rows] == [False, True, True, True]
    assert told.counted == 8
    assert len(told.pictures) == 4 * 8


def test_grey_has_no_colour_and_the_ceiling_nearly_all(pictures):
    told = evaluate({}, pictures, SMALL)
    # 8-bit rounding of D65 white by scikit-image's four-digit constants moves a channel by 1.
    assert rows(told)["grey"].colorfulness < 1
    assert rows(told)["ceiling"].auc_raw > 98
    assert rows(told)["ceiling"].colorfulness == pytest.approx(told.truth_colorfulness, rel=0.1)


def test_random_borrows_every_pictures_colours_once(pictures):
    told = evaluate({}, pictures, SMALL)
    borrowed = rows(told)["random"]
    # Another picture's ab on this L: near the truth's colourfulness only on average, and wrong.
    assert borrowed.auc_raw < rows(told)["ceiling"].auc_raw
    assert borrowed.colorfulness > 5


def test_a_single_picture_has_no_other_to_borrow_from(pictures):
    assert "random" not in rows(evaluate({}, pictures[:1], SMALL))


@pytest.mark.parametrize("batch", [1, 5, 8])
def test_scores_do_not_depend_on_the_batch_size(batch, model, pictures):
    a = evaluate(model, pictures, SMALL)
    b = evaluate(model, pictures, EvaluateConfig(size=32, batch=batch, examples=0))
    for name, row in rows(a).items():
        other = rows(b)[name]
        assert row.auc_raw == pytest.approx(other.auc_raw, abs=1e-3)
        assert row.auc_rebalanced == pytest.approx(other.auc_rebalanced, abs=1e-2)
        assert row.psnr == pytest.approx(other.psnr, abs=1e-3)


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_processes(model, photos, pictures):
    (photos / "2.png").write_text("no picture")
    one, two = (evaluate(model, pictures, replace(SMALL, devices=devices)) for devices in (1, 2))
    assert one.rows == two.rows
    assert one.pictures == two.pictures
    assert one.skipped == two.skipped
    for a, b in zip(one.examples, two.examples, strict=True):
        assert a.picture == b.picture
        np.testing.assert_array_equal(a.images["model"], b.images["model"])


def test_scores_do_not_depend_on_the_order_of_pictures(pictures):
    a = evaluate({}, pictures, SMALL)
    b = evaluate({}, pictures[::-1], SMALL)
    assert rows(a)["grey"].auc_raw == rows(b)["grey"].auc_raw
    assert rows(a)["ceiling"].auc_rebalanced == rows(b)["ceiling"].auc_rebalanced


def test_unreadable_pictures_are_listed_and_the_rest_is_scored(photos, pictures):
    (photos / "2.png").write_text("no picture")
    told = evaluate({}, pictures, SMALL)
    assert told.counted == 7
    assert [(one.name, one.reason) for one in told.skipped] == [("2.png", "not a picture")]


def test_without_a_readable_picture_it_ends_in_words(photos, pictures):
    (photos / "2.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"expected pictures that can be read, got none of 1"):
        evaluate({}, [p for p in pictures if p.name == "2.png"], SMALL)


def test_examples_hold_every_method_and_no_baseline(model, pictures):
    told = evaluate(model, pictures, SMALL)
    assert [list(e.images) for e in told.examples] == [["grey input", "truth", "model"]] * 2
    assert told.examples[0].images["truth"].shape == (32, 32, 3)


def test_grey_scores_on_photographs_what_is_published(samples):
    # Published for ImageNet: 89.1 raw; 22 other photographs are not ImageNet, but photographs.
    told = evaluate({}, find([str(samples)]).pictures, EvaluateConfig(size=128))
    assert rows(told)["grey"].auc_raw == pytest.approx(89.1, abs=2.5)
    assert rows(told)["random"].auc_raw < rows(told)["grey"].auc_raw
    assert math.isfinite(rows(told)["grey"].psnr)


def test_an_all_grey_truth_is_scored(save_picture, tmp_path):
    for name in "ab":
        save_picture(f"g/{name}.png", np.full((32, 32, 3), 90 + ord(name) % 7, dtype=np.uint8))
    told = evaluate({}, find([str(tmp_path / "g")]).pictures, SMALL)
    assert rows(told)["grey"].auc_raw == pytest.approx(100, abs=0.7)  # ab = 0.0… is within 1
