"""What the command gives to every session: models by name, limits, and work that is bounded.

Streamlit runs `main` anew for every answer, in the process that the command started: so what
the command was told stands here.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from photochrom.app.gallery_access import SharedGallery
from photochrom.app.workers import Workers
from photochrom.config import AppConfig
from photochrom.models import AnyColorizer, find_models, load_model

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class Given:
    """Of all sessions together."""

    shelf: Mapping[str, str]
    """Where each model is, by its name."""
    config: AppConfig = field(default_factory=AppConfig)
    studies: tuple[str, ...] = ()
    """Folders of studies to be shown, or their URLs."""
    gallery: SharedGallery | None = field(init=False, repr=False)
    """Where people may keep images."""
    counting: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    """Held while colors are counted."""
    _workers: Workers = field(init=False, repr=False)
    _loaded: dict[str, AnyColorizer] = field(default_factory=dict, init=False, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        """`ValueError` or `OSError` for a gallery of no use."""
        config = self.config
        self._workers = Workers(config.concurrency, "image")
        self.gallery = (
            SharedGallery(config.gallery, config, self._workers) if config.gallery else None
        )

    def work(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what decodes, colorizes or encodes whole images, when its turn comes.

        At most `config.concurrency` run at a time, and the memory that they free is returned, so
        memory is bounded.
        """
        return self._workers.work(act, *args, **kwargs)

    def model(self, name: str) -> AnyColorizer:
        """A model of the shelf, loaded once for all."""
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = load_model(self.shelf[name])
            return self._loaded[name]

    def works(self) -> set[tuple[int, int]]:
        """Size and stride of the loaded models."""
        return {(model.size, model.stride) for model in self._loaded.values()}


_given: Given | None = None


def give(given: Given) -> None:
    """Set it, before any session."""
    global _given
    _given = given


def given() -> Given:
    """What the command gave; without a command, as in tests, the models that are shipped."""
    global _given
    if _given is None:
        _given = Given(find_models())
    return _given
