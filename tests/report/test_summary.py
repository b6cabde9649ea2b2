"""The summary claims what the tests support, and says what it does not."""

import math
from dataclasses import replace

import pytest
from report_world import pair

from photochrom.evaluation.results import CalibrationBin, Estimate, Evaluation, Row
from photochrom.report.summary import sentences

TRUTH = {"colorfulness": 40.0}


def row(name, *, baseline=False, seeds=1, **scores):
    estimates = {key: Estimate(value, value - 1, value + 1) for key, value in scores.items()}
    return Row(name, name, baseline, estimates, seeds)


def said(rows, pairs=(), **more):
    evaluation = Evaluation([*rows], [*pairs], [], [], [], TRUTH, counted=300, size=128)
    return sentences(replace(evaluation, **more))


A, B, C = (row(name, auc_rebalanced=at) for name, at in (("a", 67.0), ("b", 65.0), ("c", 63.0)))
GRAY = row("gray", baseline=True, auc_rebalanced=64.0)
CONSTANT = row("constant", baseline=True, auc_rebalanced=65.5)


def test_without_a_method_it_says_so():
    assert said([GRAY]) == ["No method was evaluated: all rows are baselines."]


def test_one_method_leads_nothing():
    assert said([A, GRAY])[0] == (
        "a, the only method, has a rebalanced AuC of 67.00 % (66.00 to 68.00)."
    )


@pytest.mark.parametrize(
    ("pairs", "claim"),
    [
        (
            [pair("a", "b", 2.0), pair("a", "c", 4.0)],
            " Its lead over b and c is significant (over b +2.00 (+1.50 to +2.50), p = .001).",
        ),
        (
            [pair("b", "a", -2.0), pair("c", "a", -4.0)],  # the same the other way round
            " Its lead over b and c is significant (over b +2.00 (+1.50 to +2.50), p = .001).",
        ),
        (
            [pair("a", "b", 0.4, p=0.3, needed=1234), pair("a", "c", 4.0, p=0.0002)],
            " Its lead over c is significant (+4.00 (+3.50 to +4.50), p < .001). It is not "
            "significantly different from b (+0.40 (−0.10 to +0.90), p = .300; about 1,300 images "
            "would be needed to find a difference of this size).",
        ),
        (
            [pair("a", "b", 0.4, p=0.3), pair("a", "c", 0.9, p=0.2)],
            " It is not significantly different from b and c (from b +0.40 (−0.10 to +0.90), "
            "p = .300).",
        ),
    ],
    ids=["leads", "turned", "one in doubt", "all in doubt"],
)
def test_a_lead_is_claimed_as_far_as_its_tests_go(pairs, claim):
    opening = (
        "By rebalanced AuC, the primary metric, a has the highest score of the methods, "
        "67.00 % (66.00 to 68.00)."
    )
    assert said([C, A, B], pairs)[0] == opening + claim


def test_intervals_that_are_apart_are_no_claim_without_a_test():
    assert " It is not significantly different from c" in said([A, C])[0]


def test_the_least_error_leads_where_less_is_better():
    rows = [row("a", ciede2000=12.0), row("b", ciede2000=10.0)]
    (first, *_) = said(rows, [pair("b", "a", -2.0, key="ciede2000")], primary="ciede2000")
    assert "b has the lowest score of the methods, 10.00" in first
    assert "Its lead over a is significant" in first


def test_a_score_that_is_no_number_leads_nothing():
    nothing = row("a", auc_rebalanced=math.nan)
    sentence = said([nothing, B, C], [pair("b", "c", 2)])[0]
    assert "b has the highest score" in sentence
    assert sentence.endswith(" a has no score that is a number.")
    assert said([nothing])[0] == "No method has a rebalanced AuC that is a number."


def test_a_name_of_several_words_stands_in_quotes():
    name = row("soft, k = 5", auc_rebalanced=67.0)
    assert said([name])[0].startswith("“soft, k = 5”, the only method, has")


@pytest.mark.parametrize(
    ("rows", "pairs", "claim"),
    [
        ([A, B], [("a", 1), ("b", 1)], "Both methods are significantly better."),
        ([A], [("a", 1)], "a is significantly better."),
        (
            [A, B, C],
            [("a", 1), ("b", 0), ("c", 0)],
            "a is significantly better; b and c are not significantly different.",
        ),
        ([C], [("c", -1)], "c is significantly worse."),
        ([B], [("b", 0)], "b is not significantly different."),
        ([B], [], "b is not significantly different."),
    ],
)
def test_methods_beat_a_baseline_where_the_test_says_so(rows, pairs, claim):
    tested = [
        pair(name, "constant", 3 * sign or 0.1, p=0.01 if sign else 0.5) for name, sign in pairs
    ]
    sentence = next(one for one in said([*rows, CONSTANT], tested) if "constant" in one)
    assert sentence == f"The best constant color has a rebalanced AuC of 65.50 %. {claim}"


