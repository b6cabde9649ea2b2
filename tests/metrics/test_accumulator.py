import numpy as np
import pytest
from gathering import gathered

from photochrom.metrics import Gathered, Tally, Truth


def tally(*names, values=("delta_e",)):
    """The scores of those images, no two numbers alike."""
    start = 100 * int(names[0])
    lines = np.arange(start, start + len(names))
    return Tally(names, {key: lines / 7 for key in values}, {"levels": np.outer(lines, [1, 2, 3])})


def test_what_is_gathered_is_each_part_to_the_bit():
    parts = [tally("1", "2"), tally("3"), tally("4", "5")]
    found = gathered(*parts)
    assert found.names == ("1", "2", "3", "4", "5")
    for key, array in found.arrays().items():
        assert array.dtype == parts[0].arrays()[key].dtype
        expected = np.concatenate([part.arrays()[key] for part in parts])
        np.testing.assert_array_equal(array, expected)


def test_room_that_no_image_took_is_left_out():
    assert len(gathered(tally("1", "2"), most=9)) == 2


def test_truths_are_gathered_too():
    pixels = np.arange(6).reshape(2, 3)
    sums = np.arange(6).reshape(2, 3) / 7
    truth = Truth(("1", "2"), pixels, pixels + 10, pixels + 20, np.array([0.5, 1.5]), sums)
    found = gathered(truth, truth)
    assert found.names == ("1", "2", "1", "2")
    for key, array in found.arrays().items():
        np.testing.assert_array_equal(array, np.concatenate([truth.arrays()[key]] * 2))


def test_later_images_join_the_arrays_of_the_first():
    # What memory needs: a batch leaves no array of its own behind.
    batch = tally("1", "2")
    found = Gathered(4)
    found.add(batch)
    before = found.all()
    found.add(tally("3", "4"))
    for key, array in found.all().arrays().items():
        assert np.shares_memory(array, before.arrays()[key])
        assert not np.shares_memory(array, batch.arrays()[key])


def test_other_scores_are_not_put_after_them():
    with pytest.raises(ValueError, match=r"the same scores of all images, got nll of some only"):
        gathered(tally("1"), tally("2", values=("delta_e", "nll")))
