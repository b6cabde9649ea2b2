"""Rows and pairs of hand-made tallies: one pixel an image, so that only the values differ."""

import math

import numpy as np
import pytest
from scipy import stats
from tallies import ends

from photochrom.evaluation.inference import holm, sign_flip
from photochrom.evaluation.pairwise import adjusted, compare
from photochrom.evaluation.results import Estimate, Pair
from photochrom.metrics import METRICS, Tally, Truth

N = 40


def names_of(images):
    return tuple(map(str, range(images)))


def only(images, places, *shape):
    """One pixel of each image, in the first of some places."""
    counts = np.zeros((images, *shape, places), dtype=np.int32)
    counts.reshape(images, -1)[:, 0] = 1
    return counts


def true_colorfulness(images=N):
    return np.linspace(20, 60, images)


def truth(images=N):
    return Truth(
        names_of(images),
        bins=only(images, 5),
        chroma=only(images, 68),
        hue=only(images, 13),
        colorfulness=true_colorfulness(images),
        ab=np.zeros((images, 3)),
    )


def tally(psnr=20.0, colorfulness=None, images=N, **values):
    if colorfulness is None:
        colorfulness = true_colorfulness(images)
    values = {"psnr": np.full(images, 0.0) + psnr, "colorfulness": colorfulness} | values
    counts = {key: only(images, 5) for key in ("area", "bins")}
    counts |= {"chroma": only(images, 68), "hue": only(images, 13, 13)}
    counts |= {"ab": np.zeros((images, 3)), "neutral": np.ones((images, 2))}
    return Tally(names_of(images), values, counts)


def compared(trained=None, baselines=("gray",), images=N, **rows):
    """What the rows score and their pairs by name; baselines are gray ones."""
    rows = {name: runs if isinstance(runs, list) else [runs] for name, runs in rows.items()}
    trained = trained or dict.fromkeys(rows)  # none has bins
    rows |= {name: [tally(0.0, np.zeros(images), images)] for name in baselines}
    found = compare(rows, truth(images), trained=trained, seed=0)
    return found, {(pair.metric, pair.first, pair.second): pair for pair in found.pairs}


def noise(seed, mean=20.0, images=N):
    return np.random.default_rng(seed).normal(mean, 1, size=images)


def test_colorfulness_is_compared_by_each_images_distance_to_the_truth():
    true = true_colorfulness()
    _, pairs = compared(over=tally(colorfulness=true + 3), under=tally(colorfulness=true - 2))
    pair = pairs["colorfulness_error", "over", "under"]
    # By 3 - 2 on every image.
    assert ends(pair.difference) == pytest.approx((1, 1, 1))
    assert (pair.wins, pair.supported, pair.images_needed) == (0, True, None)
    gray = pairs["colorfulness_error", "over", "gray"]
    assert gray.difference.value == pytest.approx(3 - true.mean())
    assert gray.wins == 1


def test_scores_that_are_best_near_the_truth_or_nowhere_have_no_pairs():
    found, pairs = compared(one=tally(), two=tally())
    undirected = {"colorfulness", "colorfulness_difference", "ab_spread"}
    assert undirected <= found.scores["one"].keys()
    assert not undirected & {metric for metric, *_ in pairs}


def test_colorfulness_less_the_truths_has_the_interval_of_a_paired_difference():
    # The images differ by 40; what is wrong with each by far less.
    wrong = np.random.default_rng(0).uniform(1, 3, size=N)
    found, _ = compared(one=tally(colorfulness=true_colorfulness() + wrong))
    half = stats.t.ppf(0.975, N - 1) * stats.sem(wrong)  # tails that are light: all of N - 1
    expected = (wrong.mean(), wrong.mean() - half, wrong.mean() + half)
    assert ends(found.scores["one"]["colorfulness_difference"]) == pytest.approx(expected)


def test_what_is_hard_for_both_cancels_whatever_their_numbers_of_seeds():
    hard = np.random.default_rng(0).normal(20, 5, size=N)
    _, pairs = compared(one=tally(hard), two=[tally(hard + 1), tally(hard + 1)])
    pair = pairs["psnr", "one", "two"]
    assert ends(pair.difference) == pytest.approx((-1, -1, -1))
    assert pair.wins == 0


def test_a_row_of_several_runs_has_their_mean_in_all():
    found, pairs = compared(runs=[tally(10.0), tally(30.0)], other=tally(15.0))
    assert found.scores["runs"]["psnr"].value == 20
    pair = pairs["psnr", "runs", "other"]
    assert (pair.difference.value, pair.wins) == (5, 1)


