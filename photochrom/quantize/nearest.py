"""Nearest bins by comparing distances: the plain definition, and the same with fewer bins.

Both serve any gamut; `photochrom.quantize.grid_search` is faster where the bins are a regular grid.
"""

from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.quantize.gamut import AB_LIMIT, Gamut

_BLOCK = 1 << 15  # points a block: 313 distances of each are 39 MB in float32


def nearest_bins(
    points: Float[Tensor, "P 2"], gamut: Gamut, k: int
) -> tuple[Float[Tensor, "P K"], Int[Tensor, "P K"]]:
    """Squared distances to the `k` nearest bins, nearest first, and which bins they are.

    By comparing with every bin: the plain definition. Among exact ties the order, and at the
    k-th place the choice, is arbitrary.
    """
    bins = gamut.bins.to(points)
    squared, index = [], []
    for block in points.split(_BLOCK):
        a, b = (block[:, i, None] - bins[:, i] for i in range(2))
        nearest = (a.square_() + b.square_()).topk(k, dim=1, largest=False, sorted=True)
        squared.append(nearest.values)
        index.append(nearest.indices)
    return torch.cat(squared), torch.cat(index)


@lru_cache(maxsize=8)
def _candidates(gamut: Gamut, k: int) -> Int[Tensor, "cells C"]:
    """For each cell of 1 × 1 ab within ±110, the bins among which the `k` nearest are found.

    No point of a cell is farther from the cell's center than r = ½√2. So a bin whose center
    is more than 2r beyond the k-th nearest of the cell's center is no neighbor of any point.
    """
    axis = torch.arange(-AB_LIMIT, AB_LIMIT, dtype=torch.float64) + 0.5
    centers = torch.cartesian_prod(axis, axis)
    squared, _ = nearest_bins(centers, gamut, k)
    reach = squared[:, -1].sqrt() + 2**0.5 + 1e-3  # 1e-3: float32 rounding of points on an edge
    distance = torch.cdist(centers, gamut.bins.to(centers))
    count = int((distance <= reach[:, None]).sum(dim=1).max())
    return distance.topk(count, dim=1, largest=False).indices


def nearest_by_cell(
    points: Float[Tensor, "P 2"], gamut: Gamut, k: int
) -> tuple[Float[Tensor, "P K"], Int[Tensor, "P K"]]:
    """`nearest_bins`, comparing only with the candidates of the cell that a point lies in."""
    cell = (points + AB_LIMIT).floor().long()
    outside = ((cell < 0) | (cell >= 2 * AB_LIMIT)).any(dim=1)
    if outside.any():  # no sRGB color, but possibly a prediction
        return nearest_bins(points, gamut, k)
    table, bins = _candidates(gamut, k).to(points.device), gamut.bins.to(points)
    squared, index = [], []
    for block, where in zip(
        points.split(_BLOCK), (cell[:, 0] * 2 * AB_LIMIT + cell[:, 1]).split(_BLOCK), strict=True
    ):
        candidates = table[where]  # P C
        a, b = (block[:, i, None] - bins[:, i][candidates] for i in range(2))
        nearest = (a.square_() + b.square_()).topk(k, dim=1, largest=False, sorted=True)
        squared.append(nearest.values)
        index.append(candidates.gather(1, nearest.indices))
    return torch.cat(squared), torch.cat(index)
