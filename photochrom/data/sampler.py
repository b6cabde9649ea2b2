"""Which picture stands at which position of an endless run of shuffled passes.

A pass may be cut into parts that are gone through several times each, so that a data set larger
than memory is read once for several uses.
"""

import functools
from collections.abc import Iterator, Sequence
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

    With `sources`, which names the source of every picture, a pass is as long but has of each
    source in proportion to the root of its size: of a large one some, of a small one all, and
    some again. Each source goes through its own pictures in shuffled passes.
    """

    def __init__(
        self,
        pictures: int,
        *,
        part: int,
        rounds: int,
        seed: int,
        sources: Sequence[str] | None = None,
    ) -> None:
        self.pictures, self.seed = pictures, seed
        self.part, self.rounds = (part, rounds) if part else (pictures, 1)
        self._sources = [] if sources is None else _members(sources)
        self._kept: tuple[int, Int64[np.ndarray, " N"]] | None = None

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
        whole = self._pass(place.turn)
        begin, length = self._extent(place.part)
        for step in range(length):
            member = (place.member + step) % length
            if place.round:  # the 2 tells it from the crops, drawn from (seed, 1, position)
                member = int(_shuffled((self.seed, 2, *place[:3]), length)[member])
            yield int(whole[begin + member])
        for step in range(length, self.pictures):
            yield int(whole[(begin + step) % self.pictures])

    def _pass(self, turn: int) -> Int64[np.ndarray, " N"]:
        """The pictures of a pass in its order."""
        if self._kept is None or self._kept[0] != turn:
            order = _shuffled((self.seed, turn), self.pictures)
            self._kept = turn, self._balanced(turn)[order] if self._sources else order
        return self._kept[1]

    def _balanced(self, turn: int) -> Int64[np.ndarray, " N"]:
        """What each source has in a pass, one after the other."""
        shares = _apportioned(self.pictures, [len(members) ** 0.5 for members in self._sources])
        parts = []
        for number, (members, share) in enumerate(zip(self._sources, shares, strict=True)):
            uses = np.arange(turn * share, (turn + 1) * share)
            turns = uses // len(members)  # the source's own passes
            for own in np.unique(turns):  # the 3 tells them from the passes, crops and rounds
                order = _shuffled((self.seed, 3, number, int(own)), len(members))
                parts.append(members[order[uses[turns == own] % len(members)]])
        return np.concatenate(parts)

    def _extent(self, part: int) -> tuple[int, int]:
        """Where in its pass a part begins, and how many pictures it has."""
        begin = part * self.part
        return begin, min(self.part, self.pictures - begin)


def _members(sources: Sequence[str]) -> list[Int64[np.ndarray, " n"]]:
    """The pictures of each source, by name."""
    named = np.array(sources)
    return [np.flatnonzero(named == source) for source in sorted(set(sources))]


def _apportioned(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that sum to `total`, nearest to the shares of it, by largest remainder.

    >>> _apportioned(10, [1, 2, 3])
    [2, 3, 5]
    """
    exact = np.array(shares) * total / np.sum(shares)
    whole = np.floor(exact).astype(int)
    largest = np.argsort(whole - exact, kind="stable")[: total - whole.sum()]
    whole[largest] += 1
    found: list[int] = whole.tolist()
    return found


@functools.lru_cache(maxsize=2)  # of the pass and of the round that were last asked for
def _shuffled(seed: tuple[int, ...], length: int) -> Int64[np.ndarray, " N"]:
    return np.random.default_rng(seed).permutation(length)