def test_a_difference_in_doubt_says_how_many_images_would_settle_it():
    some = noise(0, mean=0.1)
    _, pairs = compared(one=tally(20 + some), two=tally(20.0))
    pair = pairs["psnr", "one", "two"]
    assert not pair.supported
    # Of a test with a power of .8: ((1.960 + 0.842) σ / δ)².
    reach = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert pair.images_needed == math.ceil((reach * some.std(ddof=1) / some.mean()) ** 2)


def test_pairs_are_in_the_order_of_rows_and_metrics_and_baselines_are_second():
    found, _ = compared(b=tally(), a=tally(), baselines=("gray", "constant"))
    named = [("b", "a"), *((row, base) for row in "ba" for base in ("gray", "constant"))]
    directed = [metric.key for metric in METRICS if metric.better in ("higher", "lower")]
    keys = [key for key in directed if key in found.scores["a"]]
    expected = [(key, *names) for key in keys for names in named]
    assert [(pair.metric, pair.first, pair.second) for pair in found.pairs] == expected


@pytest.mark.parametrize("methods", [1, 2, 12])
def test_every_two_methods_and_each_with_every_baseline_are_a_pair(methods):
    rows = {f"m{place}": tally(noise(place)) for place in range(methods)}
    _, pairs = compared(**rows, baselines=("gray", "constant"))
    psnr = [names for metric, *names in pairs if metric == "psnr"]
    assert len(psnr) == methods * (methods - 1) // 2 + 2 * methods
    assert len({frozenset(names) for names in psnr}) == len(psnr)


def test_one_network_each_is_tested_by_flips_of_the_images_signs():
    one, two = noise(1, mean=20.3), noise(2)
    _, pairs = compared(one=tally(one), two=tally(two))
    pair = pairs["psnr", "one", "two"]
    assert pair.p == pytest.approx(sign_flip((one - two)[:, None])[0])
    assert 0 < pair.p < 1
    assert pair.seeds == 1


def test_one_run_of_a_method_says_nothing_of_its_other_seeds():
    runs = [tally(noise(place)) for place in range(3)]
    _, pairs = compared(one=tally(noise(9)), three=runs)
    pair = pairs["psnr", "one", "three"]
    assert pair.seeds == 1
    apart = runs[0].values["psnr"] + runs[1].values["psnr"] + runs[2].values["psnr"]
    assert pair.p == pytest.approx(sign_flip((noise(9) - apart / 3)[:, None])[0])
    assert pairs["psnr", "three", "gray"].seeds == 3


def test_methods_of_three_seeds_are_tested_over_their_seeds():
    # Each seed lifts the whole method by its own; images agree to the last digit.
    runs = [tally(20.0 + by) for by in (0, 1, 2)]
    _, pairs = compared(one=runs, two=[tally(18.5)] * 3)
    pair = pairs["psnr", "one", "two"]
    assert pair.seeds == 3
    # Differences 1.5, 2.5 and 3.5: only seeds vary them.
    assert pair.p == pytest.approx(stats.ttest_1samp([1.5, 2.5, 3.5], 0).pvalue)


def test_two_seeds_say_nothing_of_others():
    _, pairs = compared(one=[tally(20.0), tally(30.0)], two=[tally(19.0)] * 2)
    pair = pairs["psnr", "one", "two"]
    assert pair.seeds == 2
    assert pair.supported  # of these networks: every image has the same sign


def test_pairs_of_methods_and_pairs_with_baselines_are_adjusted_by_themselves():
    rows = {name: tally(noise(place, 20 + 0.4 * place)) for place, name in enumerate("abcd")}
    _, pairs = compared(**rows)
    of_methods = [pair for key, pair in pairs.items() if key[0] == "psnr" and key[2] != "gray"]
    assert len(of_methods) == 6
    assert [one.p_adjusted for one in of_methods] == holm([one.p for one in of_methods])
    assert any(one.p < 0.05 < one.p_adjusted for one in of_methods)
    # Four pairs with gray, all as unlikely as can be: 4 / 10,000.
    with_gray = [pair for key, pair in pairs.items() if key[0] == "psnr" and key[2] == "gray"]
    assert [one.p_adjusted for one in with_gray] == pytest.approx([4e-4] * 4)
    _, more = compared(**rows, baselines=("gray", "constant", "bound"))
    assert [more[one.metric, one.first, one.second] for one in of_methods] == of_methods
    assert more["psnr", "a", "gray"].p_adjusted == pytest.approx(12e-4)


