"""Tests and intervals against other libraries, hand computations, laws and simulated data."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from tallies import ends, mean_of, rare_bins

from photochrom.evaluation.inference import (
    MIN_IMAGES,
    Difference,
    Spread,
    degrees_of_freedom,
    difference,
    estimate,
    holm,
    images_needed,
    sign_flip,
    spread,
    wins,
)
from photochrom.evaluation.results import Estimate
from photochrom.metrics import main_contributions


def runs_of(x):
    """A run a row, an image a column."""
    return [mean_of(one) for one in x]


def spread_of(x):
    return spread(
        [one.value for one in runs_of(x)], np.stack([one.influence for one in runs_of(x)])
    )


def permuted(differences, **options):
    """scipy's p-values of flips of the signs, by column."""
    return stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", vectorized=True, axis=0, **options
    ).pvalue


@pytest.mark.parametrize("images", [2, 5, 9, 13])
def test_p_values_of_up_to_13_images_are_scipys(images):
    rng = np.random.default_rng(images)
    ties = rng.integers(-2, 3, images)
    found = np.stack([rng.normal(1, 1, images), rng.exponential(size=images), ties], axis=1)
    np.testing.assert_allclose(sign_flip(found), permuted(found, n_resamples=np.inf))


def test_p_values_of_more_images_are_scipys_but_for_the_draws():
    found = np.random.default_rng(0).normal([0, 0.1, 0.2, 0.3], 1, size=(40, 4))
    theirs = permuted(found, n_resamples=9_999, rng=np.random.default_rng(1))
    # Four standard errors of the difference of two shares of 9,999 draws.
    apart = 4 * np.sqrt(2 * theirs * (1 - theirs) / 9_999)
    assert (np.abs(sign_flip(found) - theirs) < apart).all()


def test_of_signed_ranks_it_is_wilcoxons_test():
    values = np.random.default_rng(3).normal(0.3, 1, size=40)
    ranks = np.sign(values) * stats.rankdata(np.abs(values))
    theirs = stats.wilcoxon(values, method="exact").pvalue
    # Four standard errors of a share of 9,999 draws.
    apart = 4 * math.sqrt(theirs * (1 - theirs) / 9_999)
    assert sign_flip(ranks[:, None])[0] == pytest.approx(theirs, abs=apart)


def test_under_the_null_every_p_value_is_as_probable_as_any_other():
    # All 1,024 data sets with these magnitudes: each p-value is that of one and its mirror image.
    magnitudes = np.random.default_rng(0).lognormal(size=10)
    signs = 2 * ((np.arange(1024) >> np.arange(10)[:, None]) & 1) - 1
    p = np.sort(sign_flip(magnitudes[:, None] * signs))
    np.testing.assert_allclose(p, np.repeat(np.arange(2, 1025, 2) / 1024, 2))


def test_by_random_signs_the_test_keeps_its_level():
    # However unlike the images are: a few carry nearly all of the difference.
    magnitudes = np.random.default_rng(0).lognormal(0, 2, size=40)
    rng, sets = np.random.default_rng(1), 4000
    p = sign_flip(magnitudes[:, None] * rng.choice([-1, 1], size=(40, sets)))
    for level in (0.01, 0.05, 0.1, 0.5):
        error = math.sqrt(level * (1 - level) / sets)
        assert abs((p <= level).mean() - level) < 4 * error


@settings(max_examples=20, deadline=None)
@given(arrays(np.int64, st.integers(1, 13), elements=st.integers(-9, 9)), st.randoms())
def test_neither_order_nor_direction_nor_unit_change_a_p_value(differences, random):
    order = random.sample(range(len(differences)), len(differences))
    # Tenths are rounded: equal sums differ by a little.
    found = np.stack([differences, -differences, differences[order], differences / 10], axis=1)
    np.testing.assert_array_equal(sign_flip(found), sign_flip(differences[:, None] * 1.0)[0])


@pytest.mark.parametrize("images", [1, 5, 40])
def test_equal_methods_have_a_p_value_of_1(images):
    assert sign_flip(np.zeros((images, 1))).tolist() == [1]


def test_no_p_value_is_below_that_of_the_signs_as_they_are():
    assert sign_flip(np.ones((60, 1))).tolist() == [1 / 10_000]
    assert sign_flip(np.ones((10, 1))).tolist() == [2 / 1024]  # and all of them flipped


def test_what_is_not_a_number_has_no_p_value_and_leaves_others_theirs():
    found = np.random.default_rng(0).normal(size=(30, 3))
    wrong = found.copy()
    wrong[4, 1] = math.nan
    p, whole = sign_flip(wrong), sign_flip(found)
    assert np.isnan(p).tolist() == [False, True, False]
    assert p[[0, 2]].tolist() == whole[[0, 2]].tolist()
    assert sign_flip(found[:, :1])[0] == whole[0]


