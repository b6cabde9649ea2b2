"""A count in the making, kept beside the output so that it can go on after any end.

PRIOR.h5.progress holds, in HDF5, the counts of all chunks that are done, and of each chunk its
number and a digest of its images: what a repeated command must find again.
"""

import io
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from photochrom.errors import PriorError
from photochrom.image_io import Skipped, SourceImage
from photochrom.prior.histogram import AbHistogram
from photochrom.storage.atomic import write_whole

_SECONDS = 20.0  # what a kill loses at most, and one chunk
CHUNK = 64
"""Images that are worked on in one piece, whoever works: so that a chunk is always the same."""


class Chunk(NamedTuple):
    """The entries from number `64 × number` on."""

    number: int
    entries: tuple[SourceImage | Skipped, ...]

    def digest(self) -> int:
        """A number of 64 bits that changes with what the entries are called and where they lie."""
        return int.from_bytes(
            blake2b(repr(self.entries).encode(errors="surrogateescape"), digest_size=8).digest(),
            "little",
        )


def chunks(entries: Iterable[SourceImage | Skipped]) -> Iterator[Chunk]:
    """The entries in chunks, of which only one is held."""
    running, number = iter(entries), 0
    while some := tuple(islice(running, CHUNK)):
        yield Chunk(number, some)
        number += 1


class Progress:
    """What is done, and the file that keeps it."""

    def __init__(self, path: Path | None, settings: dict[str, Any]) -> None:
        self.path, self.settings = path, settings
        self.histogram = AbHistogram()
        self.done: dict[int, int] = {}
        self.saved = time.monotonic()
        if path is not None and path.exists():
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            with h5py.File(path, "r") as file:
                settings = json.loads(file.attrs["settings"])
                self.histogram = load_histogram(file)
                numbers, digests = file["done"][:], file["digests"][:]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise PriorError(
                f"{path}: expected the progress of a count, got a damaged or foreign file "
                f"({error}): delete it to begin anew"
            ) from None
        for name in {**settings, **self.settings}:
            began, now = settings.get(name), self.settings.get(name)
            if began != now:
                raise PriorError(
                    f"{path}: expected {name} as the count began with, {began!r}, got {now!r}: "
                    "repeat its command, or delete the file to begin anew"
                )
        self.done = dict(zip(numbers.tolist(), digests.tolist(), strict=True))

    def remaining(self, entries: Iterable[SourceImage | Skipped]) -> Iterator[Chunk]:
        """The chunks that are still to do; `ValueError` if those that are done have changed."""
        missing = set(self.done)
        for chunk in chunks(entries):
            if chunk.number not in missing:
                yield chunk
                continue
            missing.remove(chunk.number)
            if chunk.digest() != self.done[chunk.number]:
                raise self._changed()
        if missing:
            raise self._changed()

    def _changed(self) -> PriorError:
        return PriorError(
            f"{self.path}: expected the images that the count began with, got others: bring "
            "them back, or delete the file to begin anew"
        )

    def add(self, chunk: Chunk, histogram: AbHistogram) -> None:
        """A chunk is done; now and then, that is written down."""
        self.histogram += histogram
        self.done[chunk.number] = chunk.digest()
        if time.monotonic() - self.saved >= _SECONDS:
            self.save()

    def save(self) -> None:
        """Write everything down, whole or not at all."""
        self.saved = time.monotonic()
        if self.path is None or not self.done:
            return
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.attrs["settings"] = json.dumps(self.settings)
            save_histogram(self.histogram, file)
            file["done"] = np.array(list(self.done), dtype=np.int64)
            file["digests"] = np.array(list(self.done.values()), dtype=np.uint64)
        write_whole(self.path, buffer.getvalue())


def save_histogram(histogram: AbHistogram, file: h5py.File) -> None:
    """Write counts into an open HDF5 file, as docs/formats.md has it."""
    names = {"pictures": "images", "grey": "gray", "toned": "toned", "failed": "failed"}
    for key, name in names.items():  # the keys are those of version 1
        file.attrs[key] = getattr(histogram, name)
    reasons = sorted(histogram.failures.items())
    file["prior/failures"] = json.dumps([[why, *which] for why, which in reasons])
    file.create_dataset("prior/pixels", data=histogram.pixels, compression="gzip")
    file["prior/sketch"] = histogram.sketch


def load_histogram(file: h5py.File) -> AbHistogram:
    """The counts in an open HDF5 file."""
    images, gray, toned = (int(file.attrs[name]) for name in ("pictures", "grey", "toned"))
    listed: Sequence[Any] = json.loads(file["prior/failures"].asstr()[()])
    failures = {str(why): (int(count), str(first)) for why, count, first in listed}
    pixels = np.asarray(file["prior/pixels"], dtype=np.int64)
    sketch = np.asarray(file["prior/sketch"], dtype=np.uint64)
    return AbHistogram(pixels, images, gray, toned, failures, sketch)
