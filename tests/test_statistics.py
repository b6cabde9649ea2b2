"""The bootstrap against formulas, and the sentences that rest on it."""

import math

import numpy as np
import pytest
from scipy import stats

from photochrom.results import Estimate
from photochrom.statistics import (
    draws,
    estimate,
    pictures_needed,
    replicated,
    seed_draws,
    supported,
    wins,
)


def mean_of(values):
    return lambda weights: {"score": weights @ values / weights.sum(axis=1)}


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    found = estimate(values.mean(), replicated([mean_of(values)], 400, 4000, 0)["score"])
    half = stats.norm.ppf(0.975) * values.std() / 20
    # 4,000 replicates leave a percentile uncertain by about 3 % of the interval's half.
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_intervals_cover_what_they_should():
    """Of 200 samples, 95 % of the intervals hold the true mean, to four standard errors."""
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        values = rng.normal(0, 1, size=60)
        found = estimate(values.mean(), replicated([mean_of(values)], 60, 400, seed)["score"])
        held += found.low <= 0 <= found.high
    assert abs(held / 200 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 200)


def test_a_bin_that_one_picture_has_is_in_every_replicate():
    """The mean over two bins: the rare one's share is 0, the common one's about a half."""
    half = np.random.default_rng(0).uniform(size=50)
    half[0] = 0

    def mean_over_bins(weights):
        common = weights[:, 1:] @ half[1:] / weights[:, 1:].sum(axis=1)
        return {"score": np.where(weights[:, 0] > 0, common / 2, common)}

    value = mean_over_bins(np.ones((1, 50)))["score"].item()
    found = estimate(value, replicated([mean_over_bins], 50, 1000, 0)["score"])
    spread = half[1:].std() / np.sqrt(49) / 2
    # 1,000 replicates leave a percentile uncertain by about 6 % of the interval's half.
    assert found.high == pytest.approx(value + 1.96 * spread, abs=0.4 * spread)
    assert found.low == pytest.approx(value - 1.96 * spread, abs=0.4 * spread)


def test_runs_of_several_seeds_widen_the_interval():
    """Two runs that lie 2 apart: a method's mean is unsure by the draw of its runs alone."""
    runs = [mean_of(np.full(50, value)) for value in (1.0, 3.0)]
    found = replicated(runs, 50, 2000, 0)["score"]
    assert set(found.round(6)) == {1.0, 2.0, 3.0}
    # Both draws the same run in a quarter of all cases each.
    assert np.isclose(found, 1.0).mean() == pytest.approx(0.25, abs=0.05)


def test_methods_of_as_many_seeds_are_drawn_alike():
    np.testing.assert_array_equal(seed_draws(3, 10, seed=4), seed_draws(3, 10, seed=4))
    assert (seed_draws(3, 10, seed=4) != seed_draws(3, 10, seed=5)).any()
    assert seed_draws(1, 4, seed=0).tolist() == [[1.0]] * 4


@pytest.mark.parametrize("room", [3, 20])
def test_draws_do_not_depend_on_how_many_fit_memory(room, monkeypatch):
    whole = np.concatenate(list(draws(7, 30, seed=2)))
    monkeypatch.setattr("photochrom.statistics._DRAWN_AT_ONCE", room)
    blocks = list(draws(7, 30, seed=2))
    assert len(blocks) > 10
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_a_common_difficulty_cancels_in_a_pair():
    """B is A and 0.1: neither's own interval tells them apart, that of the difference does."""
    a = np.random.default_rng(0).normal(0, 5, size=100)
    drawn = [replicated([mean_of(a + by)], 100, 500, 0)["score"] for by in (0, 0.1)]
    first, second = (estimate(float(one.mean()), one) for one in drawn)
    assert first.high > second.low
    difference = estimate(0.1, drawn[1] - drawn[0])
    assert difference.low == pytest.approx(0.1)
    assert supported(difference)


def test_methods_of_other_numbers_of_seeds_weigh_the_pictures_alike():
    run = mean_of(np.random.default_rng(0).normal(size=20))
    once, twice = (replicated([run] * runs, 20, 50, 0)["score"] for runs in (1, 2))
    np.testing.assert_allclose(once, twice)


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (Estimate(1.0, 0.1, 2.0), True),
        (Estimate(-1.0, -2.0, -0.1), True),
        (Estimate(1.0, -0.1, 2.0), False),
        (Estimate(0.0, 0.0, 0.0), False),
        (Estimate(1.0), False),
    ],
)
def test_a_difference_is_supported_where_the_interval_leaves_out_0(difference, told):
    assert supported(difference) is told


def test_advice_is_by_the_root_of_the_number():
    values = np.random.default_rng(0).normal(0.2, 2, size=200)
    replicates = replicated([mean_of(values)], 200, 2000, 0)["score"]
    needed = pictures_needed(estimate(0.2, replicates), 200)
    # The t-test's N for which 0.2 is as large as the half interval: (1.96 σ / 0.2)².
    assert needed == pytest.approx((1.96 * values.std() / 0.2) ** 2, rel=0.1)
    assert pictures_needed(Estimate(1.0, -0.05, 2.05), 100) == 111  # 110.25
    assert pictures_needed(Estimate(0.0, -1, 1), 200) is None
    assert pictures_needed(Estimate(1.0), 200) is None
    assert pictures_needed(Estimate(1e-9, -1, 1), 200) is None


def test_unknown_scores_are_no_wins_and_no_interval():
    assert math.isnan(wins(np.array([math.nan])))
    assert wins(np.array([math.nan, 1.0])) == 1.0
    assert math.isnan(estimate(1.0, np.array([math.nan, math.inf])).low)
    assert estimate(1.0, np.array([math.nan, 1.0, 1.0])).high == 1.0