def test_a_seed_repeats_the_signs():
    found = np.random.default_rng(0).normal(size=(30, 4))
    assert sign_flip(found, 5).tolist() == sign_flip(found, 5).tolist()
    assert sign_flip(found, 5).tolist() != sign_flip(found, 6).tolist()


def test_holm_by_hand():
    # Of five: 5 · .005, 4 · .02, 3 · .02 but not below .08, 2 · .5, .9 but not below 1.
    found = holm([0.02, math.nan, 0.02, 0.5, 0.005, 0.9])
    assert found == pytest.approx([0.08, math.nan, 0.08, 1, 0.025, 1], nan_ok=True)


def test_holm_of_one_or_none():
    assert (holm([0.03]), holm([])) == ([0.03], [])
    assert np.isnan(holm([math.nan])).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_bonferroni_by_closed_testing(p):
    """Each is as large as the largest Bonferroni p-value of a set of hypotheses that has it."""
    some = [s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size)]
    closed = [
        max(min(1, len(s) * min(p[at] for at in s)) for s in some if one in s)
        for one in range(len(p))
    ]
    assert holm(p) == pytest.approx(closed)


def test_one_run_of_normal_numbers_has_students_interval():
    values = np.random.default_rng(0).normal(5, 2, size=60)
    assert stats.kurtosis(values, fisher=False) < 3  # so that all degrees of freedom are left
    low, high = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    assert ends(estimate([mean_of(values)])) == pytest.approx((values.mean(), low, high))


def test_degrees_of_freedom_by_hand():
    # κ = (34 / 5) / 2²: 10 / .7 are more than 4.
    assert degrees_of_freedom(np.array([-2.0, -1, 0, 1, 2])) == 4
    # One of sixteen: p = 1/16, pq = 15/256, κ = (1 - 3 pq) / pq = 211 / 15, so 32 / (196 / 15).
    assert degrees_of_freedom(np.eye(16)[0]) == pytest.approx(480 / 196)
    # One of 64: pq = 63 / 4096, κ = 3907 / 63; 128 / (κ - 1) = 2.1 are less than 64 / 8.
    assert degrees_of_freedom(np.eye(64)[0]) == 8
    assert [degrees_of_freedom(np.full(7, same)) for same in (0.1, 0.5)] == [6, 6]


def test_degrees_of_freedom_are_by_scipys_kurtosis():
    values = np.random.default_rng(2).laplace(3, 2, size=200)
    expected = 400 / (stats.kurtosis(values, fisher=False) - 1)
    assert 25 < expected < 199
    assert degrees_of_freedom(values) == pytest.approx(expected)


# Image effects with a variance of 20/3, seed effects with one of 4; κ of the images' is 1.64.
CROSSED = np.array([-3.0, -1, 1, 3]) + np.array([[-2.0], [0], [2]])
# What one seed does on one image beyond both: of variance 24 / (2 · 3) = 4.
TOGETHER = np.outer([1.0, -2, 1], [1.0, -1, -1, 1])


def test_images_and_seeds_both_vary_a_mean():
    # Images 20/3 / 4, seeds 4 / 3, together 3: 3² / ((5/3)² / 3 + (4/3)² / 2) = 243 / 49.
    assert spread_of(CROSSED) == pytest.approx(Spread(5 / 3, 4 / 3, 243 / 49))


def test_what_varies_by_image_and_seed_together_is_no_effect_of_the_seeds():
    # It is 4 / (3 · 4) of either mean's variance: seeds 4/3 - 1/3, and all 5/3 + 1.
    # (8/3)² / ((5/3)² / 3 + (4/3)² / 2) = 192 / 49.
    assert spread_of(CROSSED + TOGETHER) == pytest.approx(Spread(5 / 3, 1, 192 / 49))
    # Of four times as much, and seeds that are all alike: nothing is left for them.
    assert spread_of(CROSSED[1] + 2 * TOGETHER).seeds == 0


@pytest.mark.parametrize("seeds", [3, 6])
def test_the_spread_is_that_of_an_analysis_of_variance(seeds):
    rng = np.random.default_rng(seeds)
    x = rng.normal(size=(seeds, 1)) + rng.normal(size=9) + rng.normal(0, 0.3, size=(seeds, 9))
    # Residuals of least squares on the indicators of images, of seeds, and of both.
    by_seed, by_image = np.repeat(np.eye(seeds), 9, axis=0), np.tile(np.eye(9), (seeds, 1))
    left = [
        np.linalg.lstsq(np.hstack(some), x.ravel())[1].item()
        for some in ((by_image, by_seed[:, :-1]), (by_image,), (by_seed,))
    ]
    both = left[0] / ((seeds - 1) * 8)
    mean_squares = (left[2] - left[0]) / 8, (left[1] - left[0]) / (seeds - 1)
    found = spread_of(x)
    assert found.images == pytest.approx(mean_squares[0] / x.size)
    assert found.seeds == pytest.approx((mean_squares[1] - both) / x.size)


