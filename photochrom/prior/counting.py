"""Images → counts: the work of one process, as fast as the images are decoded.

Every one of the 2²⁴ colors of 8-bit sRGB has its cell in a table, made once a process by the
definition (`photochrom.color.lab.lab_from_rgb` in float64); an image is looked up, not converted.
"""

import re
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import compress
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt16, UInt32

from photochrom.color.lab import lab_from_rgb
from photochrom.image_io import ImageError, Skipped, SourceImage, packed_colors, read_rgb, sample
from photochrom.prior.histogram import CELLS, SKETCH, AbHistogram
from photochrom.prior.monochrome import are_toned, is_gray
from photochrom.quantize import AB_LIMIT

_PIXELS = 1 << 18  # counted at a time: fewer cost calls and sums, more do not fit caches
_ENDS = 8192  # bytes at either end of a file that tell it from others


class Counted(NamedTuple):
    """The counts of some images, and the bytes that were read for them."""

    histogram: AbHistogram
    bytes: int


def count(
    entries: Sequence[SourceImage | Skipped], size: int, *, keep_gray: bool = False
) -> Counted:
    """The colors of images, reduced to the short side `size`.

    Gray and toned images are noted, and left out unless `keep_gray`. What cannot be read is
    counted by reason; an entry that is `Skipped` already has failed.
    """
    work = _Work(keep_gray)
    for entry in entries:
        if isinstance(entry, Skipped):
            work.fail(entry.name, entry.reason)
            continue
        try:
            if entry.packed is None:
                data = entry.read_bytes()
                colors = sample(data, size)
            else:
                rgb = read_rgb(entry, size, fit="sample")
                colors, data = packed_colors(rgb), rgb.tobytes()
        except (ImageError, OSError) as error:
            work.fail(entry.name, _reason(error, entry.path))
        else:
            work.add(colors, data)
    return work.result()


def _reason(error: Exception, path: str) -> str:
    """Why, without what differs from file to file: so that reasons can be counted."""
    said = getattr(error, "strerror", None) or str(error).removeprefix(f"{path}: ")
    return re.sub(r"\d{2,}", "…", said)


def cells(colors: UInt32[np.ndarray, " P"]) -> UInt16[np.ndarray, " P"]:
    """The cell of each packed color, as a place in the flattened `AbHistogram.pixels`."""
    found: np.ndarray = _cell_of_color().take(_place(colors), mode="clip")  # cheaper than a check
    return found


def _place(colors: UInt32[np.ndarray, " *shape"]) -> UInt32[np.ndarray, " *shape"]:
    """Where the table holds a color: at R + 2⁸ (G - R) + 2¹⁶ (B - G), modulo 2²⁴.

    Pixels near each other differ in lightness more than in color: one step of gray is one step
    of this number, so they lie near each other in memory, too. And it takes one product.
    """
    place = colors * np.uint32((1 - (1 << 8)) % (1 << 24))
    place &= np.uint32(0xFFFFFF)
    return place


@cache
def _cell_of_color() -> UInt16[np.ndarray, " colors"]:
    """The cell of each color.

    Black apart, which is exactly 0, no color lies within 1e-9 of a cell's edge: so rounding,
    which differs between machines by 1e-13, moves none into another cell.
    """
    level = torch.arange(256, dtype=torch.float64) / 255
    green, red = torch.meshgrid(level, level, indexing="ij")
    of_green_and_red = _place(np.arange(1 << 16, dtype=np.uint32)).reshape(256, 256)
    table = np.empty(1 << 24, dtype=np.uint16)
    for blue in range(256):
        ab = lab_from_rgb(torch.stack([red, green, level[blue].expand_as(red)]))[1:]
        a, b = (ab + AB_LIMIT).floor()
        table[of_green_and_red + (blue << 16) & 0xFFFFFF] = (a * CELLS + b).numpy()
    return table


class _Work:
    """Counts in the making."""

    def __init__(self, keep_gray: bool) -> None:
        self.keep_gray = keep_gray
        self.pixels = np.zeros(CELLS * CELLS, dtype=np.int64)
        self.waiting: list[tuple[np.ndarray, int]] = []
        self.pixels_waiting = 0
        self.images = self.gray = self.toned = self.bytes = 0
        self.failures: dict[str, tuple[int, str]] = {}
        self.seen: list[int] = []

    def fail(self, name: str, reason: str) -> None:
        count, first = self.failures.get(reason, (0, name))
        self.failures[reason] = (count + 1, min(first, name))

    def add(self, colors: UInt32[np.ndarray, " P"], data: bytes) -> None:
        self.bytes += len(data)
        self.waiting.append((colors, fingerprint(data)))
        self.pixels_waiting += len(colors)
        if self.pixels_waiting >= _PIXELS:
            self.flush()

    def flush(self) -> None:
        if not self.waiting:
            return
        colors, seen = zip(*self.waiting, strict=True)
        found = cells(np.concatenate(colors))
        of_image = np.split(found, np.cumsum([len(each) for each in colors])[:-1])
        gray = np.array([is_gray(each) for each in of_image])
        toned = are_toned(colors) & ~gray
        self.gray += int(gray.sum())
        self.toned += int(toned.sum())
        kept = np.full(len(gray), True) if self.keep_gray else ~(gray | toned)
        if not kept.all():
            found = np.concatenate([found[:0], *compress(of_image, kept)])
        self.pixels += np.bincount(found, minlength=len(self.pixels))
        self.images += int(kept.sum())
        self.seen += compress(seen, kept)
        self.waiting.clear()
        self.pixels_waiting = 0

    def result(self) -> Counted:
        self.flush()
        sketch = np.unique(np.array(self.seen, dtype=np.uint64))[:SKETCH]
        pixels = self.pixels.reshape(CELLS, CELLS)
        histogram = AbHistogram(pixels, self.images, self.gray, self.toned, self.failures, sketch)
        return Counted(histogram, self.bytes)


def fingerprint(data: bytes) -> int:
    """A number of 64 bits that tells a file from others: of its length and both its ends."""
    ends = data if len(data) <= 2 * _ENDS else data[:_ENDS] + data[-_ENDS:]
    return int.from_bytes(
        blake2b(ends, digest_size=8, key=len(data).to_bytes(8, "little")).digest(), "little"
    )
