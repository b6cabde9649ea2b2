import math
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from photochrom.config import Architecture, EvaluateConfig
from photochrom.evaluate import Contender, evaluate
from photochrom.images import find
from photochrom.metrics import AUC_READINGS
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

SMALL = EvaluateConfig(size=32, batch=3, examples=2, replicates=20)


@pytest.fixture
def model():
    colorizer = Colorizer(Architecture(method="classification", width=2, size=32), Gamut.srgb(20))
    return {"model": Contender(colorizer, "a test", steps=3, minutes=0.1)}


def rows(evaluation):
    return {row.name: row for row in evaluation.rows}


def score(evaluation, row, metric):
    return rows(evaluation)[row].scores[metric].value


def test_every_table_has_its_baselines(model, pictures):
    told = evaluate(model, pictures, SMALL)
    assert [row.name for row in told.rows] == ["model", "grey", "random", "ceiling"]
    assert [row.baseline for row in told.rows] == [False, True, True, True]
    assert told.counted == 8
    assert len(told.pictures) == 4 * 8


def test_grey_has_no_colour_and_the_ceiling_nearly_all(pictures):
    told = evaluate({}, pictures, SMALL)
    # 8-bit rounding of D65 white by scikit-image's four-digit constants moves a channel by 1.
    assert score(told, "grey", "colorfulness") < 1
    assert score(told, "ceiling", "auc_raw") > 98
    assert score(told, "ceiling", "colorfulness") == pytest.approx(
        told.truth["colorfulness"], rel=0.1
    )


def test_random_borrows_every_pictures_colours_once(pictures):
    told = evaluate({}, pictures, SMALL)
    # Another picture's ab on this L: near the truth's colourfulness only on average, and wrong.
    assert score(told, "random", "auc_raw") < score(told, "ceiling", "auc_raw")
    assert score(told, "random", "colorfulness") > 5


def test_a_single_picture_has_no_other_to_borrow_from(pictures):
    assert "random" not in rows(evaluate({}, pictures[:1], SMALL))


def test_a_single_picture_tells_no_two_methods_apart(model, pictures):
    told = evaluate(model, pictures[:1], SMALL)
    assert all(math.isnan(score.low) for row in told.rows for score in row.scores.values())
    assert told.pairs
    assert not any(pair.supported or pair.pictures_needed for pair in told.pairs)


def test_probabilities_over_unequal_bins_are_no_pair(model, pictures):
    other = Architecture(method="classification", width=2, size=32)
    networks = {name: Contender(Colorizer(other, Gamut.srgb()), "") for name in ("fine", "too")}
    told = evaluate(model | networks, pictures[:2], SMALL)
    assert [rows(told)[name].bins for name in ("model", "fine", "grey")] == [
        *(len(Gamut.srgb(20)), 313, None)
    ]
    assert [(p.first, p.second) for p in told.pairs if p.metric == "nll"] == [("fine", "too")]
    assert not any(p.metric == "entropy" for p in told.pairs)  # neither is better


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
    assert score(a, "grey", "auc_raw") == score(b, "grey", "auc_raw")
    assert score(a, "ceiling", "auc_rebalanced") == score(b, "ceiling", "auc_rebalanced")


def test_unreadable_pictures_are_listed_and_the_rest_is_scored(photos, pictures):
    (photos / "2.png").write_text("no picture")
    told = evaluate({}, pictures, SMALL)
    assert told.counted == 7
    assert [(one.name, one.reason) for one in told.skipped] == [("2.png", "not a picture")]


def test_without_a_readable_picture_it_ends_in_words(photos, pictures):
    (photos / "2.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"expected pictures that can be read, got none of 1"):
        evaluate({}, [p for p in pictures if p.name == "2.png"], SMALL)


def test_best_and_worst_are_those_by_error(model, pictures):
    told = evaluate(model, pictures, SMALL)
    errors = {p.picture: p.scores["ciede2000"] for p in told.pictures if p.row == "model"}
    ordered = sorted(errors, key=errors.__getitem__)
    shown = {why: [e.picture for e in told.examples if e.why == why] for why in ("best", "worst")}
    assert shown == {"best": ordered[:4], "worst": ordered[::-1][:4]}


def test_runs_of_several_seeds_are_one_row(pictures):
    """Its scores are the mean of theirs, and each picture's stand by seed."""
    made = {}
    for seed in range(2):
        torch.manual_seed(seed)
        network = Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb())
        with torch.no_grad():
            network.network.head.bias += seed
        made[f"net/seed-{seed}"] = Contender(network, "a test", method="net", seed=seed)
    each = [evaluate({"net": replace(one, method=None)}, pictures, SMALL) for one in made.values()]
    told = evaluate(made, pictures, SMALL)
    assert rows(told)["net"].seeds == 2
    for key in ("auc_raw", "auc_rebalanced", "ciede2000", "colorfulness", "ab_divergence"):
        values = [score(one, "net", key) for one in each]
        assert abs(values[0] - values[1]) > 1e-3
        assert score(told, "net", key) == pytest.approx(np.mean(values))
    seeds = [p.seed for p in told.pictures if p.row == "net"]
    assert (seeds.count(0), seeds.count(1)) == (8, 8)


