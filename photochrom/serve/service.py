"""An image file in, the same in color out, for many at once within bounds of memory."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future

from photochrom import image_io
from photochrom.config import ColorizeConfig, ServeConfig
from photochrom.errors import ConfigError
from photochrom.image_io import Written
from photochrom.inference.gallery_record import settings_of, suffix_of
from photochrom.models import OnnxColorizer, load_model
from photochrom.runtime.threads import single_threads
from photochrom.serve.batching import Batcher
from photochrom.serve.gallery_saving import Keeper
from photochrom.storage.gallery import Gallery


class Busy(Exception):
    """As many images wait as may."""


class Service:
    """Colorizes with the models of a shelf; `config` bounds how much is under way."""

    def __init__(self, shelf: Mapping[str, str], config: ServeConfig) -> None:
        """Loads every model: what cannot be loaded is told before anybody asks for it.

        So is a gallery that cannot be written to.
        """
        self.config = config
        self.keeper = Keeper(Gallery(config.gallery), config.workers) if config.gallery else None
        self.models = {name: load_model(place) for name, place in shelf.items()}
        self.default = next(iter(self.models))
        self._batcher = Batcher()
        self._workers = single_threads(config.workers)
        self._under_way = 0
        self._lock = threading.Lock()

    @property
    def under_way(self) -> int:
        """Images that are received, wait or are worked on."""
        return self._under_way

    def check(self, name: str, config: ColorizeConfig) -> None:
        """`ValueError` for colors that a model cannot give; who asks is not told where it lies."""
        model = self.models[name]
        if isinstance(model, OnnxColorizer):
            reason = model.refusal(config.temperature, config.decoder)
            if reason:
                raise ConfigError(f"{name}: {reason}")

    def enter(self) -> None:
        """Take a place in the queue before an image is even received; `Busy` if none is free."""
        with self._lock:
            if self._under_way >= self.config.workers + self.config.queue:
                raise Busy
            self._under_way += 1

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._under_way -= 1

    def submit(
        self, data: bytes, model: str, config: ColorizeConfig, filename: str = ""
    ) -> "Future[Written]":
        """The image file in color; the future raises `ImageError` for one that is none."""
        return self._workers.submit(self._colorize, data, model, config, filename)

    def _colorize(self, data: bytes, name: str, config: ColorizeConfig, filename: str) -> Written:
        model = self.models[name]
        most = round(1e6 * self.config.max_megapixels)
        file = image_io.decode_original(data, pages=config.pages, most_pixels=most)
        waiting = [self._batcher.submit(page, model, config) for page in file.pages]
        colors = [of_page.result().rows for of_page in waiting]
        made = image_io.encode_original(
            file, format=config.format, quality=config.quality, colors=colors
        )
        notes = [*file.notes, *made.notes]
        if self.keeper:
            settings = settings_of(
                filename,
                name,
                model,
                file,
                decoder=config.decoder,
                temperature=config.temperature,
                quality=config.quality,
            )
            notes += self.keeper.keep(
                data, made.data, settings, (suffix_of(file.format), made.suffix)
            )
        return made._replace(notes=notes)

    def close(self) -> None:
        """Finish what is under way."""
        self._workers.shutdown(cancel_futures=True)
        self._batcher.close()
        if self.keeper:
            self.keeper.close()
