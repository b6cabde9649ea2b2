"""The gallery that all sessions share: few read or write it at a time, and none is held up.

Images in it come from outside: others may write there, with other limits than this app's.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from photochrom import image_io
from photochrom.app.display import LONG_SIDE, reduced
from photochrom.app.workers import Workers
from photochrom.config import AppConfig
from photochrom.storage.gallery import Entry, Gallery, What

AT_A_TIME = 12  # entries of a page: each is two files to read
_SMALL = 360  # pixels: a thumbnail takes about 20 kB
_CACHED = 240  # thumbnails
_THREADS = 2  # each holds an image's file, and its result's
_GROWTH = 8  # times the size of an upload: a result is no larger, a JPEG in full color about 3


class Addition(NamedTuple):
    """What `Gallery.add` is given."""

    image: bytes
    result: bytes
    settings: dict[str, Any]
    suffixes: tuple[str, str]


class Leaf(NamedTuple):
    """Entries, newest first, and whether there are older ones."""

    entries: list[Entry]
    goes_on: bool


class View(NamedTuple):
    """An image as large as it is shown: width and height, and a JPEG."""

    size: tuple[int, int]
    jpeg: bytes


class SharedGallery:
    """A gallery, used within the app's limits; `OSError` where it cannot be reached."""

    def __init__(self, place: str, config: AppConfig, images: Workers) -> None:
        """`images` decode and encode. `ValueError` or `OSError` for a place of no use."""
        self._gallery = Gallery(place)
        self._gallery.begin()
        self._most_pixels = config.most_pixels
        self._most_bytes = _GROWTH * 2**20 * config.max_megabytes
        self._images, self._files = images, Workers(_THREADS, "gallery")
        self._thumbnails: OrderedDict[str, bytes | None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, make: Callable[[], Addition]) -> Entry:
        """Make an addition, in bounded work, and keep it; `ImageError` for no image."""
        return self._files.work(lambda: self._gallery.add(*self._images.work(make)))

    def leaf(self, before: str | None = None) -> Leaf:
        """Entries older than that of a name, or the newest; `NoEntryError` for no such name."""
        found = self._files.work(lambda: list(self._gallery.entries(AT_A_TIME + 1, before)))
        return Leaf(found[:AT_A_TIME], len(found) > AT_A_TIME)

    def entry(self, name: str) -> Entry:
        """`NoEntryError` if there is none, `ValueError` for a damaged one."""
        return self._files.work(self._gallery.entry, name)

    def thumbnail(self, entry: Entry) -> bytes | None:
        """The result, small, as JPEG; `None` where it is damaged or too large."""
        with self._lock:
            if entry.name in self._thumbnails:
                self._thumbnails.move_to_end(entry.name)
                return self._thumbnails[entry.name]
        try:
            made = self._view(entry.name, "result", _SMALL).jpeg
        except ValueError:
            made = None
        with self._lock:
            self._thumbnails[entry.name] = made
            while len(self._thumbnails) > _CACHED:
                self._thumbnails.popitem(last=False)
        return made

    def view(self, name: str, what: What) -> View:
        """An entry's image or result; `ValueError` where it is damaged or too large."""
        return self._view(name, what, LONG_SIDE)

    def file(self, name: str, what: What) -> bytes:
        """The bytes of an entry's image or result, as they were kept."""
        return self._files.work(self._gallery.read, name, what, self._most_bytes).data

    def _view(self, name: str, what: What, long: int) -> View:
        def viewed() -> View:
            stored = self._gallery.read(name, what, self._most_bytes)
            return self._images.work(self._shown, stored.data, long)

        return self._files.work(viewed)

    def _shown(self, data: bytes, long: int) -> View:
        file = image_io.decode_original(data, most_pixels=self._most_pixels)
        return View(*reduced(file.pages[0], long))