def test_seeds_that_agree_count_as_one():
    x = np.random.default_rng(0).normal(size=30)
    assert spread_of(np.stack([x] * 4)) == pytest.approx(spread_of(x[None]))


@pytest.mark.parametrize("seeds", [1, 2])
def test_of_one_or_two_seeds_only_the_images_vary(seeds):
    x = CROSSED[:seeds]
    found = spread_of(x)
    assert found == pytest.approx(Spread(5 / 3, 0, 3))
    assert math.isnan(difference(runs_of(x), [mean_of(np.zeros(4))], baseline=True).p_over_seeds)


def test_of_three_seeds_the_p_value_is_students():
    zero = [mean_of(np.zeros(4))]
    found = difference(runs_of(CROSSED + TOGETHER + 5), zero, min_images=4, baseline=True)
    t = 5 / math.sqrt(8 / 3)
    assert found.p_over_seeds == pytest.approx(2 * stats.t.sf(t, 192 / 49))
    half = stats.t.ppf(0.975, 192 / 49) * math.sqrt(8 / 3)
    assert ends(found.estimate) == pytest.approx((5, 5 - half, 5 + half))


@settings(deadline=None)
@given(st.integers(0, 9999), st.integers(3, 6), st.floats(0, 2))
def test_an_interval_leaves_out_0_where_the_p_value_is_below_a_twentieth(seed, seeds, by):
    rng = np.random.default_rng(seed)
    x = by + rng.normal(size=(seeds, 1)) + rng.normal(size=25)
    found = difference(runs_of(x), [mean_of(np.zeros(25))], baseline=True)
    told = found.estimate.low > 0 or found.estimate.high < 0
    assert told is (found.p_over_seeds < 0.05)


def test_what_never_varies_is_certain():
    same, other = runs_of(np.full((3, 30), 0.25)), runs_of(np.full((3, 30), 0.5))
    assert difference(same, same).p_over_seeds == 1
    assert difference(other, same).p_over_seeds == 0
    assert difference(other, same).estimate == Estimate(0.25, 0.25, 0.25)


def test_a_common_difficulty_cancels_in_a_difference():
    """B is A and 0.1: neither's own interval tells them apart, that of the difference does."""
    a = np.random.default_rng(0).normal(0, 5, size=100)
    first, second = estimate([mean_of(a)]), estimate([mean_of(a + 0.1)])
    assert first.high > second.low
    found = difference([mean_of(a + 0.1)], [mean_of(a)]).estimate
    assert ends(found) == pytest.approx((0.1, 0.1, 0.1))


def test_as_many_seeds_are_paired_in_their_order():
    # What a seed does to both cancels; of runs in another order it would not.
    x = np.random.default_rng(0).normal(size=40) + np.array([[0.0], [3], [6]])
    found = difference(runs_of(x + 1), runs_of(x))
    assert ends(found.estimate) == pytest.approx((1, 1, 1))
    assert found.seeds == 3
    assert difference(runs_of(x + 1), runs_of(x[::-1])).spread.seeds > 1


def test_a_baseline_is_compared_with_every_seed():
    x, y = CROSSED + TOGETHER, np.array([1.0, 0, 5, 2])
    found = difference(runs_of(x), [mean_of(y)], baseline=True)
    assert found.seeds == 3
    assert found.spread == pytest.approx(spread_of(x - y))
    np.testing.assert_allclose(found.flipped, (x - y).mean(axis=0) / 4)


def test_two_seeds_and_three_are_compared_by_their_means_and_count_as_one():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30)), rng.normal(size=(3, 30))
    found = difference(runs_of(x), runs_of(y))
    assert found.seeds == 1
    alone = difference([mean_of(x.mean(axis=0))], [mean_of(y.mean(axis=0))])
    assert ends(found.estimate) == pytest.approx(ends(alone.estimate))
    np.testing.assert_allclose(found.flipped, alone.flipped)


def test_one_image_has_a_score_and_no_interval():
    found = estimate([mean_of([3.0])], min_images=1)
    assert found.value == 3
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("images", [20, 21, 50, 70])
def test_from_as_many_images_as_a_score_needs_it_has_an_interval(images):
    values = np.random.default_rng(0).normal(size=images)
    assert math.isfinite(estimate([mean_of(values)], min_images=images).low)
    assert math.isnan(estimate([mean_of(values)], min_images=images + 1).low)
    pair = [mean_of(values)], [mean_of(np.zeros(images))]
    assert math.isfinite(difference(*pair, min_images=images).estimate.low)
    assert math.isnan(difference(*pair, min_images=images + 1).estimate.low)


