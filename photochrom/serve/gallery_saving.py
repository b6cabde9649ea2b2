"""What is colorized goes into a gallery; a gallery that is slow or fails holds nobody up."""

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from photochrom.storage.gallery import Entry, Gallery

_PATIENCE = 5.0  # seconds that an answer waits for its entry
_log = logging.getLogger("photochrom.serve")


class Keeper:
    """Adds to a gallery in threads of its own."""

    def __init__(self, gallery: Gallery, most: int) -> None:
        """At most so many images wait to be kept; they bound memory."""
        gallery.begin()
        self.gallery = gallery
        self.kept = self.failed = 0
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="gallery")
        self._room = threading.Semaphore(most)
        self._lock = threading.Lock()

    def keep(
        self, image: bytes, result: bytes, settings: Mapping[str, Any], suffixes: tuple[str, str]
    ) -> list[str]:
        """Notes for whoever asked: none if it is kept."""
        if not self._room.acquire(blocking=False):
            self._count("too many images wait for it")
            return ["not kept in the gallery, where too many wait"]
        work = self._threads.submit(self.gallery.add, image, result, dict(settings), suffixes)
        work.add_done_callback(self._ended)
        if not wait([work], _PATIENCE).done:
            return ["the gallery is slow: it may be kept later"]
        return ["not kept in the gallery, which failed"] if work.exception() else []

    def told(self) -> dict[str, int]:
        """How many images were kept, and how many could not be."""
        return {"kept": self.kept, "failed": self.failed}

    def close(self) -> None:
        """Keep what waits."""
        self._threads.shutdown()

    def _ended(self, work: "Future[Entry]") -> None:
        self._room.release()
        self._count(work.exception())

    def _count(self, failure: object) -> None:
        with self._lock:
            if failure:
                self.failed += 1
            else:
                self.kept += 1
        if failure:
            _log.warning("an image was not kept in the gallery: %s", failure)
