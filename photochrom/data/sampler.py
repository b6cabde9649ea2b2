"""Which image stands at which position of an endless run of shuffled passes.

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
    """The order of images, in chunks of `chunk_size` that are used `chunk_epochs` times each.

    A pass is a new order of all. It is cut into parts, the last one smaller where they do not
    divide it, and each part is gone through `chunk_epochs` times before the next: first as the pass
    has it, then each time in a new order. A pass thus shows every image `chunk_epochs` times. With
    `chunk_size` 0 a pass is one part and one round, whatever `chunk_epochs`.

    With `sources`, which names the source of every image, a pass is as long but has of each
    source in proportion to the root of its size: of a large one some, of a small one all, and
    some again. Each source goes through its own images in shuffled passes.
    """

    def __init__(
        self,
        images: int,
        *,
        chunk_size: int,
        chunk_epochs: int,
        seed: int,
        sources: Sequence[str] | None = None,
    ) -> None:
        self.images, self.seed = images, seed
        self.chunk_size, self.chunk_epochs = (
            (chunk_size, chunk_epochs) if chunk_size else (images, 1)
        )
        self._sources = [] if sources is None else _members(sources)
        self._kept: tuple[int, Int64[np.ndarray, " N"]] | None = None

    def locate(self, position: int) -> Place:
        """Where in which pass a position lies.

        >>> order = Order(5, chunk_size=3, chunk_epochs=2, seed=0)  # a pass: 2 × 3 uses, then 2 × 2
        >>> order.locate(4), order.locate(19)
        (Place(turn=0, part=0, round=1, member=1), Place(turn=1, part=1, round=1, member=1))
        """
        turn, use = divmod(position, self.images * self.chunk_epochs)
        part = use // (self.chunk_size * self.chunk_epochs)
        begin, length = self._extent(part)
        return Place(turn, part, *divmod(use - begin * self.chunk_epochs, length))

    def candidates(self, place: Place) -> Iterator[int]:
        """The image of that place, then those that may replace it, each once, the best first.

        First the images of the part, in this round's order from the place on and then from its
        start; then those of the rest of the pass, in its order from the part's end on.
        """
        whole = self._pass(place.turn)
        begin, length = self._extent(place.part)
        for step in range(length):
            member = (place.member + step) % length
            if place.round:  # the 2 tells it from the crops, drawn from (seed, 1, position)
                member = int(_shuffled((self.seed, 2, *place[:3]), length)[member])
            yield int(whole[begin + member])
        for step in range(length, self.images):
            yield int(whole[(begin + step) % self.images])

    def _pass(self, turn: int) -> Int64[np.ndarray, " N"]:
        """The images of a pass in its order."""
        if self._kept is None or self._kept[0] != turn:
            order = _shuffled((self.seed, turn), self.images)
            self._kept = turn, self._balanced(turn)[order] if self._sources else order
        return self._kept[1]

    def _balanced(self, turn: int) -> Int64[np.ndarray, " N"]:
        """What each source has in a pass, one after the other."""
        shares = _apportioned(self.images, [len(members) ** 0.5 for members in self._sources])
        parts = []
        for number, (members, share) in enumerate(zip(self._sources, shares, strict=True)):
            uses = np.arange(turn * share, (turn + 1) * share)
            turns = uses // len(members)  # the source's own passes
            for own in np.unique(turns):  # the 3 tells them from the passes, crops and rounds
                order = _shuffled((self.seed, 3, number, int(own)), len(members))
                parts.append(members[order[uses[turns == own] % len(members)]])
        return np.concatenate(parts)

    def _extent(self, part: int) -> tuple[int, int]:
        """Where in its pass a part begins, and how many images it has."""
        begin = part * self.chunk_size
        return begin, min(self.chunk_size, self.images - begin)


def _members(sources: Sequence[str]) -> list[Int64[np.ndarray, " n"]]:
    """The images of each source, by name."""
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
