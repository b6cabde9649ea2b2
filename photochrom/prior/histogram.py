"""Exact color counts that add up.

Pixels are counted once, in integers, in cells of 1 × 1 ab: finer than any bins. Sums are the
same for any split of the work, and gamut, k and σ are views that need no second pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int, UInt64

from photochrom.errors import PriorError
from photochrom.quantize import AB_LIMIT

EDGES: Float[np.ndarray, " edges"] = np.arange(-AB_LIMIT, AB_LIMIT + 1, dtype=np.float64)
"""Cell edges on both axes; cell i holds EDGES[i] <= value < EDGES[i + 1]."""
CELLS = len(EDGES) - 1
SKETCH = 4096
"""Fingerprints that a histogram keeps: the smallest of all, so that sketches merge exactly."""


def _no_pixels() -> Int[np.ndarray, "A B"]:
    return np.zeros((CELLS, CELLS), dtype=np.int64)


def _no_images() -> UInt64[np.ndarray, " S"]:
    return np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class AbHistogram:
    """How many pixels fell into each ab cell, and of how many images."""

    pixels: Int[np.ndarray, "A B"] = field(default_factory=_no_pixels)
    images: int = 0
    """Images counted."""
    gray: int = 0
    """Images that are gray, which are left out unless asked for."""
    toned: int = 0
    """Images of one tone, sepia for instance, which are left out likewise."""
    failures: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """By reason: how many images could not be read, and the first of their names."""
    sketch: UInt64[np.ndarray, " S"] = field(default_factory=_no_images)
    """The `SKETCH` smallest fingerprints of the images counted, ascending."""

    def __post_init__(self) -> None:
        if self.pixels.shape != (CELLS, CELLS):
            raise PriorError(f"expected {CELLS} × {CELLS} cells, got {self.pixels.shape}")
        if (self.pixels < 0).any():
            raise PriorError("expected pixel counts of 0 or more, got a negative one")

    def __add__(self, other: "AbHistogram") -> "AbHistogram":
        """Both together; the order does not matter, nor how a sum is split."""
        failures = dict(self.failures)
        for reason, (count, name) in other.failures.items():
            known, first = failures.get(reason, (0, name))
            failures[reason] = (known + count, min(first, name))
        return AbHistogram(
            self.pixels + other.pixels,
            self.images + other.images,
            self.gray + other.gray,
            self.toned + other.toned,
            failures,
            np.union1d(self.sketch, other.sketch)[:SKETCH],
        )

    @property
    def failed(self) -> int:
        """Images that could not be read."""
        return sum(count for count, _ in self.failures.values())

    def reasons(self) -> str:
        """Why images could not be read, in one line, the most frequent reason first."""
        ordered = sorted(self.failures.items(), key=lambda item: (-item[1][0], item[0]))
        return "; ".join(f"{number} × {why} (first: {name})" for why, (number, name) in ordered)

    def shared_with(self, other: "AbHistogram") -> int:
        """How many of the kept fingerprints both have, among those that both would have kept."""
        return len(np.intersect1d(self.sketch, other.sketch))

    @staticmethod
    def of(ab: Float[np.ndarray, "2 H W"]) -> "AbHistogram":
        """The counts of one image; `ValueError` for ab beyond ±110, no sRGB color."""
        cell = np.floor(ab + AB_LIMIT).astype(np.int64)
        if cell.size and (cell.min() < 0 or cell.max() >= CELLS):
            raise PriorError(f"ab must lie within ±{AB_LIMIT}, got {ab.min():g} to {ab.max():g}")
        flat = np.bincount((cell[0] * CELLS + cell[1]).ravel(), minlength=CELLS * CELLS)
        return AbHistogram(flat.reshape(CELLS, CELLS), images=1)
