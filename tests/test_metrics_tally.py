"""The scores of a tally: by hand, by other libraries, and at their ends."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from tallies import GAMUT, ab_of, classified, random_ab, tallied

from photochrom.metrics import METRICS, AucCounts, Tally, chroma_shares, hue_shares, pooled_scores
from photochrom.metrics.pooled import jensen_shannon
from photochrom.quantize import hard_encode


def scores_of(ab, truth):
    tally, true = tallied(ab, truth)
    pooled = pooled_scores(tally, true, np.ones((1, len(tally))))
    return {key: value.item() for key, value in pooled.items()}


def test_a_tally_has_every_score_but_that_of_other_networks():
    tally, true = classified(0)
    scores = pooled_scores(tally, true, np.ones((1, len(tally))))
    assert list(scores) == [metric.key for metric in METRICS if metric.key != "fd_lite0"]


def test_without_distributions_there_is_no_score_of_them():
    classifiers = {metric.key for metric in METRICS if metric.classifiers_only}
    assert not classifiers & scores_of(*random_ab(0)).keys()


def test_auc_is_that_of_the_counts():
    ab, truth = random_ab(1)
    counts, scores = AucCounts.of(ab, truth, GAMUT), scores_of(ab, truth)
    assert scores["auc_raw"] == pytest.approx(counts.raw(), rel=1e-12)
    assert scores["auc_rebalanced"] == pytest.approx(counts.rebalanced(), rel=1e-12)
    assert counts.raw_curve().mean() == pytest.approx(counts.raw(), rel=1e-12)
    assert counts.rebalanced_curve().mean() == pytest.approx(counts.rebalanced(), rel=1e-12)


def test_mean_and_median_error_by_hand():
    # Errors 0, 5, 10 and 50: mean 65/4, median 15/2.
    truth = ab_of((0, 0), (0, 0), (0, 0), (30, 40))
    scores = scores_of(ab_of((0, 0), (3, 4), (6, 8), (0, 0)), truth)
    assert scores["delta_e"] == 65 / 4
    assert scores["delta_e_median"] == 15 / 2


def test_grey_lacks_all_the_chroma_of_the_truth():
    # Half of the pixels have chroma 51, in the step that begins at 50, half have none:
    # a half of the mass moves by 50.
    truth = ab_of((51, 0), (0, 0))
    assert scores_of(torch.zeros_like(truth), truth)["chroma_distance"] == 25


def test_chroma_distance_is_scipys_of_the_histograms():
    tally, true = tallied(*random_ab(2))
    at = 2.0 * np.arange(68)
    theirs = wasserstein_distance(at, at, tally.counts["chroma"].sum(0), true.chroma.sum(0))
    assert scores_of(*random_ab(2))["chroma_distance"] == pytest.approx(theirs)


def test_ab_divergence_is_scipys():
    ab, truth = random_ab(3)
    p, q = (
        np.bincount(hard_encode(colours, GAMUT).flatten(), minlength=len(GAMUT)) / ab[:, 0].numel()
        for colours in (ab, truth)
    )
    ours = scores_of(ab, truth)["ab_divergence"]
    assert ours == pytest.approx(jensenshannon(p, q, base=2) ** 2)


def test_divergence_ends_at_one_bit():
    # Histograms without a common bin, equal ones, and no pixels.
    pixels, truth = np.array([[4, 0], [3, 1], [0, 0]]), np.array([[0, 4], [3, 1], [0, 0]])
    np.testing.assert_array_equal(jensen_shannon(pixels, truth), [1, 0, np.nan])


def test_hue_agreement_gives_each_true_sector_the_same_say():
    # Three red pixels (0°), two right; one blue (270°), wrong; greys do not count.
    red, blue, grey = (60, 1), (1, -60), (0, 0)
    truth = ab_of(red, red, red, blue, grey, grey)
    scores = scores_of(ab_of(red, red, grey, red, blue, grey), truth)
    assert scores["hue_agreement"] == pytest.approx((200 / 3 + 0) / 2)


def test_green_for_blue_by_hand():
    # Four blue pixels (240° to 300°): green, green, blue and grey.
    blue, green = (1, -60), (-40, 40)
    truth = ab_of(blue, blue, blue, blue, (60, 1))
    scores = scores_of(ab_of(green, green, blue, (0, 0), green), truth)
    assert scores["green_for_blue"] == 50


def test_hue_shares_are_rows_of_percent():
    red, blue = (60, 1), (1, -60)
    tally, true = tallied(ab_of(red, blue, (0, 0), red), ab_of(red, red, red, red))
    shares = hue_shares(tally, true)
    assert shares[0, [0, 9, 12]].tolist() == [50, 25, 25]
    assert np.isnan(shares[1:]).all()


def test_chroma_shares_are_of_all_pixels():
    tally, true = tallied(ab_of((51, 0), (float("nan"), 0)), ab_of((0, 0), (0, 1.0)))
    assert chroma_shares(true)[0] == 1
    assert chroma_shares(tally)[25] == chroma_shares(tally).sum() == 0.5


def test_calibration_error_by_hand():
    # Ten pixels of confidence 0.55, seven right, and ten of 0.95, all right:
    # (10 · 0.15 + 10 · 0.05) / 20.
    tally, true = classified(0, pictures=1)
    calibration = np.zeros((1, 15, 3))
    calibration[0, 8] = 10, 5.5, 7
    calibration[0, 14] = 10, 9.5, 10
    tally = Tally(tally.names, tally.values, tally.counts | {"calibration": calibration})
    scores = pooled_scores(tally, true, np.ones((1, 1)))
    assert scores["calibration_error"].item() == pytest.approx(10)


def test_the_truth_itself_has_the_best_of_every_score():
    _, truth = random_ab(4)
    scores = scores_of(truth, truth)
    best = {"auc_raw": 100, "auc_rebalanced": 100, "hue_agreement": 100, "psnr": 100, "ssim": 1}
    assert {key: scores[key] for key in best} == pytest.approx(best)
    lowest = ("delta_e", "ciede2000_median", "chroma_distance", "ab_divergence")
    assert [scores[key] for key in lowest] == [0, 0, 0, 0]


def test_an_all_grey_truth_has_no_hue_to_agree_with():
    truth = torch.zeros(2, 2, 8, 8)
    scores = scores_of(truth, truth)
    assert (scores["auc_raw"], scores["auc_rebalanced"]) == (100, 100)
    assert (scores["psnr"], scores["colorfulness"]) == (100, 0)  # at most 100 dB
    assert np.isnan([scores["hue_agreement"], scores["green_for_blue"]]).all()


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_colours_that_are_not_finite_are_wrong_and_at_no_distance(wrong):
    _, truth = random_ab(5)
    scores = scores_of(torch.full_like(truth, wrong), truth)
    zero = {key for key, score in scores.items() if score == 0}
    assert zero >= {"auc_raw", "auc_rebalanced", "hue_agreement", "green_for_blue"}
    assert scores["ab_divergence"] == 1
    assert {key for key, score in scores.items() if np.isnan(score)} == {
        *("delta_e", "delta_e_median", "ciede2000", "ciede2000_median", "chroma_distance")
    }


def test_one_wrong_pixel_leaves_the_other_pictures_alone():
    ab, truth = random_ab(6)
    sound = tallied(ab, truth)[0]
    ab[2, 0, 0, 0] = torch.nan
    tally, true = tallied(ab, truth)
    assert np.flatnonzero(np.isnan(tally.values["delta_e"])).tolist() == [2]
    others = np.array([1, 1, 0, 1, 1, 1])
    one, other = (pooled_scores(one, true, others[None]) for one in (sound, tally))
    assert {key: x.item() for key, x in one.items()} == {key: x.item() for key, x in other.items()}
