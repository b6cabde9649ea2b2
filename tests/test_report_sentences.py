import math
from dataclasses import replace

import pytest

from photochrom.report.sentences import sentences
from photochrom.results import CalibrationBin, Estimate, Evaluation, Pair, Row

TRUTH = {"colorfulness": 40.0}


def row(name, *, baseline=False, seeds=1, **scores):
    estimates = {key: Estimate(value, value - 1, value + 1) for key, value in scores.items()}
    return Row(name, name, baseline, estimates, seeds)


def pair(first, second, difference, *, key="auc_rebalanced", needed=None):
    """Of an interval that reaches 1 to either side."""
    ends = Estimate(difference, difference - 1, difference + 1)
    return Pair(key, first, second, ends, 0.5, abs(difference) > 1, needed)


def said(rows, pairs=(), **more):
    evaluation = Evaluation([*rows], [*pairs], [], [], [], TRUTH, counted=300, size=128)
    return sentences(replace(evaluation, **more))


A, B, C = (row(name, auc_rebalanced=at) for name, at in (("a", 67.0), ("b", 65.0), ("c", 63.0)))
GREY = row("grey", baseline=True, auc_rebalanced=64.0)


def test_without_a_trained_method_it_says_so():
    assert said([GREY]) == ["No method was evaluated: the rows below are baselines."]


def test_one_method_leads_nothing():
    assert said([A, GREY])[0] == (
        "a, the one method, has a rebalanced AuC of 67.00 % (66.00 to 68.00)."
    )


@pytest.mark.parametrize(
    ("pairs", "claim"),
    [
        (
            [pair("a", "b", 2.0), pair("a", "c", 4.0)],
            "and the data support its lead over b and c, over b, the nearest, by 2.00 "
            "(1.00 to 3.00).",
        ),
        (
            [pair("b", "a", -2.0), pair("c", "a", -4.0)],  # the same the other way round
            "and the data support its lead over b and c, over b, the nearest, by 2.00 "
            "(1.00 to 3.00).",
        ),
        (
            [pair("a", "b", 0.5, needed=1234), pair("a", "c", 4.0)],
            "the data support its lead over c, but do not tell it from b (65.00 %): "
            "about 1,300 pictures would tell them apart.",
        ),
        (
            [pair("a", "b", 0.5, needed=900), pair("a", "c", 0.9)],
            "but the data do not tell it from b (65.00 %) and c (63.00 %): "
            "about 900 pictures would tell it from b.",
        ),
        (
            [pair("a", "b", 2.0)],  # of a and c only the intervals are known: they are apart
            "the data support its lead over b and c",
        ),
    ],
    ids=["leads", "turned", "level with one", "level with all", "by the intervals"],
)
def test_a_lead_is_claimed_as_far_as_its_interval_goes(pairs, claim):
    opening = "a has the highest rebalanced AuC of the methods, 67.00 % (66.00 to 68.00)"
    sentence = said([C, A, B], pairs)[0]
    assert sentence.startswith(opening)
    assert claim in sentence


def test_methods_that_were_not_compared_are_not_told_apart():
    near = row("b", auc_rebalanced=66.5)
    assert said([A, near])[0].endswith("; it was not compared with b on the same pictures.")


def test_a_score_that_is_no_number_leads_nothing():
    nothing = row("a", auc_rebalanced=math.nan)
    sentence = said([nothing, B])[0]
    assert sentence.startswith("b has the highest rebalanced AuC")
    assert sentence.endswith(" a has none.")
    assert said([nothing])[0] == "No method has a rebalanced AuC that is a number."


def test_a_name_of_several_words_stands_in_quotes():
    name = row("soft, k = 5", auc_rebalanced=67.0)
    assert said([name])[0].startswith("“soft, k = 5”, the one method, has")


@pytest.mark.parametrize(
    ("rows", "claim"),
    [
        (
            [A, row("b", auc_rebalanced=68.0)],
            "Both methods are above it (a least, by 3.00).",
        ),
        ([A], "a is above it by 3.00."),
        ([A, B, C], "a is above it by 3.00; the data do not tell b and c from it."),
        ([row("d", auc_rebalanced=60.0)], "d is below it."),
        ([B], "The data do not tell b from it."),
    ],
)
def test_methods_stand_above_grey_where_the_intervals_are_apart(rows, claim):
    sentence = said([*rows, GREY])[2]
    assert sentence.startswith("Grey, which has no colour, has a rebalanced AuC of 64.00 %. ")
    assert claim in sentence


def test_a_pair_tells_more_than_the_intervals_of_its_two():
    sentence = said([B, GREY], [pair("b", "grey", 1.5)])[2]
    assert "b is above it" in sentence
    assert "b is below it" in said([B, GREY], [pair("grey", "b", 1.5)])[2]


def test_what_psnr_says_of_grey():
    grey = row("grey", baseline=True, psnr=24.0)
    methods = [row("a", psnr=20.0), row("b", psnr=21.0)]
    assert "PSNR rewards caution: grey has 24.00 dB. Both methods are below it." in said(
        [*methods, grey]
    )


def test_colourfulness_is_told_against_the_truth():
    methods = [row("a", colorfulness=30.0), row("b", colorfulness=45.0)]
    closer = pair("b", "a", -5.0, key="colorfulness")  # the distance of the first is less
    colorful = "The true pictures have a colourfulness of 40.0. "
    told = colorful + "a is less colourful; b is more colourful; b comes nearest, at 45.0"
    assert told + "." in said(methods, [closer])
    level = pair("b", "a", -0.5, key="colorfulness")
    assert told + ", but not measurably nearer than a." in said(methods, [level])


def test_a_colourfulness_near_the_truth_is_not_told_from_it():
    told = said([row("a", colorfulness=39.5)])
    assert "The true pictures have a colourfulness of 40.0. The data do not tell a from it." in told


def test_calibration_is_told_of_classifiers():
    bins = [CalibrationBin(0.5, 0.25, 0.75), CalibrationBin(0.9, 0.65, 0.25)]
    told = said([row("a", calibration_error=25.0), B], calibration={"a": bins})
    # 0.75 × 50 + 0.25 × 90 = 60, and 0.75 × 25 + 0.25 × 65 = 35
    assert (
        "Calibration error, the gap between a classifier’s probability and how often it is right: "
        "a 25.00 % (24.00 to 26.00), its likeliest bin given 60 % on average, and 35 % right."
    ) in told


@pytest.mark.parametrize(
    ("seeds", "claim"),
    [
        ((1, 1), "Each method is one run: the intervals cover the choice of pictures, not"),
        ((2, 2), "Each method is the mean of 2 runs with different seeds"),
        ((1, 3), "Each method is the mean of 1 to 3 runs with different seeds"),
    ],
)
def test_it_says_how_many_seeds_there_were(seeds, claim):
    rows = [replace(one, seeds=count) for one, count in zip((A, B), seeds, strict=True)]
    assert said(rows)[-2].startswith(claim)


def test_it_ends_with_what_it_does_not_show():
    assert said([A])[-1].startswith("What this does not show: other photographs")
    assert "300 photographs at 128 pixels" in said([A])[-1]
    assert said([A])[-1].endswith("about one errs.")


@pytest.mark.parametrize(
    ("counted", "claim"),
    [(1, "has no interval."), (19, "the intervals are too narrow, and more of them err.")],
)
def test_it_says_what_few_pictures_are_not_worth(counted, claim):
    told = said([A], counted=counted)
    assert told[-1].endswith(claim)
    assert any("intervals cover" in sentence for sentence in told) == (counted > 1)
