"""What an evaluation tells of each method, and of two side by side."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from evaluate_world import SMALL, model as model, rows, score

from photochrom.config import Architecture
from photochrom.evaluation.evaluate import Contender, evaluate
from photochrom.evaluation.methods import BASELINES
from photochrom.models import Colorizer
from photochrom.quantize import Gamut


def test_a_single_image_tells_no_two_methods_apart(model, images):
    told = evaluate(model, images[:1], SMALL)
    assert all(math.isnan(score.low) for row in told.rows for score in row.scores.values())
    assert told.pairs
    assert not any(pair.supported or pair.images_needed for pair in told.pairs)


def test_probabilities_over_unequal_bins_are_no_pair(model, images):
    other = Architecture(method="classification", width=2, size=32)
    networks = {name: Contender(Colorizer(other, Gamut.srgb()), "") for name in ("fine", "too")}
    told = evaluate(model | networks, images[:2], SMALL)
    assert [rows(told)[name].bins for name in ("model", "fine", "gray")] == [
        *(len(Gamut.srgb(20)), 313, None)
    ]
    assert [(p.first, p.second) for p in told.pairs if p.metric == "nll"] == [("fine", "too")]
    assert not any(p.metric == "entropy" for p in told.pairs)  # neither is better


def test_best_and_worst_are_those_by_error(model, images):
    told = evaluate(model, images, SMALL)
    errors = {p.image: p.scores["ciede2000"] for p in told.images if p.row == "model"}
    ordered = sorted(errors, key=errors.__getitem__)
    shown = {why: [e.image for e in told.examples if e.why == why] for why in ("best", "worst")}
    assert shown == {"best": ordered[:4], "worst": ordered[::-1][:4]}


def test_runs_of_several_seeds_are_one_row(images):
    """Its scores are the mean of theirs, and each image's stand by seed."""
    made = {}
    for seed in range(2):
        torch.manual_seed(seed)
        network = Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb())
        with torch.no_grad():
            network.network.head.bias += seed
        made[f"net/seed-{seed}"] = Contender(network, "a test", method="net", seed=seed)
    each = [evaluate({"net": replace(one, method=None)}, images, SMALL) for one in made.values()]
    told = evaluate(made, images, SMALL)
    assert rows(told)["net"].seeds == 2
    for key in ("auc_raw", "auc_rebalanced", "ciede2000", "colorfulness", "ab_divergence"):
        values = [score(one, "net", key) for one in each]
        assert abs(values[0] - values[1]) > 1e-3
        assert score(told, "net", key) == pytest.approx(np.mean(values))
    seeds = [p.seed for p in told.images if p.row == "net"]
    assert (seeds.count(0), seeds.count(1)) == (8, 8)


def test_pairs_are_of_methods_and_of_each_with_every_baseline(images):
    networks = {
        name: Contender(
            Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb()), name
        )
        for name in ("a", "b")
    }
    told = evaluate(networks, images, SMALL)
    of_auc = [pair for pair in told.pairs if pair.metric == "auc_raw"]
    beside = [(name, baseline) for name in "ab" for baseline in BASELINES]
    assert [(p.first, p.second) for p in of_auc] == [("a", "b"), *beside]
    ab = of_auc[0]
    difference = score(told, "a", "auc_raw") - score(told, "b", "auc_raw")
    assert ab.difference.value == pytest.approx(difference)
    better = [
        x.scores["auc_raw"] > y.scores["auc_raw"]
        for x, y in zip(
            [p for p in told.images if p.row == "a"],
            [p for p in told.images if p.row == "b"],
            strict=True,
        )
    ]
    assert ab.wins == pytest.approx(np.mean(better))


def test_a_classifier_is_decoded_at_every_temperature(model, images):
    sweep = evaluate(model, images, SMALL).sweeps["model"]
    assert [point.temperature for point in sweep] == [0, 0.1, 0.2, 0.3, 0.38, 0.5, 0.7, 1]
    # The mean is duller than the mode, whatever the distributions.
    assert sweep[-1].colorfulness < sweep[0].colorfulness


def test_shares_of_the_curves_add_up(model, images):
    told = evaluate(model, images, SMALL)
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
def test_a_method_that_predicts_no_number_is_scored(method, value, images):
    """It is within no threshold, and shown as gray."""
    network = Colorizer(Architecture(method=method, width=2, size=32), Gamut.srgb())
    with torch.no_grad():
        network.network.head.bias.fill_(value)
    told = evaluate({"model": Contender(network, "a test")}, images, SMALL)
    assert score(told, "model", "auc_raw") == 0
    assert score(told, "model", "colorfulness") < 1  # as gray, but for rounding
    assert math.isnan(score(told, "model", "ciede2000"))
    for point in told.sweeps.get("model", []):  # even so the mode, at 0, is some bin
        assert point.colorfulness < 1 or point.temperature == 0


def test_examples_hold_every_method_and_no_baseline(model, images):
    told = evaluate(model, images, SMALL)
    # Two whatever their scores, then four of the best and of the worst.
    assert [e.why for e in told.examples] == ["random"] * 2 + ["best"] * 4 + ["worst"] * 4
    assert [list(e.images) for e in told.examples] == [["gray input", "truth", "model"]] * 10
    assert [list(e.entropy) for e in told.examples] == [["model"]] * 10
    assert told.examples[0].images["truth"].shape == (32, 32, 3)
