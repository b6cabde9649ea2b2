"""The scores of a tally: by hand, by other libraries, and at their ends."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from tallies import GAMUT, ab_of, classified, counted, random_ab, tallied

from photochrom.color.lab import compose
from photochrom.metrics import (
    METRICS,
    AucCounts,
    Tally,
    chroma_shares,
    hue_shares,
    likelihood,
    main_contributions,
    pooled_scores,
    ssim,
)
from photochrom.quantize import hard_encode


def scores_of(ab, truth):
    return pooled_scores(*tallied(ab, truth))


def test_a_tally_has_every_score_but_that_of_other_networks():
    assert list(pooled_scores(*classified(0))) == [
        metric.key for metric in METRICS if metric.key != "fd_lite0"
    ]


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


def test_gray_lacks_all_the_chroma_of_the_truth():
    # Half of the pixels have chroma 51, in the step that begins at 50, half have none:
    # a half of the mass moves by 50.
    truth = ab_of((51, 0), (0, 0))
    assert scores_of(torch.zeros_like(truth), truth)["chroma_distance"] == 25


def test_chroma_distance_is_scipys_of_the_histograms():
    tally, true = tallied(*random_ab(2))
    at = 2.0 * np.arange(68)
    theirs = wasserstein_distance(at, at, tally.counts["chroma"].sum(0), true.chroma.sum(0))
    assert pooled_scores(tally, true)["chroma_distance"] == pytest.approx(theirs)


def test_ab_divergence_is_scipys():
    ab, truth = random_ab(3)
    p, q = (
        np.bincount(hard_encode(colors, GAMUT).flatten(), minlength=len(GAMUT)) / ab[:, 0].numel()
        for colors in (ab, truth)
    )
    ours = scores_of(ab, truth)["ab_divergence"]
    assert ours == pytest.approx(jensenshannon(p, q, base=2) ** 2)


def test_divergence_ends_at_one_bit():
    # Histograms without a common bin, and equal ones whose pixels are elsewhere.
    red, blue = (60, 1), (1, -60)
    assert scores_of(ab_of(red, red), ab_of(blue, blue))["ab_divergence"] == 1
    assert scores_of(ab_of(red, blue), ab_of(blue, red))["ab_divergence"] == 0


def test_ab_spread_is_numpys_standard_deviation():
    ab, truth = random_ab(4)
    spreads = [np.sqrt(x.double().numpy().var(axis=(0, 2, 3)).sum()) for x in (ab, truth)]
    assert scores_of(ab, truth)["ab_spread"] == pytest.approx(100 * spreads[0] / spreads[1])


def test_one_color_has_no_spread_and_a_gray_truth_none_to_compare_with():
    _, truth = random_ab(4)
    one = torch.tensor([15.7, 6.7])[:, None, None].expand_as(truth)
    assert scores_of(one, truth)["ab_spread"] == 0
    assert np.isnan(scores_of(truth, torch.zeros_like(truth))["ab_spread"])


def test_mean_color_error_is_of_each_images_mean():
    # Means (30, 40) and (0, 0), of a truth whose are (0, 0) and (0, 10): 50 and 10.
    ab = torch.cat([ab_of((30, 0), (30, 80)), ab_of((9, 0), (-9, 0))])
    truth = torch.cat([ab_of((7, 0), (-7, 0)), ab_of((0, 0), (0, 20))])
    assert scores_of(ab, truth)["mean_color_error"] == pytest.approx(30)


def test_chroma_on_neutral_pixels_by_hand():
    # True chroma 0, 4.99, 5 and 50, of which two are neutral: chroma 5 and 13.
    truth = ab_of((0, 0), (0, 4.99), (3, 4), (30, 40))
    ab = ab_of((3, 4), (5, -12), (60, 60), (0, 0))
    assert scores_of(ab, truth)["neutral_chroma"] == pytest.approx((5 + 13) / 2)


def test_without_neutral_pixels_they_have_no_chroma():
    assert np.isnan(scores_of(ab_of((0, 0)), ab_of((30, 40)))["neutral_chroma"])


def test_colorfulness_is_more_or_less_than_the_truths():
    _, truth = random_ab(5)
    tally, true = tallied(truth * torch.linspace(0.5, 1.5, 6)[:, None, None, None], truth)
    apart = tally.values["colorfulness"] - true.colorfulness
    assert (apart > 0).any()
    assert (apart < 0).any()
    scores = pooled_scores(tally, true)
    assert scores["colorfulness_difference"] == pytest.approx(apart.mean())
    assert scores["colorfulness_error"] == pytest.approx(np.abs(apart).mean())


def test_bins_of_fewer_than_five_images_are_left_out_of_a_rebalanced_auc():
    # Ten pixels right; in five images a bin with half of its thresholds; in four one that is wrong.
    pixels = np.array([[2, 2, 1], [2, 2, 1], [2, 2, 1], [2, 2, 1], [2, 2, 0]])
    true, tally = counted(pixels, 151 * pixels * [1, 0.5, 0])
    found = main_contributions(tally, true)
    assert found["auc_rebalanced_5"].value == pytest.approx((100 + 50) / 2)
    assert found["auc_rebalanced"].value == pytest.approx((100 + 50 + 0) / 3)
    few = main_contributions(tally.at([0, 1, 2, 3]), true.at([0, 1, 2, 3]))
    assert np.isnan(few["auc_rebalanced_5"].value)
    assert few["auc_rebalanced"].value == pytest.approx(50)


def test_likelihoods_of_images_of_other_sizes_follow_each_other():
    rng = torch.Generator().manual_seed(0)
    head = torch.randn(len(GAMUT), 4, generator=rng), torch.zeros(len(GAMUT))
    parts = []
    for images, side in ((2, 5), (1, 3)):
        features = torch.randn(images, 4, side, 6, generator=rng)
        parts.append(likelihood(features, *head, GAMUT, torch.zeros(images, 2, side, 6)))
    tally = tallied(*random_ab(0, images=3))[0].with_likelihood(*parts)
    for key in ("nll", "top1", "top5", "entropy"):
        assert tally.values[key].tolist() == [*parts[0].values[key], *parts[1].values[key]]
    calibration = tally.counts["calibration"]
    np.testing.assert_array_equal(calibration[:2], parts[0].calibration)
    np.testing.assert_array_equal(calibration[2:], parts[1].calibration)


def test_both_readings_of_ssim_are_kept():
    ab, truth = random_ab(1)
    tally = tallied(ab, truth)[0]
    rgb, true_rgb = (compose(torch.full_like(truth[:, :1], 50), x) for x in (ab, truth))
    for key, values in zip(("ssim", "ssim_cropped"), ssim(rgb, true_rgb), strict=True):
        np.testing.assert_array_equal(tally.values[key], values)


def test_hue_agreement_gives_each_true_sector_the_same_say():
    # Three red pixels (0°), two right; one blue (270°), wrong; grays do not count.
    red, blue, gray = (60, 1), (1, -60), (0, 0)
    truth = ab_of(red, red, red, blue, gray, gray)
    scores = scores_of(ab_of(red, red, gray, red, blue, gray), truth)
    assert scores["hue_agreement"] == pytest.approx((200 / 3 + 0) / 2)


def test_green_for_blue_by_hand():
    # Four blue pixels (240° to 300°): green, green, blue and gray.
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
    tally, true = classified(0, images=1)
    calibration = np.zeros((1, 15, 3))
    calibration[0, 8] = 10, 5.5, 7
    calibration[0, 14] = 10, 9.5, 10
    tally = Tally(tally.names, tally.values, tally.counts | {"calibration": calibration})
    assert pooled_scores(tally, true)["calibration_error"] == pytest.approx(10)


def test_the_truth_itself_has_the_best_of_every_score():
    _, truth = random_ab(4)
    scores = scores_of(truth, truth)
    highest = ("auc_raw", "auc_rebalanced", "hue_agreement", "psnr", "ab_spread")
    assert [scores[key] for key in highest] == pytest.approx([100] * 5)
    assert [scores[key] for key in ("ssim", "ssim_cropped")] == pytest.approx([1, 1])
    lowest = ("delta_e", "ciede2000_median", "chroma_distance", "ab_divergence")
    lowest += ("mean_color_error", "colorfulness_difference", "colorfulness_error")
    assert [scores[key] for key in lowest] == [0] * 7


def test_an_all_gray_truth_has_no_hue_to_agree_with():
    truth = torch.zeros(2, 2, 8, 8)
    scores = scores_of(truth, truth)
    assert (scores["auc_raw"], scores["auc_rebalanced"]) == (100, 100)
    assert (scores["psnr"], scores["colorfulness"]) == (100, 0)  # at most 100 dB
    assert np.isnan([scores["hue_agreement"], scores["green_for_blue"]]).all()


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_colors_that_are_not_finite_are_wrong_and_at_no_distance(wrong):
    _, truth = random_ab(5)
    scores = scores_of(torch.full_like(truth, wrong), truth)
    zero = {key for key, score in scores.items() if score == 0}
    assert zero >= {"auc_raw", "auc_rebalanced", "hue_agreement", "green_for_blue"}
    assert scores["ab_divergence"] == pytest.approx(1)
    del scores["ab_spread"]
    assert {key for key, score in scores.items() if np.isnan(score)} == {
        *("delta_e", "delta_e_median", "ciede2000", "ciede2000_median", "chroma_distance"),
        *("mean_color_error", "neutral_chroma"),
    }


def test_colors_that_are_not_finite_have_no_spread():
    ab, truth = random_ab(5)
    ab[0, 0, 0, 0] = torch.nan
    assert np.isnan(scores_of(ab, truth)["ab_spread"])


def test_one_wrong_pixel_leaves_the_other_images_alone():
    ab, truth = random_ab(6)
    sound = tallied(ab, truth)[0]
    ab[2, 0, 0, 0] = torch.nan
    tally, true = tallied(ab, truth)
    assert np.flatnonzero(np.isnan(tally.values["delta_e"])).tolist() == [2]
    others = [0, 1, 3, 4, 5]
    one, other = (pooled_scores(one.at(others), true.at(others)) for one in (sound, tally))
    assert one == other
