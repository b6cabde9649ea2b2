"""Threads that bound how much is under way at a time, whoever waits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from photochrom.runtime.memory import give_back_freed

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """So many threads, of all sessions together."""

    def __init__(self, count: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    def work(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` gives, when its turn has come; what it freed is given back."""

        def acted() -> T:
            try:
                return act(*args, **kwargs)
            finally:
                give_back_freed()

        return self._threads.submit(acted).result()
