"""True ab reduced to a quarter and brought back: edge-aware against bilinear, mean ΔE ab.

Argument: the images, by default those that come with photochrom.
"""

import sys
from pathlib import Path

import torch
from torch.nn import functional as F

from benchmarks.measure import Row, report
from photochrom.data import CenterSquares, collate
from photochrom.image_io import find
from photochrom.rendering.upsample import Bilinear, EdgeAware

_SAMPLES = Path(__file__).parents[1] / "photochrom" / "assets" / "samples"
_SIZE, _BATCH = 128, 20


def main() -> None:
    """Measure, print and write the row."""
    squares = CenterSquares(find([*sys.argv[1:]] or [str(_SAMPLES)]).images, size=_SIZE)
    ours = plain = 0.0
    for start in range(0, len(squares), _BATCH):
        places = range(start, min(start + _BATCH, len(squares)))
        batch = collate([squares[place] for place in places])
        small = F.interpolate(
            torch.cat([batch.L, batch.ab], 1), scale_factor=0.25, mode="bilinear", antialias=True
        )
        everything, size = slice(0, None), (_SIZE, _SIZE)
        edges = EdgeAware(small[:, 1:], small[:, :1], size).rows(everything, batch.L)
        ours += _error(edges, batch.ab)
        plain += _error(Bilinear(small[:, 1:], size).rows(everything, batch.L), batch.ab)
    row = f"edge-aware / bilinear enlarging by 4, mean ΔE ab of {len(squares)} images"
    report("upsampling", [Row.of(row, ours / plain, "<= 0.85")])


def _error(ab: torch.Tensor, truth: torch.Tensor) -> float:
    return float((ab - truth).norm(dim=1).sum())


if __name__ == "__main__":
    main()
