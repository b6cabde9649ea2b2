"""ab → distributions over bins that are zero but for the K nearest.

Zhang et al. 2016, section 2.2, "soft-encoding": the K nearest bins of a colour, weighted by
a Gaussian of their distance. Pairs, not Q-vectors: a dense code of one 256² picture is 82 MB.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.quantize.gamut import AB_LIMIT, Gamut

_BLOCK = 1 << 15  # points a block: 313 distances of each are 39 MB in float32


class SoftBins(NamedTuple):
    """A distribution over bins that is zero but for K of them, nearest bin first."""

    bins: Int[Tensor, "*batch K H W"]
    weights: Float[Tensor, "*batch K H W"]


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

    No point of a cell is farther from the cell's centre than r = ½√2. So a bin whose centre
    is more than 2r beyond the k-th nearest of the cell's centre is no neighbour of any point.
    """
    axis = torch.arange(-AB_LIMIT, AB_LIMIT, dtype=torch.float64) + 0.5
    centres = torch.cartesian_prod(axis, axis)
    squared, _ = nearest_bins(centres, gamut, k)
    reach = squared[:, -1].sqrt() + 2**0.5 + 1e-3  # 1e-3: float32 rounding of points on an edge
    distance = torch.cdist(centres, gamut.bins.to(centres))
    count = int((distance <= reach[:, None]).sum(dim=1).max())
    return distance.topk(count, dim=1, largest=False).indices


def _nearest_by_cell(
    points: Float[Tensor, "P 2"], gamut: Gamut, k: int
) -> tuple[Float[Tensor, "P K"], Int[Tensor, "P K"]]:
    """`nearest_bins`, comparing only with the candidates of the cell that a point lies in."""
    cell = (points + AB_LIMIT).floor().long()
    outside = ((cell < 0) | (cell >= 2 * AB_LIMIT)).any(dim=1)
    if outside.any():  # no sRGB colour, but possibly a prediction
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


def soft_encode(
    ab: Float[Tensor, "*batch 2 H W"], gamut: Gamut, *, k: int = 5, sigma: float = 5.0
) -> SoftBins:
    """The `k` nearest bins of every pixel, weighted by a Gaussian of width `sigma` ab units.

    The weights sum to 1 over the k. k = 1 is the hard, one-hot code; a small `sigma` comes
    near it, a large one weighs the k alike. The paper's k is 5, its published layer's 10.
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma:g}")
    if not 1 <= k <= len(gamut):
        raise ValueError(f"k must be within 1 and the gamut's {len(gamut)} bins, got {k}")
    points = ab.movedim(-3, -1)
    squared, index = _nearest_by_cell(points.reshape(-1, 2), gamut, k)
    # softmax subtracts the nearest distance first, so a colour far from all bins is no 0/0.
    weights = torch.softmax(squared / (-2 * sigma**2), dim=1)
    shape = (*points.shape[:-1], k)
    return SoftBins(index.reshape(shape).movedim(-1, -3), weights.reshape(shape).movedim(-1, -3))


def hard_encode(ab: Float[Tensor, "*batch 2 H W"], gamut: Gamut) -> Int[Tensor, "*batch H W"]:
    """The nearest bin of every pixel.

    >>> gamut = Gamut.srgb()
    >>> q = hard_encode(torch.tensor([32.0, -18.0]).reshape(2, 1, 1), gamut)
    >>> gamut.bins[q.item()].tolist()
    [30.0, -20.0]
    """
    points = ab.movedim(-3, -1)
    _, index = _nearest_by_cell(points.reshape(-1, 2), gamut, 1)
    return index.reshape(points.shape[:-1])
