"""Exact colour counts that add up.

Pixels are counted once, in integers, in cells of 1 × 1 ab: finer than any bins. Sums are the
same for any split of the work, and gamut, k and σ are views that need no second pass.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from photochrom.quantize import AB_LIMIT

EDGES: Float[np.ndarray, " edges"] = np.arange(-AB_LIMIT, AB_LIMIT + 1, dtype=np.float64)
"""Cell edges on both axes; cell i holds EDGES[i] <= value < EDGES[i + 1]."""
CELLS = len(EDGES) - 1


def _no_pixels() -> Int[np.ndarray, "A B"]:
    return np.zeros((CELLS, CELLS), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class AbHistogram:
    """How many pixels fell into each ab cell, and of how many pictures."""

    pixels: Int[np.ndarray, "A B"] = field(default_factory=_no_pixels)
    pictures: int = 0
    """Pictures counted."""
    grey: int = 0
    """Pictures left out because they are grey."""
    failed: int = 0
    """Pictures left out because they could not be read."""

    def __post_init__(self) -> None:
        if self.pixels.shape != (CELLS, CELLS):
            raise ValueError(f"expected {CELLS} × {CELLS} cells, got {self.pixels.shape}")
        if (self.pixels < 0).any():
            raise ValueError("expected pixel counts of 0 or more, got a negative one")

    def __add__(self, other: "AbHistogram") -> "AbHistogram":
        return AbHistogram(
            self.pixels + other.pixels,
            self.pictures + other.pictures,
            self.grey + other.grey,
            self.failed + other.failed,
        )

    @staticmethod
    def of(ab: Float[np.ndarray, "2 H W"]) -> "AbHistogram":
        """The counts of one picture; `ValueError` for ab beyond ±110, no sRGB colour."""
        cell = np.floor(ab + AB_LIMIT).astype(np.int64)
        if cell.size and (cell.min() < 0 or cell.max() >= CELLS):
            raise ValueError(f"ab must lie within ±{AB_LIMIT}, got {ab.min():g} to {ab.max():g}")
        flat = np.bincount((cell[0] * CELLS + cell[1]).ravel(), minlength=CELLS * CELLS)
        return AbHistogram(flat.reshape(CELLS, CELLS), pictures=1)
