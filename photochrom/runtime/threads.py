"""Work in several threads at once, each of which computes alone."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_counting = threading.Lock()
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def single_threads(count: int) -> ThreadPoolExecutor:
    """Threads whose tensor operations are not divided again among torch's own threads.

    On tensors of a few ten thousand numbers those would wait for each other more than they work,
    and so they do where there are more of them than cores.
    """
    return ThreadPoolExecutor(count, initializer=_alone)


def in_threads(
    act: Callable[[_Item], _Result], items: Iterable[_Item], count: int
) -> list[_Result]:
    """The result of `act` for every item, so many at a time; with 1, in this thread."""
    if count <= 1:
        return [act(item) for item in items]
    with single_threads(count) as threads:
        return list(threads.map(act, items))


def _alone() -> None:
    """One of torch's threads for this one, and for others what they had.

    The number is kept for each thread, but what is set last is also what new threads begin with.
    So another thread sets back what there was.
    """
    with _counting:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        restoring = threading.Thread(target=torch.set_num_threads, args=(before,))
        restoring.start()
        restoring.join()