def test_where_gray_wins_is_said():
    rows = [row("a", psnr=20.0, ssim=0.9), row("b", psnr=21.0, ssim=0.9)]
    gray = row("gray", baseline=True, psnr=24.0, ssim=0.9)
    pairs = [pair(name, "gray", -3, key="psnr") for name in "ab"]
    pairs += [pair("b", "gray", -0.1, key="ssim")]
    assert (
        "Gray is significantly better in PSNR (both methods) and SSIM (b): these metrics punish "
        "a wrong color more than a missing one."
    ) in said([*rows, gray], pairs)
    assert not any("Gray is significantly" in one for one in said([*rows, gray], pairs[:0]))


def test_a_method_that_paints_nearly_one_color_is_called_that():
    rows = [row("a", ab_spread=12.0), row("b", ab_spread=80.0)]
    (told,) = [one for one in said(rows) if "one color" in one]
    assert told.startswith("a (12 %) paints nearly one color")


def test_colorfulness_is_compared_with_the_true_images_pair_by_pair():
    rows = [
        row("a", colorfulness_difference=-10.0),
        row("b", colorfulness_difference=5.0),
        row("c", colorfulness_difference=0.5),
    ]
    assert (
        "The true images have a colorfulness of 40.0. a is less colorful by 10.0 (9.0 to 11.0); "
        "b is more colorful by 5.0 (4.0 to 6.0); c is not significantly different."
    ) in said(rows)


def test_calibration_is_told_of_classifiers():
    bins = [CalibrationBin(0.5, 0.25, 0.75), CalibrationBin(0.9, 0.65, 0.25)]
    told = said([row("a", calibration_error=25.0), B], calibration={"a": bins})
    # 0.75 × 50 + 0.25 × 90 = 60, and 0.75 × 25 + 0.25 × 65 = 35
    assert (
        "Calibration error, the gap between a classifier’s probability and how often it is right: "
        "a 25.00 % (24.00 to 26.00) (mean probability of the top bin 60 %, right 35 %)."
    ) in told


@pytest.mark.parametrize(
    ("seen", "claim"),
    [
        ((32_000, 32_000), "Every method saw 32,000 training images."),
        (
            (32_000, 8_000),
            "The methods saw different numbers of training images, 8,000 to 32,000: the "
            "comparison includes how fast each of them trains.",
        ),
    ],
)
def test_unequal_budgets_are_said_to_compare_speed(seen, claim):
    rows = [replace(one, images_seen=count) for one, count in zip((A, B), seen, strict=True)]
    assert claim in said(rows)


@pytest.mark.parametrize(
    ("shares", "claim"),
    [
        ((0.1, 0.1), "Gradients were clipped in 10 % of the training steps of every method."),
        (
            (0.09, 0.11),
            "Gradients were clipped in 9 to 11 % of the training steps of every method.",
        ),
        (
            (0.0, 1.0),
            "Gradients were clipped in 0 to 100 % of the training steps, depending on the method: "
            "the clipping threshold favors some of them.",
        ),
    ],
)
def test_clipping_that_favors_one_side_is_said(shares, claim):
    rows = [replace(one, clipped=share) for one, share in zip((A, B), shares, strict=True)]
    assert claim in said(rows)


@pytest.mark.parametrize(
    ("seeds", "claim"),
    [
        ((1, 1), "Each method was trained once. Intervals and tests cover the choice of images "),
        ((2, 2), "Each method was trained with fewer than 3 seeds. Intervals"),
        ((1, 3), "Each method was trained with fewer than 3 seeds, at least in part."),
        ((3, 3), "Each method was trained with 3 seeds. Intervals and tests cover the choice of "),
        ((3, 5), "Each method was trained with 3 to 5 seeds."),
    ],
)
def test_claims_are_about_networks_below_three_seeds_and_about_methods_from_there(seeds, claim):
    rows = [replace(one, seeds=count) for one, count in zip((A, B), seeds, strict=True)]
    sentence = said(rows)[-2]
    assert sentence.startswith(claim)
    about = "the methods under this protocol" if min(seeds) > 2 else "these trained networks"
    assert f"claims are about {about}" in sentence


def test_scores_on_images_that_chose_something_are_called_no_result():
    first = said([A, B], selected=["a"])[0]
    assert first.startswith(
        "Not a result: options or decoding parameters of a were chosen on these images, so its"
    )
    assert (
        "parameters of a and b were chosen on these images, so their"
        in (said([A, B], selected=["a", "b"])[0])
    )


def test_it_ends_with_what_it_does_not_show():
    last = said([A])[-1]
    assert last.startswith("What this does not show: other collections of images")
    assert "300 images at 128 pixels" in last
    assert "adjusted by Holm over the pairs of the same table, is at most .05" in last


@pytest.mark.parametrize(
    ("counted", "claim"),
    [
        (1, "With fewer than 20 images no interval holds its level"),
        (19, "With fewer than 20 images no interval holds its level"),
        (20, "Scores of pooled pixels have intervals from 50 images or more on."),
        (50, "Scores of pooled pixels have intervals from 150 images or more on."),
    ],
)
def test_it_says_what_few_images_cannot_show(counted, claim):
    assert claim in said([A], counted=counted)[-1]
