import numpy as np
import pytest

from photochrom.metrics import Gathered, Tally, Truth


def tally(*names, values=("delta_e",)):
    """The scores of those pictures, no two numbers alike."""
    start = 100 * int(names[0])
    lines = np.arange(start, start + len(names))
    return Tally(names, {key: lines / 7 for key in values}, {"levels": np.outer(lines, [1, 2, 3])})


def gathered(most, *parts):
    found = Gathered(most)
    for part in parts:
        found.add(part)
    return found


def test_what_is_gathered_is_what_is_joined_to_the_bit():
    parts = [tally("1", "2"), tally("3"), tally("4", "5")]
    one, other = gathered(5, *parts).all(), Tally.joined(parts)
    assert one.names == other.names
    for key, array in one.arrays().items():
        assert array.dtype == other.arrays()[key].dtype
        np.testing.assert_array_equal(array, other.arrays()[key])


def test_room_that_no_picture_took_is_left_out():
    assert len(gathered(9, tally("1", "2")).all()) == 2


def test_truths_are_gathered_too():
    pixels = np.arange(6).reshape(2, 3)
    truth = Truth(("1", "2"), pixels, pixels + 10, pixels + 20, np.array([0.5, 1.5]))
    found = gathered(4, truth, truth).all()
    assert found.names == ("1", "2", "1", "2")
    np.testing.assert_array_equal(found.hue, np.concatenate([truth.hue, truth.hue]))


def test_later_pictures_join_the_arrays_of_the_first():
    # What memory needs: a batch leaves no array of its own behind.
    batch = tally("1", "2")
    found = gathered(4, batch)
    before = found.all()
    found.add(tally("3", "4"))
    for key, array in found.all().arrays().items():
        assert np.shares_memory(array, before.arrays()[key])
        assert not np.shares_memory(array, batch.arrays()[key])


def test_other_scores_are_not_put_after_them():
    with pytest.raises(ValueError, match=r"the same scores of all pictures, got nll of some only"):
        gathered(2, tally("1"), tally("2", values=("delta_e", "nll")))
