"""One network, many waiting requests: those that wait together go through it together."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from photochrom.config import ColorizeConfig
from photochrom.image_io import Page
from photochrom.rendering.predict import Enlarged, Model, predicted


@dataclass(eq=False)
class _Waiting:
    page: Page
    model: Model
    config: ColorizeConfig
    colors: "Future[Enlarged]" = field(default_factory=Future)


class Batcher:
    """A thread that runs the network for all who wait.

    It never waits for more: what came while it was busy is the next batch, so that nobody alone
    is slowed down. Pages of one size, model and config are one pass (`painting.predicted`).
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    def submit(self, page: Page, model: Model, config: ColorizeConfig) -> "Future[Enlarged]":
        """The page's colors, once they are there."""
        waiting = _Waiting(page, model, config)
        self._waiting.put(waiting)
        return waiting.colors

    def close(self) -> None:
        """Finish what waits, and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            some = [self._waiting.get()]
            while not self._waiting.empty():
                some.append(self._waiting.get())
            _answer([one for one in some if one is not None])
            if None in some:
                return


def _answer(some: Sequence[_Waiting]) -> None:
    groups: dict[object, list[_Waiting]] = {}
    for one in some:
        if one.colors.set_running_or_notify_cancel():
            groups.setdefault((id(one.model), one.config), []).append(one)
    for group in groups.values():
        group.sort(key=lambda one: (one.page.height, one.page.width))
        try:
            pages = [one.page for one in group]
            found = predicted(pages, group[0].model, group[0].config)
        except Exception as error:  # whoever waits is told; the thread goes on
            for one in group:
                one.colors.set_exception(error)
            continue
        for one, colors in zip(group, found, strict=True):
            one.colors.set_result(colors)