def test_each_metric_has_its_own_adjustment():
    rows = {name: noise(place, 20 + 0.4 * place) for place, name in enumerate("abc")}
    alone = compared(**{name: tally(psnr) for name, psnr in rows.items()})[1]
    same = {name: tally(psnr, ssim=psnr, nll=psnr) for name, psnr in rows.items()}
    more = compared(**same, baselines=())[1]
    for names in (("a", "b"), ("a", "c"), ("b", "c")):
        found = [more[key, *names].p_adjusted for key in ("psnr", "ssim", "nll")]
        assert found == [alone["psnr", *names].p_adjusted] * 3


@pytest.mark.parametrize(
    ("p", "told"), [(0.0, True), (0.05, True), (0.0501, False), (1.0, False), (math.nan, False)]
)
def test_a_difference_is_supported_up_to_an_adjusted_p_value_of_a_twentieth(p, told):
    pair = Pair("psnr", "a", "b", Estimate(1.0, -9, 11), p=p, images_needed=300)
    (found,) = adjusted([pair])  # of one test Holm's p-value is its own
    assert found.supported is told
    assert found.images_needed == (None if told else 300)
    assert found.p_adjusted == pytest.approx(p, nan_ok=True)


@pytest.mark.parametrize(("images", "told"), [(19, False), (20, True), (21, True)])
def test_nothing_is_claimed_below_20_images(images, told):
    _, pairs = compared(one=tally(5.0, images=images), two=tally(4.0, images=images), images=images)
    pair = pairs["psnr", "one", "two"]
    assert pair.supported is told
    assert np.isnan([pair.p, pair.p_adjusted]).tolist() == [not told] * 2
    assert pair.difference.value == pytest.approx(1)


def test_a_method_without_a_number_has_no_claims_and_leaves_others_theirs():
    wrong = noise(2)
    wrong[7] = math.nan
    sound = {"a": tally(noise(0, 20.4)), "b": tally(noise(1))}
    found, pairs = compared(**sound, wrong=tally(wrong))
    assert np.isnan(ends(found.scores["wrong"]["psnr"])).all()
    assert math.isfinite(found.scores["wrong"]["auc_raw"].value)
    for names in (("a", "wrong"), ("b", "wrong"), ("wrong", "gray")):
        pair = pairs["psnr", *names]
        assert np.isnan([*ends(pair.difference), pair.p, pair.p_adjusted]).all()
        assert (pair.supported, pair.images_needed) == (False, None)
    assert pairs["psnr", "a", "b"] == compared(**sound)[1]["psnr", "a", "b"]


@pytest.mark.parametrize(("seeds", "drawn"), [(1, 0.03), (3, 1e-9)])
def test_the_order_of_the_images_changes_nothing_but_the_draws(seeds, drawn):
    order = np.random.default_rng(0).permutation(N).tolist()
    rows = {
        name: [tally(noise(seed + 9 * place)) for seed in range(seeds)]
        for place, name in enumerate("abc")
    }
    rows["constant"] = [tally(noise(99))]
    moved = {name: [one.at(order) for one in runs] for name, runs in rows.items()}
    trained = dict.fromkeys("abc")
    once = compare(rows, truth(), trained=trained)
    again = compare(moved, truth().at(order), trained=trained)
    for row, scores in once.scores.items():
        for key, score in scores.items():
            assert ends(again.scores[row][key]) == pytest.approx(ends(score), nan_ok=True)
    for one, two in zip(once.pairs, again.pairs, strict=True):
        assert (one.metric, one.first, one.second) == (two.metric, two.first, two.second)
        assert ends(one.difference) == pytest.approx(ends(two.difference), nan_ok=True)
        # Four standard errors of two shares of 9,999 draws; over seeds nothing is drawn.
        assert one.p == pytest.approx(two.p, abs=drawn, nan_ok=True)


def test_scores_of_distributions_are_compared_over_as_many_bins():
    rows = {name: tally(nll=noise(place)) for place, name in enumerate("abc")}
    _, pairs = compared(**rows, trained={"a": 313, "b": 313, "c": 98})
    assert [names for metric, *names in pairs if metric == "nll"] == [["a", "b"]]


def test_no_methods_have_no_pairs():
    assert compared()[0].pairs == []
