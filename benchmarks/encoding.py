"""Soft encoding against scikit-learn's nearest neighbors, on the colors of photographs."""

from pathlib import Path

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

import photochrom
from benchmarks.measure import Row, ratio, report, times
from photochrom.data import center_loader
from photochrom.image_io import find
from photochrom.quantize import Gamut, soft_encode
from photochrom.runtime.memory import keep_freed_memory


def main() -> None:
    """Measure, print and write the rows."""
    keep_freed_memory()  # as training does
    samples = Path(photochrom.__file__).parent / "assets" / "samples"
    images = find([str(samples)]).images
    ab = next(iter(center_loader(images, size=128, batch=16, workers=0))).ab
    gamut = Gamut.srgb()
    points = ab.movedim(1, -1).reshape(-1, 2).numpy()
    neighbors = NearestNeighbors(n_neighbors=5).fit(gamut.bins.numpy())

    def theirs() -> None:
        distance, _ = neighbors.kneighbors(points)
        weights = np.exp(-(distance**2) / (2 * 5.0**2))
        weights /= weights.sum(axis=1, keepdims=True)

    ours_s, theirs_s = times(lambda: soft_encode(ab, gamut), theirs, repeats=9)
    row = "soft encoding (K = 5) against scikit-learn's NearestNeighbors, same pixels"
    per_second = torch.numel(ab) / 2 / 1e6 / sorted(ours_s)[len(ours_s) // 2]
    report(
        "encoding",
        [
            Row.of(row, ratio(theirs_s, ours_s), ">= 30"),
            Row.of("soft encoding (K = 5), speed", per_second, unit="MP/s"),
        ],
    )


if __name__ == "__main__":
    main()
