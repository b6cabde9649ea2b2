"""Scores as sums over images, what each image moves, and tallies that do not fit together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from gathering import gathered
from hypothesis import given, settings, strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from tallies import GAMUT, ab_of, classified, counted, random_ab, tallied

from photochrom.evaluation.inference import estimate
from photochrom.metrics import (
    METRICS,
    AucCounts,
    Tally,
    Truth,
    contributions,
    main_contributions,
    pooled_scores,
)
from photochrom.quantize import hard_encode

SEED = 3


def pixels_of(planes):
    """ab of every pixel (P, 2), image after image."""
    return planes.double().movedim(1, -1).reshape(-1, 2).numpy()


def sectors_of(pixels, gray):
    angles = np.rad2deg(np.arctan2(pixels[:, 1], pixels[:, 0])) % 360
    return np.where(np.hypot(*pixels.T) < 5, gray, angles // 30)


def weighted(weights):
    """Scores of `classified(SEED)` pixel by pixel, an image counting as often as its weight."""
    planes = random_ab(SEED)
    W = np.repeat(weights, 144)
    ab, truth = (pixels_of(x) for x in planes)
    chroma, true_chroma = (np.hypot(*x.T) for x in (ab, truth))
    bins, true_bins = (hard_encode(x, GAMUT).flatten().numpy() for x in planes)
    sector, true_sector = sectors_of(ab, -1), sectors_of(truth, -2)
    within = (np.ceil(np.hypot(*(ab - truth).T))[:, None] <= np.arange(151)).mean(axis=1)
    neutral, blue = true_chroma < 5, np.isin(true_sector, [8, 9])
    calibration = np.tensordot(weights, classified(SEED)[0].counts["calibration"], 1)

    def mean_of_means(of, groups, images=1):
        owners = {one: len(set(np.flatnonzero(groups == one) // 144)) for one in set(groups[W > 0])}
        kept = [groups == one for one, owned in owners.items() if one >= 0 and owned >= images]
        return 100 * np.mean([np.average(of[at], weights=W[at]) for at in kept])

    divergence = jensenshannon(*(np.bincount(x, W, len(GAMUT)) for x in (bins, true_bins)), base=2)
    spreads = [np.cov(x.T, aweights=W, ddof=0).trace() ** 0.5 for x in (ab, truth)]
    steps = [2 * np.minimum(x // 2, 67) for x in (chroma, true_chroma)]
    return {
        "auc_raw": 100 * np.average(within, weights=W),
        "auc_rebalanced": mean_of_means(within, true_bins),
        "auc_rebalanced_5": mean_of_means(within, true_bins, images=5),
        "ab_spread": 100 * spreads[0] / spreads[1],
        "chroma_distance": wasserstein_distance(*steps, W, W),
        "neutral_chroma": np.average(chroma[neutral], weights=W[neutral]),
        "ab_divergence": divergence**2,
        "hue_agreement": mean_of_means(sector == true_sector, true_sector),
        "green_for_blue": 100 * np.average(np.isin(sector[blue], [3, 4, 5]), weights=W[blue]),
        "calibration_error": 100 * abs(calibration[:, 2] - calibration[:, 1]).sum() / W.sum(),
    }


def by_image():
    """Means over images, each of which has a score of its own."""
    tally, true = classified(SEED)
    apart = tally.values["colorfulness"] - true.colorfulness
    ab, truth = (x.double().mean(dim=(2, 3)).numpy() for x in random_ab(SEED))
    return {key: x.mean() for key, x in tally.values.items() if key != "colorfulness_absolute"} | {
        "colorfulness_difference": apart.mean(),
        "colorfulness_error": np.abs(apart).mean(),
        "mean_color_error": np.hypot(*(ab - truth).T).mean(),
    }


@pytest.fixture(scope="module")
def case():
    return classified(SEED)


def test_contributions_add_up_to_scores_computed_pixel_by_pixel(case):
    found = contributions(*case)
    assert found.keys() == {metric.key for metric in METRICS} - {"fd_lite0"}
    # float32 has seven digits.
    expected = pytest.approx(by_image() | weighted(np.ones(6)), rel=1e-6)
    assert {key: one.parts.sum() for key, one in found.items()} == expected
    assert pooled_scores(*case) == expected


def test_auc_adds_up_to_that_of_the_counts():
    ab, truth = random_ab(1)
    counts, found = AucCounts.of(ab, truth, GAMUT), contributions(*tallied(ab, truth))
    assert found["auc_raw"].parts.sum() == pytest.approx(counts.raw(), rel=1e-12)
    assert found["auc_rebalanced"].parts.sum() == pytest.approx(counts.rebalanced(), rel=1e-12)


def test_an_image_that_is_there_twice_counts_twice(case):
    drawn = [0, 2, 2, 3]
    tally, true = (gathered(*(one.at([place]) for place in drawn)) for one in case)
    scores, expected = pooled_scores(tally, true), weighted(np.array([1.0, 0, 2, 1, 0, 0]))
    del expected["auc_rebalanced_5"]  # four images have no bin in five of them
    assert {key: scores[key] for key in expected} == pytest.approx(expected, rel=1e-6)


SMOOTH = [
    *("auc_raw", "ab_spread", "chroma_distance", "neutral_chroma", "ab_divergence"),
    *("green_for_blue", "calibration_error"),
]


@pytest.mark.parametrize("key", SMOOTH)
def test_influence_is_the_derivative_by_an_images_weight(case, key):
    by = 1e-4
    moved = [
        (weighted(np.ones(6) + one)[key] - weighted(np.ones(6) - one)[key]) / (2 * by)
        for one in by * np.eye(6)
    ]
    found = contributions(*case)[key].influence
    # Central differences are off by the square of a ten-thousandth; ab are in float32.
    np.testing.assert_allclose(found, moved, atol=1e-5 * np.abs(found).max())


def test_influence_on_a_mean_is_the_image_less_the_mean():
    tally, true = tallied(*random_ab(2))
    values = tally.values["psnr"]
    found = contributions(tally, true)
    np.testing.assert_allclose(found["psnr"].influence, (values - values.mean()) / 6)
    errors = np.hypot(*((tally.counts["ab"] - true.ab)[:, :2] / 144).T)
    expected = (errors - errors.mean()) / 6
    np.testing.assert_allclose(found["mean_color_error"].influence, expected)


def test_more_of_the_same_images_move_no_score(case):
    # But of means over bins or hues, of which the rare are expected to be as the others are.
    means = ("auc_rebalanced", "hue_agreement")
    found = {key: one for key, one in contributions(*case).items() if key not in means}
    moved = {key: one.influence.sum() for key, one in found.items()}
    assert moved == pytest.approx(dict.fromkeys(found, 0), abs=1e-10)  # sums of float64


def test_an_image_moves_rebalanced_auc_by_a_bin_that_no_other_has():
    # All four images are right in one bin; the first is wrong in another, which only it has.
    pixels = np.array([[1, 1], [1, 0], [1, 0], [1, 0]])
    true, tally = counted(pixels, 151 * np.array([[1, 0]] * 4))
    found = main_contributions(tally, true)["auc_rebalanced"]
    # Whatever the images weigh, their ratios are 100 and 0, and the score their mean: a bootstrap
    # that weights images finds no variance in it.
    assert found.value == 50
    # A part is the mean over both bins of 100 / 4, and 0.
    assert found.parts.tolist() == [12.5] * 4
    # In the bin of all, three others have 100, and three images are as the mean: 75 are expected,
    # and (100 - 75) / 4 more found. In that of the first, 50 are expected and 0 found.
    assert found.influence.tolist() == [(6.25 - 50) / 2, *[6.25 / 2] * 3]
    assert estimate([found], min_images=4).high > 50 + 20


def test_bins_in_five_images_are_expected_to_be_as_the_mean_of_bins():
    # Ratios 100 and 50: parts less 75 times the mean of both shares of the pixels.
    pixels = np.array([[6, 2], [1, 2], [1, 2], [1, 2], [1, 2]])
    true, tally = counted(pixels, 151 * pixels * [1, 0.5])
    found = main_contributions(tally, true)["auc_rebalanced_5"]
    np.testing.assert_allclose(found.parts, np.array([60 + 10, *[10 + 10] * 4]) / 2)
    shares = np.array([0.6 + 0.2, *[0.1 + 0.2] * 4]) / 2
    np.testing.assert_allclose(found.influence, found.parts - 75 * shares)


def test_a_ratio_is_of_as_many_images_as_would_weigh_alike():
    # Four pixels and one: 1 / (.8² + .2²); means and bins are of two images.
    one = tallied(ab_of(*[(0, 0)] * 4), ab_of(*[(0, 0)] * 4))
    other = tallied(ab_of((0, 0)), ab_of((30, 40)), first=1)
    found = contributions(*(gathered(*parts) for parts in zip(one, other, strict=True)))
    assert found["auc_raw"].images == pytest.approx(1 / 0.68)
    assert found["neutral_chroma"].images == pytest.approx(1)
    assert found["psnr"].images == pytest.approx(2)
    assert found["auc_rebalanced"].images == 2


def test_a_score_that_is_no_number_has_no_interval():
    ab, truth = random_ab(6, images=30)
    ab[2, 0, 0, 0] = torch.nan
    found = contributions(*tallied(ab, truth))
    for key in ("delta_e", "chroma_distance", "mean_color_error"):
        told = estimate([found[key]], min_images=1)
        assert np.isnan([told.value, told.low, told.high]).all()


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 99), st.permutations(range(5)), st.integers(1, 4))
def test_no_score_depends_on_the_order_of_images_or_the_size_of_batches(seed, order, batch):
    tally, true = classified(seed, images=5, size=8)
    ab, truth = random_ab(seed, 5, 8)
    parts = [
        tallied(ab[at : at + batch], truth[at : at + batch], first=at) for at in range(0, 5, batch)
    ]
    batched = gathered(*(part for part, _ in parts))
    # Sums over an image's pixels may be grouped by the size of the batch.
    for key, values in batched.values.items():
        np.testing.assert_allclose(values, tally.values[key], rtol=1e-6)
    for key, counts in batched.counts.items():
        np.testing.assert_allclose(counts, tally.counts[key], rtol=1e-12)

    once, again = contributions(tally, true), moved_by(order, tally, true)
    for key, one in once.items():
        # Sums in another order.
        close = {"rtol": 1e-9, "atol": 1e-12 * np.abs(one.parts).max()}
        np.testing.assert_allclose(again[key].value, one.value, **close)
        if key != "chroma_distance":  # below
            np.testing.assert_allclose(again[key].parts, one.parts[list(order)], **close)
            np.testing.assert_allclose(again[key].influence, one.influence[list(order)], **close)


def moved_by(order, tally, true):
    return contributions(*(gathered(*(x.at([place]) for place in order)) for x in (tally, true)))


def test_what_images_contribute_to_the_chroma_distance_has_their_order():
    # At one step of chroma as much is missing in some images as others have too much.
    case, order = classified(46, images=5, size=8), [0, 1, 4, 3, 2]
    once, again = contributions(*case), moved_by(order, *case)
    expected = once["chroma_distance"].parts[order]
    np.testing.assert_allclose(again["chroma_distance"].parts, expected, rtol=1e-9)


def test_images_of_different_sizes_count_by_their_pixels_in_the_auc():
    # Four pixels right, one with error 50: of five together, not the mean of both images.
    one = tallied(ab_of(*[(0, 0)] * 4), ab_of(*[(0, 0)] * 4))
    other = tallied(ab_of((0, 0)), ab_of((30, 40)), first=1)
    tally, true = (gathered(*parts) for parts in zip(one, other, strict=True))
    assert (len(tally), tally.names) == (2, true.names)
    scores = pooled_scores(tally, true)
    assert scores["auc_raw"] == pytest.approx(100 * (4 * 151 + 101) / (5 * 151))
    assert scores["delta_e"] == 25  # the mean of the images'


def test_a_truth_of_other_images_is_refused():
    tally, true = tallied(*random_ab(0, images=2))
    for scores in (pooled_scores, contributions, main_contributions):
        with pytest.raises(ValueError, match=r"expected the truth of the same 2 images in the"):
            scores(tally, gathered(true, true))


def test_a_truth_in_another_order_is_refused():
    tally, true = tallied(*random_ab(0, images=2))
    names = true.names[::-1]
    with pytest.raises(ValueError, match=r"in the same order, got that of 2 whose names differ"):
        pooled_scores(tally, replace(true, names=names))


def test_tallies_of_other_scores_are_not_put_together():
    with pytest.raises(
        ValueError, match=r"same scores of all images, got calibration, entropy, nll"
    ):
        gathered(classified(0)[0], tallied(*random_ab(0))[0])


def test_a_tally_of_missing_images_is_refused():
    tally, true = tallied(*random_ab(0, images=2))
    with pytest.raises(ValueError, match=r"expected auc_raw of 1 images, got 2"):
        Tally(tally.names[:1], tally.values, tally.counts)
    with pytest.raises(ValueError, match=r"expected bins of 1 images, got 2"):
        Truth(("one",), **true.arrays())


def test_hue_agreement_has_as_many_images_as_the_rarest_hue(case):
    tally, true = case
    # Of a hue whose pixels are n_1 … n_N, Kish's effective number is (Σ n)² / Σ n².
    pixels = true.hue[:, :12].astype(float)
    pixels = pixels[:, pixels.sum(axis=0) > 0]
    kish = pixels.sum(axis=0) ** 2 / (pixels**2).sum(axis=0)
    assert contributions(tally, true)["hue_agreement"].images == pytest.approx(kish.min())
