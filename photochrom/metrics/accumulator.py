"""What batch after batch of images scores, put together as it comes."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import numpy as np

from photochrom.metrics.per_image import Tally, Truth, check_keys

Lines = TypeVar("Lines", Tally, Truth)


class Gathered(Generic[Lines]):
    """The lines of up to `most` images, in arrays made once for all of them.

    Kept as they come, each batch's few kilobytes would stay between the megabytes that scoring a
    batch asks for and frees, which then leaves no free memory in one piece for the next batch: a
    process would grow by twenty times what it keeps. Of arrays this large the system hands out
    only the pages that have been written.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: list[str] = []
        self._none: Lines | None = None  # which scores and counts there are, of no image
        self._arrays: dict[str, np.ndarray] = {}

    def add(self, later: Lines) -> None:
        """Put those of other images after them; `ValueError` for scores that others lack."""
        arrays = later.arrays()
        if self._none is None:
            self._none = later.at([])
            self._arrays = _room(arrays, self._most)
        check_keys(arrays, self._arrays)
        first = len(self._names)
        self._names += later.names
        for key, array in arrays.items():
            self._arrays[key][first : len(self._names)] = array

    def all(self) -> Lines:
        """Of all images so far, in their order; at least one."""
        assert self._none is not None
        arrays = {key: array[: len(self._names)] for key, array in self._arrays.items()}
        return self._none.of_others(tuple(self._names), arrays)


def _room(like: Mapping[str, np.ndarray], lines: int) -> dict[str, np.ndarray]:
    return {key: np.empty((lines, *one.shape[1:]), one.dtype) for key, one in like.items()}
