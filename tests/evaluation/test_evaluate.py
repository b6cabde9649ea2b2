"""Every image is scored, with the baselines, however the work is divided."""

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


def test_every_table_has_its_baselines(model, images):
    told = evaluate(model, images, SMALL)
    assert [row.name for row in told.rows] == ["model", *BASELINES]
    assert [row.baseline for row in told.rows] == [False, *[True] * 5]
    assert told.counted == 8
    assert len(told.images) == 6 * 8


def test_gray_has_no_color_and_the_bound_nearly_all(images):
    told = evaluate({}, images, SMALL)
    # 8-bit rounding of D65 white by scikit-image's four-digit constants moves a channel by 1.
    assert score(told, "gray", "colorfulness") < 1
    assert score(told, "bound", "auc_raw") > 98
    assert score(told, "bound", "colorfulness") == pytest.approx(
        told.truth["colorfulness"], rel=0.1
    )


def test_random_borrows_every_images_colors_once(images):
    told = evaluate({}, images, SMALL)
    # Another image's ab on this L: near the truth's colorfulness only on average, and wrong.
    assert score(told, "random-image", "auc_raw") < score(told, "bound", "auc_raw")
    assert score(told, "random-image", "colorfulness") > 5


def test_a_single_image_has_no_other_to_borrow_from(images):
    assert "random-image" not in rows(evaluate({}, images[:1], SMALL))


def test_the_images_as_scored_have_a_checksum(images):
    (name,) = evaluate({}, images[:3], SMALL).provenance
    told = [
        evaluate({}, some, replace(SMALL, batch_size=batch)).provenance[name]
        for some, batch in ((images[:3], 3), (images[2::-1], 1), (images[1:4], 3))
    ]
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize("batch", [1, 5, 8])
def test_scores_do_not_depend_on_the_batch_size(batch, model, images):
    a = evaluate(model, images, SMALL)
    b = evaluate(model, images, replace(SMALL, batch_size=batch, examples=0))
    for name, row in rows(a).items():
        assert row.scores.keys() == rows(b)[name].scores.keys()
        for key, one in row.scores.items():
            # Convolutions of other batches round otherwise, and a pixel may change its bin.
            other = rows(b)[name].scores[key]
            assert one.value == pytest.approx(other.value, rel=1e-4, abs=1e-2, nan_ok=True), key


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_processes(model, photos, images):
    (photos / "2.png").write_text("no image")
    sources = ["odd" if place % 2 else "even" for place in range(8)]
    one, two = (
        evaluate(model, images, replace(SMALL, devices=devices), sources=sources)
        for devices in (1, 2)
    )
    assert [row.scores for row in one.rows] == [row.scores for row in two.rows]
    assert repr(one.pairs) == repr(two.pairs)  # nan is not itself
    assert one.images == two.images
    assert one.skipped == two.skipped
    assert [source.images for source in one.sources] == [4, 3]
    assert one.sources == two.sources
    for a, b in zip(one.examples, two.examples, strict=True):
        assert a.image == b.image
        np.testing.assert_array_equal(a.images["model"], b.images["model"])


def test_scores_do_not_depend_on_the_order_of_images(images):
    a = evaluate({}, images, SMALL)
    b = evaluate({}, images[::-1], SMALL)
    assert score(a, "gray", "auc_raw") == score(b, "gray", "auc_raw")
    # Sums of float64 in another order.
    bounds = (score(told, "bound", "auc_rebalanced") for told in (a, b))
    assert next(bounds) == pytest.approx(next(bounds), rel=1e-12)


def test_unreadable_images_are_listed_and_the_rest_is_scored(photos, images):
    (photos / "2.png").write_text("no image")
    told = evaluate({}, images, SMALL)
    assert told.counted == 7
    assert [(one.name, one.reason) for one in told.skipped] == [("2.png", "not an image")]


def test_without_a_readable_image_it_ends_in_words(photos, images):
    (photos / "2.png").write_text("no image")
    with pytest.raises(ValueError, match=r"expected images that can be read, got none of 1"):
        evaluate({}, [p for p in images if p.name == "2.png"], SMALL)


def test_gray_scores_on_photographs_what_is_published(samples):
    # Published for ImageNet: 89.1 raw; 22 other photographs are not ImageNet, but photographs.
    told = evaluate({}, find([str(samples)]).images, EvaluateConfig(size=128))
    assert score(told, "gray", "auc_raw") == pytest.approx(89.1, abs=2.5)
    assert score(told, "random-image", "auc_raw") < score(told, "gray", "auc_raw")
    assert math.isfinite(score(told, "gray", "psnr"))


def test_an_all_gray_truth_is_scored(save_image, tmp_path):
    for name in "ab":
        save_image(f"g/{name}.png", np.full((32, 32, 3), 90 + ord(name) % 7, dtype=np.uint8))
    told = evaluate({}, find([str(tmp_path / "g")]).images, SMALL)
    assert score(told, "gray", "auc_raw") == pytest.approx(100, abs=0.7)  # ab = 0.0… is within 1


def test_other_readings_stand_beside(model, images):
    told = evaluate(model, images, SMALL)
    assert told.readings.keys() == {row.name for row in told.rows}
    assert told.readings["gray"].keys() == {*AUC_READINGS, "colorfulness_absolute"}


def test_a_notebook_gets_a_table(model, images, monkeypatch):
    """pandas is no dependency: what would be given to it is looked at."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    told = evaluate(model, images, SMALL)
    lines = told.to_pandas()
    assert [line["name"] for line in lines] == ["model", *BASELINES]
    raw = told.rows[0].scores["auc_raw"]
    assert [lines[0][f"auc_raw{end}"] for end in ("", "_low", "_high")] == [
        raw.value,
        raw.low,
        raw.high,
    ]


def test_fd_lite0_is_told_where_it_is_asked_for(images):
    """0 of the truth against itself; gray images are farther from it than the bound's."""
    told = evaluate({}, images, replace(SMALL, frechet=True))
    distance = {row.name: row.scores["fd_lite0"].value for row in told.rows}
    assert distance["gray"] > distance["bound"] > 0
    assert "fd_lite0" not in rows(evaluate({}, images, SMALL))["gray"].scores
