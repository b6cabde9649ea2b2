"""Rows and pairs of hand-made tallies: one pixel a picture, so that only the values differ."""

import math

import numpy as np
import pytest

from photochrom.comparison import compare
from photochrom.metrics import METRICS, Tally, Truth

N = 40
NAMES = tuple(map(str, range(N)))
TRUE = np.linspace(20, 60, N)  # colourfulness


def only(places, *shape):
    """One pixel of each picture, in the first of some places."""
    counts = np.zeros((N, *shape, places), dtype=np.int32)
    counts.reshape(N, -1)[:, 0] = 1
    return counts


TRUTH = Truth(NAMES, bins=only(5), chroma=only(68), hue=only(13), colorfulness=TRUE)


def tally(psnr=20.0, colorfulness=TRUE):
    values = {"psnr": np.full(N, 0.0) + psnr, "colorfulness": colorfulness}
    counts = {"area": only(5), "bins": only(5), "chroma": only(68), "hue": only(13, 13)}
    return Tally(NAMES, values, counts)


def compared(**rows):
    rows = {name: runs if isinstance(runs, list) else [runs] for name, runs in rows.items()}
    rows["grey"] = [tally(0.0, np.zeros(N))]
    trained = dict.fromkeys(name for name in rows if name != "grey")  # none has bins
    found = compare(rows, TRUTH, trained=trained, replicates=100, seed=0)
    return found, {(pair.metric, pair.first, pair.second): pair for pair in found.pairs}


def test_colourfulness_is_compared_by_its_distance_to_the_truths():
    _, pairs = compared(over=tally(colorfulness=TRUE + 3), under=tally(colorfulness=TRUE - 2))
    pair = pairs["colorfulness", "over", "under"]
    # Each by the same pictures as the truth: 3 - 2 in every replicate.
    found = pair.difference
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
    assert (pair.wins, pair.supported, pair.pictures_needed) == (0, True, None)
    assert pairs["colorfulness", "over", "grey"].difference.value == pytest.approx(3 - TRUE.mean())
    assert pairs["colorfulness", "over", "grey"].wins == 1


def test_what_is_hard_for_both_cancels_whatever_their_numbers_of_seeds():
    hard = np.random.default_rng(0).normal(20, 5, size=N)
    _, pairs = compared(one=tally(hard), two=[tally(hard + 1), tally(hard + 1)])
    pair = pairs["psnr", "one", "two"]
    found = pair.difference
    assert (found.value, found.low, found.high) == pytest.approx((-1, -1, -1))
    assert pair.wins == 0


def test_a_row_of_several_runs_has_their_mean_in_all():
    found, pairs = compared(runs=[tally(10.0), tally(30.0)], other=tally(15.0))
    assert found.scores["runs"]["psnr"].value == 20
    pair = pairs["psnr", "runs", "other"]
    assert (pair.difference.value, pair.wins) == (5, 1)


def test_a_difference_in_doubt_says_how_many_pictures_would_settle_it():
    noise = np.random.default_rng(0).normal(0.1, 1, size=N)
    _, pairs = compared(one=tally(20 + noise), two=tally(20.0))
    pair = pairs["psnr", "one", "two"]
    assert not pair.supported
    half = (pair.difference.high - pair.difference.low) / 2
    assert pair.pictures_needed == math.ceil(N * (half / pair.difference.value) ** 2)


def test_pairs_are_in_the_order_of_rows_and_metrics_and_grey_is_second():
    found, _ = compared(b=tally(), a=tally())
    named = [("b", "a"), ("b", "grey"), ("a", "grey")]
    keys = [metric.key for metric in METRICS if metric.key in found.scores["a"]]
    expected = [(key, *names) for key in keys for names in named]
    assert [(pair.metric, pair.first, pair.second) for pair in found.pairs] == expected
