"""Tallies weighted, put together in any order, and refused where they do not fit."""

from dataclasses import replace

import numpy as np
import pytest
from gathering import gathered
from hypothesis import given, settings, strategies as st
from tallies import ab_of, classified, random_ab, tallied

from photochrom.metrics import Tally, Truth, pooled_scores


def taken(tally, places):
    """The pictures at those places, each by itself."""
    return [
        Tally(
            (tally.names[place],),
            {key: values[[place]] for key, values in tally.values.items()},
            {key: counts[[place]] for key, counts in tally.counts.items()},
        )
        for place in places
    ]


def test_weights_are_as_many_of_a_picture():
    tally, true = classified(7, pictures=3)
    drawn = [0, 2, 2]
    names = ("a", "b", "c")
    again = gathered(*taken(tally, drawn))
    again = Tally(names, again.values, again.counts)
    true_again = Truth(
        names, true.bins[drawn], true.chroma[drawn], true.hue[drawn], true.colorfulness[drawn]
    )
    whole = pooled_scores(again, true_again, np.ones((1, 3)))
    weighted = pooled_scores(tally, true, np.array([[1, 1, 1], [1, 0, 2]]))
    for key, value in weighted.items():
        assert value[1] == pytest.approx(whole[key].item(), nan_ok=True), key


def test_weights_that_are_no_whole_numbers_leave_every_score_a_number():
    tally, true = classified(9)
    weights = np.random.default_rng(0).dirichlet(np.ones(len(tally)), size=200)
    scores = pooled_scores(tally, true, weights)
    assert [key for key, values in scores.items() if np.isnan(values).any()] == []


def test_no_weight_at_all_leaves_nothing_to_score():
    tally, true = classified(8, pictures=2)
    scores = pooled_scores(tally, true, np.zeros((1, 2)))
    assert all(np.isnan(value).all() for value in scores.values())


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 99), st.permutations(range(5)), st.integers(1, 4))
def test_no_score_depends_on_the_order_of_pictures_or_the_size_of_batches(seed, order, batch):
    tally, true = classified(seed, pictures=5, size=8)
    ab, truth = random_ab(seed, 5, 8)
    parts = [
        tallied(ab[at : at + batch], truth[at : at + batch], first=at) for at in range(0, 5, batch)
    ]
    batched = gathered(*(part for part, _ in parts))
    # Sums over a picture's pixels may be grouped by the size of the batch.
    for key, values in batched.values.items():
        np.testing.assert_allclose(values, tally.values[key], rtol=1e-6)
    for key, counts in batched.counts.items():
        np.testing.assert_array_equal(counts, tally.counts[key])

    moved = gathered(*taken(tally, order))
    arrays = (x[list(order)] for x in (true.bins, true.chroma, true.hue, true.colorfulness))
    moved_truth = Truth(moved.names, *arrays)
    once = pooled_scores(tally, true, np.ones((1, 5)))
    twice = pooled_scores(moved, moved_truth, np.ones((1, 5)))
    for key, value in once.items():
        np.testing.assert_allclose(value, twice[key], rtol=1e-12)


def test_pictures_of_different_sizes_count_by_their_pixels_in_the_auc():
    # Four pixels right, one with error 50: of five together, not the mean of both pictures.
    one = tallied(ab_of(*[(0, 0)] * 4), ab_of(*[(0, 0)] * 4))
    other = tallied(ab_of((0, 0)), ab_of((30, 40)), first=1)
    tally, true = (gathered(*parts) for parts in zip(one, other, strict=True))
    assert (len(tally), tally.names) == (2, true.names)
    scores = pooled_scores(tally, true, np.ones((1, 2)))
    assert scores["auc_raw"].item() == pytest.approx(100 * (4 * 151 + 101) / (5 * 151))
    assert scores["delta_e"].item() == 25  # the mean of the pictures'


def test_a_truth_of_other_pictures_is_refused():
    tally, true = tallied(*random_ab(0, pictures=2))
    with pytest.raises(ValueError, match=r"expected the truth of the same 2 pictures in the same"):
        pooled_scores(tally, gathered(true, true), np.ones((1, 2)))


def test_a_truth_in_another_order_is_refused():
    tally, true = tallied(*random_ab(0, pictures=2))
    names = true.names[::-1]
    with pytest.raises(ValueError, match=r"in the same order, got that of 2 whose names differ"):
        pooled_scores(tally, replace(true, names=names), np.ones((1, 2)))


def test_tallies_of_other_scores_are_not_put_together():
    with pytest.raises(
        ValueError, match=r"same scores of all pictures, got calibration, entropy, nll"
    ):
        gathered(classified(0)[0], tallied(*random_ab(0))[0])


def test_a_tally_of_missing_pictures_is_refused():
    tally, true = tallied(*random_ab(0, pictures=2))
    with pytest.raises(ValueError, match=r"expected auc_raw of 1 pictures, got 2"):
        Tally(tally.names[:1], tally.values, tally.counts)
    with pytest.raises(ValueError, match=r"expected bins of 1 pictures, got 2"):
        Truth(("one",), true.bins, true.chroma, true.hue, true.colorfulness)