def test_unknown_scores_have_no_interval_and_no_p_value():
    wrong = [math.nan, *np.ones(29)]
    found = difference(runs_of([wrong] * 3), runs_of(np.zeros((3, 30))))
    numbers = (*ends(found.estimate), found.p_over_seeds, found.spread.half)
    assert np.isnan(numbers).all()
    assert images_needed(found, 30) is None
    assert math.isnan(estimate([mean_of(wrong)]).low)


def test_unknown_scores_are_no_wins_and_ties_half_of_one():
    assert math.isnan(wins(np.array([math.nan])))
    assert wins(np.array([math.nan, 1.0])) == 1.0
    assert wins(np.array([0.0, math.nan, 0.0, 1.0, -1.0])) == 0.5
    assert wins(np.array([0.0, 1.0])) == 0.75


def found_with(value, images, seeds=0.0):
    spread = Spread(images, seeds, 99.0)
    return Difference(Estimate(value), np.zeros(100), spread, seeds=1)


@pytest.mark.parametrize(("value", "seeds"), [(1, 0), (-1, 0), (0.5, 0), (1, 0.05)])
def test_as_many_images_as_needed_have_a_power_of_80_percent(value, seeds):
    needed = images_needed(found_with(value, 0.4, seeds), 100)

    def power(images):
        deviation = math.sqrt(0.4 * 100 / images + seeds)
        return stats.norm.sf(stats.norm.ppf(0.975) - abs(value) / deviation)

    assert power(needed - 1) < 0.8 <= power(needed)


def test_images_needed_by_hand():
    # (1.960 + 0.842)² = 7.849: 100 · 4 · 7.849 / 1² = 3,139.6.
    assert images_needed(found_with(1.0, 4.0), 100) == 3140
    assert images_needed(found_with(9.0, 1.0), 100) == MIN_IMAGES


def test_no_number_of_images_finds_what_is_not_there_or_less_than_seeds_vary():
    assert images_needed(found_with(0.0, 1.0), 100) is None
    assert images_needed(found_with(1.0, math.nan), 100) is None
    assert images_needed(found_with(1e-9, 1.0), 100) is None
    # 1 / 7.849 = 0.1274.
    assert images_needed(found_with(1.0, 4.0, seeds=0.128), 100) is None
    assert images_needed(found_with(1.0, 4.0, seeds=0.127), 100) > 3140


def test_the_test_finds_a_difference_in_as_many_images_as_needed_in_four_of_five_sets():
    pilot = np.random.default_rng(0).normal(0.3, 1, size=400)
    needed = images_needed(difference([mean_of(pilot)], [mean_of(np.zeros(400))]), 400)
    of = np.random.default_rng(1).normal(pilot.mean(), pilot.std(ddof=1), size=(needed, 2000))
    # Four standard errors are .036, and Student's t needs two images more than the normal.
    assert (sign_flip(of) <= 0.05).mean() == pytest.approx(0.8, abs=0.05)


def simulated(sets, seed, **options):
    """Of many sets of 100 images: the score of one method, and its difference from another."""
    rng, rows, apart = np.random.default_rng(seed), [], []
    for _ in range(sets):
        true, methods = rare_bins(rng, 100, **options)
        first, second = (
            [main_contributions(run, true)["auc_rebalanced"] for run in runs] for runs in methods
        )
        rows.append(estimate(first, min_images=50))
        apart.append(difference(first, second, min_images=50))
    return rows, apart


def covered(estimates):
    """How often the interval holds the mean over all sets."""
    mean = np.mean([one.value for one in estimates])
    return np.mean([one.low <= mean <= one.high for one in estimates])


@pytest.mark.slow
@pytest.mark.parametrize("better", [0.0, 0.2])
def test_intervals_of_rebalanced_auc_cover_and_the_test_errs_as_rarely_as_told(better):
    """2,000 sets: a share of .95 has a standard error of .005."""
    rows, apart = simulated(2000, 0, better=better)
    assert 0.92 <= covered(rows) <= 0.98
    assert 0.92 <= covered([one.estimate for one in apart]) <= 0.98
    p = sign_flip(np.stack([one.flipped for one in apart], axis=1))
    if better:
        assert (p <= 0.05).mean() > 0.5
    else:
        assert (p <= 0.05).mean() <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_of_several_seeds_cover_the_difference_of_methods(seeds):
    """Where seeds vary the mean about as much as images do; a standard error of .008."""
    _, apart = simulated(700, seeds, seeds=seeds, by_seed=0.065 * math.sqrt(seeds))
    varied = np.mean([one.spread[:2] for one in apart], axis=0)
    assert varied[1] / varied[0] == pytest.approx(1, abs=0.3)
    assert 0.92 <= covered([one.estimate for one in apart]) <= 0.98
