"""Which picture stands at which position of an endless run of shuffled passes.

A pass may be cut into parts that are gone through several times each, so that a data set larger
than memory is read once for several uses.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64


class Place(NamedTuple):
    """Where a position of the run lies, each counted from 0."""

    turn: int
    """The pass."""
    part: int
    """The part of the pass."""
    round: int
    """How often the part has been gone through before."""
    member: int
    """The place in that round's order."""


class Order:
    """The order of `pictures` pictures, in parts of `part` that are used `rounds` times each.

    A pass is a new order of all. It is cut into parts, the last one smaller where they do not
    divide it, and each part is gone through `rounds` times before the next: first as the pass
    has it, then each time in a new order. A pass thus shows every picture `rounds` times. With
    `part` 0 a pass is one part and one round, whatever `rounds`.
    """

    def __init__(self, pictures: int, *, part: int, rounds: int, seed: int) -> None:
        self.pictures, self.seed = pictures, seed
        self.part, self.rounds = (part, rounds) if part else (pictures, 1)

    def locate(self, position: int) -> Place:
        """Where in which pass a position lies.

        >>> order = Order(5, part=3, rounds=2, seed=0)  # a pass: 2 × 3 uses, then 2 × 2
        >>> order.locate(4), order.locate(19)
        (Place(turn=0, part=0, round=1, member=1), Place(turn=1, part=1, round=1, member=1))
        """
        turn, use = divmod(position, self.pictures * self.rounds)
        part = use // (self.part * self.rounds)
        begin, length = self._extent(part)
        return Place(turn, part, *divmod(use - begin * self.rounds, length))

    def candidates(self, place: Place) -> Iterator[int]:
        """The picture of that place, then those that may replace it, each once, the best first.

        First the pictures of the part, in this round's order from the place on and then from its
        start; then those of the rest of the pass, in its order from the part's end on.
        """
        whole = _shuffled((self.seed, place.turn), self.pictures)
        begin, length = self._extent(place.part)
        for step in range(length):
            member = (place.member + step) % length
            if place.round:  # the 2 tells it from the crops, drawn from (seed, 1, position)
                member = int(_shuffled((self.seed, 2, *place[:3]), length)[member])
            yield int(whole[begin + member])
        for step in range(length, self.pictures):
            yield int(whole[(begin + step) % self.pictures])

    def _extent(self, part: int) -> tuple[int, int]:
        """Where in its pass a part begins, and how many pictures it has."""
        begin = part * self.part
        return begin, min(self.part, self.pictures - begin)


@functools.lru_cache(maxsize=2)  # of the pass and of the round that were last asked for
def _shuffled(seed: tuple[int, ...], length: int) -> Int64[np.ndarray, " N"]:
    return np.random.default_rng(seed).permutation(length)
