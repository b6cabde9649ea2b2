"""Pictures → counts: the work of one process, as fast as the pictures are decoded.

Every one of the 2²⁴ colours of 8-bit sRGB has its cell in a table, made once a process by the
definition (`photochrom.color.lab_from_rgb` in float64); a picture is looked up, not converted.
"""

import re
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8, UInt16

from photochrom.color import lab_from_rgb
from photochrom.images import Picture, PictureError, Skipped, decode, read
from photochrom.prior.histogram import CELLS, SKETCH, AbHistogram
from photochrom.prior.tone import is_grey, is_toned
from photochrom.quantize import AB_LIMIT

_PIXELS = 1 << 20  # counted at a time: the sum over all cells costs as much as 50,000 pixels
_ENDS = 8192  # bytes at either end of a file that tell it from others


class Counted(NamedTuple):
    """The counts of some pictures, and the bytes that were read for them."""

    histogram: AbHistogram
    bytes: int


def count(entries: Sequence[Picture | Skipped], size: int, *, keep_grey: bool = False) -> Counted:
    """The colours of pictures, reduced to the short side `size`.

    Grey and toned pictures are noted, and left out unless `keep_grey`. What cannot be read is
    counted by reason; an entry that is `Skipped` already has failed.
    """
    work = _Work(keep_grey)
    for entry in entries:
        if isinstance(entry, Skipped):
            work.fail(entry.name, entry.reason)
            continue
        try:
            if entry.packed is None:
                data = entry.read_bytes()
                rgb = decode(data, size, fit="sample")
            else:
                rgb = read(entry, size, fit="sample")
                data = rgb.tobytes()
        except (PictureError, OSError) as error:
            work.fail(entry.name, _reason(error, entry.path))
        else:
            work.add(rgb, data)
    return work.result()


def _reason(error: Exception, path: str) -> str:
    """Why, without what differs from file to file: so that reasons can be counted."""
    said = getattr(error, "strerror", None) or str(error).removeprefix(f"{path}: ")
    return re.sub(r"\d{2,}", "…", said)


def cells(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt16[np.ndarray, " HW"]:
    """The cell of every pixel, as a place in the flattened `AbHistogram.pixels`."""
    padded = np.empty(rgb.size + 1, dtype=np.uint8)
    padded[:-1] = rgb.reshape(-1)
    # Three bytes and one of the next pixel, read as one number: R + 2⁸ G + 2¹⁶ B + 2²⁴ (any).
    pixels = np.ndarray((rgb.size // 3,), dtype="<u4", buffer=padded, strides=(3,))
    green = pixels >> 8
    green &= 0xFF
    place = pixels & 0xFF00FF
    place += 0x1000100  # a bit to borrow from: R - G and B - G are taken modulo 256, side by side
    place -= green * 0x10001
    place &= 0xFF00FF
    place += (place & 0xFF) * 0xFF  # R - G one byte up
    place += green
    found: np.ndarray = _cell_of_color().take(place, mode="clip")  # faster than with a check
    return found


@cache
def _cell_of_color() -> UInt16[np.ndarray, " colors"]:
    """The cell of each colour, at the place G + 2⁸ (R - G) + 2¹⁶ (B - G), differences mod 256.

    Pixels near each other differ in lightness more than in colour: so they lie near each other
    in memory, too. Black apart, which is exactly 0, no colour lies within 1e-9 of a cell's edge:
    so rounding, which differs between machines by 1e-13, moves none into another cell.
    """
    level = torch.arange(256, dtype=torch.float64) / 255
    green, red = torch.meshgrid(level, level, indexing="ij")
    place = np.arange(256, dtype=np.uint8)
    table = np.empty((256, 256, 256), dtype=np.uint16)
    by_green, by_red = np.meshgrid(place, place, indexing="ij")
    for blue in range(256):
        ab = lab_from_rgb(torch.stack([red, green, level[blue].expand_as(red)]))[1:]
        a, b = (ab + AB_LIMIT).floor()
        table[np.uint8(blue) - by_green, by_red - by_green, by_green] = (a * CELLS + b).numpy()
    return table.reshape(-1)


class _Work:
    """Counts in the making."""

    def __init__(self, keep_grey: bool) -> None:
        self.keep_grey = keep_grey
        self.pixels = np.zeros(CELLS * CELLS, dtype=np.int64)
        self.waiting: list[np.ndarray] = []
        self.pictures = self.grey = self.toned = self.bytes = 0
        self.failures: dict[str, tuple[int, str]] = {}
        self.seen: list[int] = []

    def fail(self, name: str, reason: str) -> None:
        count, first = self.failures.get(reason, (0, name))
        self.failures[reason] = (count + 1, min(first, name))

    def add(self, rgb: UInt8[np.ndarray, "H W 3"], data: bytes) -> None:
        self.bytes += len(data)
        found = cells(rgb)
        grey = is_grey(found)
        toned = not grey and is_toned(rgb)
        self.grey += grey
        self.toned += toned
        if (grey or toned) and not self.keep_grey:
            return
        self.pictures += 1
        self.seen.append(fingerprint(data))
        self.waiting.append(found)
        if sum(map(len, self.waiting)) >= _PIXELS:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.pixels += np.bincount(np.concatenate(self.waiting), minlength=len(self.pixels))
            self.waiting.clear()

    def result(self) -> Counted:
        self.flush()
        sketch = np.unique(np.array(self.seen, dtype=np.uint64))[:SKETCH]
        pixels = self.pixels.reshape(CELLS, CELLS)
        histogram = AbHistogram(pixels, self.pictures, self.grey, self.toned, self.failures, sketch)
        return Counted(histogram, self.bytes)


def fingerprint(data: bytes) -> int:
    """A number of 64 bits that tells a file from others: of its length and both its ends."""
    ends = data if len(data) <= 2 * _ENDS else data[:_ENDS] + data[-_ENDS:]
    return int.from_bytes(
        blake2b(ends, digest_size=8, key=len(data).to_bytes(8, "little")).digest(), "little"
    )
