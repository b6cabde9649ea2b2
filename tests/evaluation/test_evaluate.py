"""Every picture is scored, with the baselines, however the work is divided."""

import math
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from evaluate_world import SMALL, model as model, rows, score

from photochrom.config import EvaluateConfig
from photochrom.evaluation.evaluate import evaluate
from photochrom.evaluation.methods import BASELINES
from photochrom.image_io import find
from photochrom.metrics import AUC_READINGS


def test_every_table_has_its_baselines(model, pictures):
    told = evaluate(model, pictures, SMALL)
    assert [row.name for row in told.rows] == ["model", *BASELINES]
    assert [row.baseline for row in told.rows] == [False, *[True] * 5]
    assert told.counted == 8
    assert len(told.pictures) == 6 * 8


def test_gray_has_no_color_and_the_bound_nearly_all(pictures):
    told = evaluate({}, pictures, SMALL)
    # 8-bit rounding of D65 white by scikit-image's four-digit constants moves a channel by 1.
    assert score(told, "gray", "colorfulness") < 1
    assert score(told, "bound", "auc_raw") > 98
    assert score(told, "bound", "colorfulness") == pytest.approx(
        told.truth["colorfulness"], rel=0.1
    )


def test_random_borrows_every_pictures_colours_once(pictures):
    told = evaluate({}, pictures, SMALL)
    # Another picture's ab on this L: near the truth's colourfulness only on average, and wrong.
    assert score(told, "random-image", "auc_raw") < score(told, "bound", "auc_raw")
    assert score(told, "random-image", "colorfulness") > 5


def test_a_single_picture_has_no_other_to_borrow_from(pictures):
    assert "random-image" not in rows(evaluate({}, pictures[:1], SMALL))


def test_the_pictures_as_scored_have_a_checksum(pictures):
    (name,) = evaluate({}, pictures[:3], SMALL).provenance
    told = [
        evaluate({}, some, replace(SMALL, batch=batch)).provenance[name]
        for some, batch in ((pictures[:3], 3), (pictures[2::-1], 1), (pictures[1:4], 3))
    ]
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize("batch", [1, 5, 8])
def test_scores_do_not_depend_on_the_batch_size(batch, model, pictures):
    a = evaluate(model, pictures, SMALL)
    b = evaluate(model, pictures, replace(SMALL, batch=batch, examples=0))
    for name, row in rows(a).items():
        assert row.scores.keys() == rows(b)[name].scores.keys()
        for key, one in row.scores.items():
            # Convolutions of other batches round otherwise, and a pixel may change its bin.
            other = rows(b)[name].scores[key]
            assert one.value == pytest.approx(other.value, rel=1e-4, abs=1e-2, nan_ok=True), key


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_processes(model, photos, pictures):
    (photos / "2.png").write_text("no picture")
    sources = ["odd" if place % 2 else "even" for place in range(8)]
    one, two = (
        evaluate(model, pictures, replace(SMALL, devices=devices), sources=sources)
        for devices in (1, 2)
    )
    assert [row.scores for row in one.rows] == [row.scores for row in two.rows]
    assert repr(one.pairs) == repr(two.pairs)  # nan is not itself
    assert one.pictures == two.pictures
    assert one.skipped == two.skipped
    assert [source.pictures for source in one.sources] == [4, 3]
    assert one.sources == two.sources
    for a, b in zip(one.examples, two.examples, strict=True):
        assert a.picture == b.picture
        np.testing.assert_array_equal(a.images["model"], b.images["model"])


def test_scores_do_not_depend_on_the_order_of_pictures(pictures):
    a = evaluate({}, pictures, SMALL)
    b = evaluate({}, pictures[::-1], SMALL)
    assert score(a, "gray", "auc_raw") == score(b, "gray", "auc_raw")
    # Sums of float64 in another order.
    bounds = (score(told, "bound", "auc_rebalanced") for told in (a, b))
    assert next(bounds) == pytest.approx(next(bounds), rel=1e-12)


def test_unreadable_pictures_are_listed_and_the_rest_is_scored(photos, pictures):
    (photos / "2.png").write_text("no picture")
    told = evaluate({}, pictures, SMALL)
    assert told.counted == 7
    assert [(one.name, one.reason) for one in told.skipped] == [("2.png", "not a picture")]


def test_without_a_readable_picture_it_ends_in_words(photos, pictures):
    (photos / "2.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"expected pictures that can be read, got none of 1"):
        evaluate({}, [p for p in pictures if p.name == "2.png"], SMALL)


def test_gray_scores_on_photographs_what_is_published(samples):
    # Published for ImageNet: 89.1 raw; 22 other photographs are not ImageNet, but photographs.
    told = evaluate({}, find([str(samples)]).pictures, EvaluateConfig(size=128))
    assert score(told, "gray", "auc_raw") == pytest.approx(89.1, abs=2.5)
    assert score(told, "random-image", "auc_raw") < score(told, "gray", "auc_raw")
    assert math.isfinite(score(told, "gray", "psnr"))


def test_an_all_grey_truth_is_scored(save_picture, tmp_path):
    for name in "ab":
        save_picture(f"g/{name}.png", np.full((32, 32, 3), 90 + ord(name) % 7, dtype=np.uint8))
    told = evaluate({}, find([str(tmp_path / "g")]).pictures, SMALL)
    assert score(told, "gray", "auc_raw") == pytest.approx(100, abs=0.7)  # ab = 0.0… is within 1


def test_other_readings_stand_beside(model, pictures):
    told = evaluate(model, pictures, SMALL)
    assert told.readings.keys() == {row.name for row in told.rows}
    assert told.readings["gray"].keys() == {*AUC_READINGS, "colorfulness_absolute"}


def test_a_notebook_gets_a_table(model, pictures, monkeypatch):
    """pandas is no dependency: what would be given to it is looked at."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    told = evaluate(model, pictures, SMALL)
    lines = told.to_pandas()
    assert [line["name"] for line in lines] == ["model", *BASELINES]
    raw = told.rows[0].scores["auc_raw"]
    assert [lines[0][f"auc_raw{end}"] for end in ("", "_low", "_high")] == [
        raw.value,
        raw.low,
        raw.high,
    ]


def test_fd_lite0_is_told_where_it_is_asked_for(pictures):
    """0 of the truth against itself; gray images are farther from it than the bound's."""
    told = evaluate({}, pictures, replace(SMALL, frechet=True))
    distance = {row.name: row.scores["fd_lite0"].value for row in told.rows}
    assert distance["gray"] > distance["bound"] > 0
    assert "fd_lite0" not in rows(evaluate({}, pictures, SMALL))["gray"].scores
