"""A picture file in, the same in colour out, for many at once within bounds of memory."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from photochrom import originals
from photochrom.config import ColorizeConfig, ServeConfig
from photochrom.models import Colorizer
from photochrom.originals import Written
from photochrom.painting import paint
from photochrom.serve.batching import Batcher


class Busy(Exception):
    """As many pictures wait as may."""


class Service:
    """Colorizes with the models of a shelf; `config` bounds how much is under way."""

    def __init__(self, shelf: Mapping[str, str], config: ServeConfig) -> None:
        """Loads every model: what cannot be loaded is told before anybody asks for it."""
        self.config = config
        self.models = {name: Colorizer.load(place) for name, place in shelf.items()}
        self.default = next(iter(self.models))
        self._batcher = Batcher()
        self._workers = ThreadPoolExecutor(config.workers, thread_name_prefix="picture")
        self._under_way = 0
        self._lock = threading.Lock()

    @property
    def under_way(self) -> int:
        """Pictures that are received, wait or are worked on."""
        return self._under_way

    def enter(self) -> None:
        """Take a place in the queue before a picture is even received; `Busy` if none is free."""
        with self._lock:
            if self._under_way >= self.config.workers + self.config.queue:
                raise Busy
            self._under_way += 1

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._under_way -= 1

    def submit(self, data: bytes, model: str, config: ColorizeConfig) -> "Future[Written]":
        """The picture file in colour; the future raises `PictureError` for one that is none."""
        return self._workers.submit(self._colorize, data, self.models[model], config)

    def _colorize(self, data: bytes, model: Colorizer, config: ColorizeConfig) -> Written:
        most = round(1e6 * self.config.most_megapixels)
        file = originals.read(data, pages=config.pages, most_pixels=most)
        waiting = [self._batcher.submit(page, model, config) for page in file.pages]
        for page, colors in zip(file.pages, waiting, strict=True):
            paint(page, colors.result())
        made = originals.write(file, format=config.format, quality=config.quality)
        return made._replace(notes=[*file.notes, *made.notes])

    def close(self) -> None:
        """Finish what is under way."""
        self._workers.shutdown(cancel_futures=True)
        self._batcher.close()