def test_pairs_are_of_trained_methods_and_of_each_with_grey(pictures):
    networks = {
        name: Contender(
            Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb()), name
        )
        for name in ("a", "b")
    }
    told = evaluate(networks, pictures, SMALL)
    of_auc = [pair for pair in told.pairs if pair.metric == "auc_raw"]
    assert [(p.first, p.second) for p in of_auc] == [("a", "b"), ("a", "grey"), ("b", "grey")]
    ab = of_auc[0]
    difference = score(told, "a", "auc_raw") - score(told, "b", "auc_raw")
    assert ab.difference.value == pytest.approx(difference)
    better = [
        x.scores["auc_raw"] > y.scores["auc_raw"]
        for x, y in zip(
            [p for p in told.pictures if p.row == "a"],
            [p for p in told.pictures if p.row == "b"],
            strict=True,
        )
    ]
    assert ab.wins == pytest.approx(np.mean(better))


def test_a_classifier_is_decoded_at_every_temperature(model, pictures):
    sweep = evaluate(model, pictures, SMALL).sweeps["model"]
    assert [point.temperature for point in sweep] == [0, 0.1, 0.2, 0.3, 0.38, 0.5, 0.7, 1]
    # The mean is duller than the mode, whatever the distributions.
    assert sweep[-1].colorfulness < sweep[0].colorfulness


def test_shares_of_the_curves_add_up(model, pictures):
    told = evaluate(model, pictures, SMALL)
    for row in told.rows:
        curve = told.thresholds[row.name]
        assert np.mean(curve.raw) == pytest.approx(row.scores["auc_raw"].value)
        assert np.mean(curve.rebalanced) == pytest.approx(row.scores["auc_rebalanced"].value)
        assert sum(told.chroma[row.name]) == pytest.approx(1)
    assert sum(told.chroma["truth"]) == pytest.approx(1)
    assert sum(one.share for one in told.calibration["model"]) == pytest.approx(1)
    for of_sector in told.hue["model"]:
        assert sum(of_sector) == pytest.approx(100) or sum(of_sector) == 0


@pytest.mark.parametrize(
    ("method", "value"),
    [("classification", math.nan), ("regression", math.nan), ("regression", math.inf)],
)
def test_a_method_that_predicts_no_number_is_scored(method, value, pictures):
    """It is within no threshold, and shown as grey."""
    network = Colorizer(Architecture(method=method, width=2, size=32), Gamut.srgb())
    with torch.no_grad():
        network.network.head.bias.fill_(value)
    told = evaluate({"model": Contender(network, "a test")}, pictures, SMALL)
    assert score(told, "model", "auc_raw") == 0
    assert score(told, "model", "colorfulness") == score(told, "grey", "colorfulness")
    assert math.isnan(score(told, "model", "ciede2000"))
    for point in told.sweeps.get("model", []):  # even so the mode, at 0, is some bin
        assert point.colorfulness < 1 or point.temperature == 0


def test_examples_hold_every_method_and_no_baseline(model, pictures):
    told = evaluate(model, pictures, SMALL)
    # Two whatever their scores, then four of the best and of the worst.
    assert [e.why for e in told.examples] == ["random"] * 2 + ["best"] * 4 + ["worst"] * 4
    assert [list(e.images) for e in told.examples] == [["grey input", "truth", "model"]] * 10
    assert [list(e.entropy) for e in told.examples] == [["model"]] * 10
    assert told.examples[0].images["truth"].shape == (32, 32, 3)


def test_grey_scores_on_photographs_what_is_published(samples):
    # Published for ImageNet: 89.1 raw; 22 other photographs are not ImageNet, but photographs.
    told = evaluate({}, find([str(samples)]).pictures, EvaluateConfig(size=128))
    assert score(told, "grey", "auc_raw") == pytest.approx(89.1, abs=2.5)
    assert score(told, "random", "auc_raw") < score(told, "grey", "auc_raw")
    assert math.isfinite(score(told, "grey", "psnr"))


def test_an_all_grey_truth_is_scored(save_picture, tmp_path):
    for name in "ab":
        save_picture(f"g/{name}.png", np.full((32, 32, 3), 90 + ord(name) % 7, dtype=np.uint8))
    told = evaluate({}, find([str(tmp_path / "g")]).pictures, SMALL)
    assert score(told, "grey", "auc_raw") == pytest.approx(100, abs=0.7)  # ab = 0.0… is within 1


def test_other_readings_stand_beside(model, pictures):
    told = evaluate(model, pictures, SMALL)
    assert told.readings.keys() == {row.name for row in told.rows}
    assert told.readings["grey"].keys() == {*AUC_READINGS, "colorfulness_absolute"}


def test_a_notebook_gets_a_table(model, pictures, monkeypatch):
    """pandas is no dependency: what would be given to it is looked at."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    told = evaluate(model, pictures, SMALL)
    lines = told.to_pandas()
    assert [line["name"] for line in lines] == ["model", "grey", "random", "ceiling"]
    raw = told.rows[0].scores["auc_raw"]
    assert [lines[0][f"auc_raw{end}"] for end in ("", "_low", "_high")] == [
        raw.value,
        raw.low,
        raw.high,
    ]


def test_fd_lite0_is_told_where_it_is_asked_for(pictures):
    """0 of the truth against itself; grey pictures are farther from it than the ceiling's."""
    told = evaluate({}, pictures, replace(SMALL, frechet=True))
    distance = {row.name: row.scores["fd_lite0"].value for row in told.rows}
    assert distance["grey"] > distance["ceiling"] > 0
    assert "fd_lite0" not in rows(evaluate({}, pictures, SMALL))["grey"].scores
