"""Training squares of a data set that is worked through in parts."""

import weakref
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from photochrom.data import TrainingSquares
from photochrom.image_io import ImageError, SourceImage


@pytest.fixture
def reads(monkeypatch):
    """The names of the images read so far: drawn ones, g… gray, x… unreadable.

    `reads.alive` holds those whose pixels are still in memory.
    """

    class Reads(list):
        def __init__(self):
            self.alive = weakref.WeakValueDictionary()

    made = Reads()

    def read(image, size, *, fit):
        made.append(image.name)
        if image.name[0] == "x":
            raise ImageError("not an image")
        rng = np.random.default_rng(list(image.name.encode()))
        rgb = rng.integers(0, 256, size=(8, 10, 3), dtype=np.uint8)
        if image.name[0] == "g":
            rgb[:] = 128
        made.alive[len(made)] = rgb
        return rgb

    monkeypatch.setattr("photochrom.data.datasets.read_rgb", read)
    return made


def squares(names=10, **changes):
    names = map(str, range(names)) if isinstance(names, int) else names
    settings = {"size": 8, "crop": 6, "seed": 0, "chunk_size": 4, "chunk_epochs": 3} | changes
    return TrainingSquares([SourceImage(name, name) for name in names], **settings)


def names(data, begin, end):
    return [data[position].name for position in range(begin, end)]


def replaced(unfit, by):
    """The names of ten images, those in `unfit` with the letter `by` before them."""
    return [f"{by}{name}" if name in unfit else name for name in map(str, range(10))]


def rounds_of(data, turn):
    """The rounds of a pass of ten images in parts of 4, 4 and 2, three rounds each."""
    edges = [30 * turn + place for place in (0, 4, 8, 12, 16, 20, 24, 26, 28, 30)]
    return [names(data, begin, end) for begin, end in pairwise(edges)]


def test_without_parts_a_pass_is_one_order_by_seed_and_pass(reads):
    data = squares(chunk_size=0, seed=7)
    order = np.random.default_rng([7, 1]).permutation(10)  # as runs before there were parts
    assert names(data, 10, 20) == [str(number) for number in order]


@pytest.mark.parametrize("part", [1, 4, 10, 99])
def test_one_round_of_parts_is_the_order_without_parts(reads, part):
    assert names(squares(chunk_size=part, chunk_epochs=1), 0, 30) == names(
        squares(chunk_size=0), 0, 30
    )


def test_each_part_is_gone_through_before_the_next(reads):
    rounds = rounds_of(squares(), 0)
    parts = [set(rounds[3 * part]) for part in range(3)]
    assert [set(one) for one in rounds] == [part for part in parts for _ in range(3)]
    assert [len(part) for part in parts] == [4, 4, 2]  # the last is smaller


def test_a_pass_shows_every_image_once_a_round(reads):
    assert Counter(names(squares(), 30, 60)) == {str(number): 3 for number in range(10)}


def test_rounds_differ_in_order(reads):
    data = squares(8, chunk_size=8)
    assert len({tuple(names(data, 8 * turn, 8 * turn + 8)) for turn in range(9)}) == 9


def test_passes_differ_in_their_parts(reads):
    data = squares()
    assert len({frozenset(rounds_of(data, turn)[0]) for turn in range(4)}) > 1


def test_a_part_is_read_once_for_all_its_rounds(reads):
    names(squares(), 0, 30)
    assert sorted(reads) == sorted(map(str, range(10)))
    names(squares(), 30, 60)
    assert len(reads) == 20


def test_without_parts_nothing_is_kept(reads):
    names(squares(chunk_size=0), 0, 30)
    assert len(reads) == 30
    assert not reads.alive


def test_no_more_than_one_part_is_in_memory(reads):
    data = squares()
    alive = []
    for position in range(60):
        data[position]
        alive.append(len(reads.alive))
    assert max(alive) == 4
    assert alive[12] == 1  # the first part is gone when the second begins


def test_a_part_larger_than_the_data_set_is_the_data_set(reads):
    whole, larger = squares(chunk_size=10), squares(chunk_size=1000)
    assert names(larger, 0, 60) == names(whole, 0, 60)
    assert len(larger.images) == len(reads.alive) / 2 == 10


@pytest.mark.parametrize("bad", ["g", "x"])
def test_what_stands_at_a_position_does_not_depend_on_what_is_kept(reads, bad):
    named = [f"{bad}{number}" if number % 3 else str(number) for number in range(10)]
    warm = squares(named)
    for position in range(60):
        cold, kept = squares(named)[position], warm[position]
        assert (cold.name, cold.skipped) == (kept.name, kept.skipped)
        assert torch.equal(cold.rgb, kept.rgb)


def test_workers_that_share_the_positions_see_what_one_would(reads):
    one, two = squares(), (squares(), squares())
    for position in range(60):
        expected, got = one[position], two[position // 4 % 2][position]  # batches of 4 in turn
        assert torch.equal(expected.rgb, got.rgb)


def test_a_use_of_a_kept_image_has_a_crop_of_its_own(reads):
    data = squares(1, chunk_size=1, chunk_epochs=12)
    assert len({data[position].rgb.numpy().tobytes() for position in range(12)}) > 6


@pytest.mark.parametrize("bad", ["g", "x"])
def test_an_unfit_image_gives_its_place_to_the_next_of_its_round(reads, bad):
    rounds = rounds_of(squares(), 0)
    unfit = rounds[0][3]  # the last of the round: the round's first is next
    found = rounds_of(squares(replaced({unfit}, bad)), 0)
    for before, after in zip(rounds, found, strict=True):
        turned = [*before[1:], before[0]]
        expected = [n if o == unfit else o for o, n in zip(before, turned, strict=True)]
        assert after == expected


def test_an_unfit_image_of_a_part_is_read_once_and_named_each_time(reads):
    data = squares(replaced({"5"}, "x"))
    skipped = [one for position in range(30) for one in data[position].skipped]
    assert set(skipped) == {("x5", "not an image")}
    assert len(skipped) >= 3  # once a round, and where it is next to another one
    assert reads.count("x5") == 1


def test_a_part_without_a_fit_image_takes_the_next_of_the_pass(reads):
    rounds = rounds_of(squares(), 0)
    data = squares(replaced(set(rounds[6]), "g"))  # all of the last part, of two images
    reads.clear()
    assert names(data, 24, 30) == [rounds[0][0]] * 6  # the pass's first is next
    assert len(reads) == 3


def test_no_more_is_kept_where_a_whole_part_is_replaced(reads):
    unfit = set(rounds_of(squares(), 0)[0])
    data = squares(replaced(unfit, "g"), chunk_size=4)
    reads.clear()
    assert len(set(names(data, 0, 12))) == 1
    assert not reads.alive


def test_a_data_set_without_a_fit_image_ends_in_words(reads):
    with pytest.raises(ValueError, match=r"got 10 in a row that are none: the first is g\d \(gray"):
        squares([f"g{number}" for number in range(10)])[0]
