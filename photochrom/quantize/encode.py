"""ab → distributions over bins that are zero but for the K nearest.

Zhang et al. 2016, section 2.2, "soft-encoding": the K nearest bins of a color, weighted by
a Gaussian of their distance. Pairs, not Q-vectors: a dense code of one 256² image is 82 MB.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.errors import ParameterError
from photochrom.quantize.gamut import Gamut
from photochrom.quantize.grid_search import MOST, Grid, nearest_on_grid
from photochrom.quantize.nearest import nearest_by_cell


class SoftBins(NamedTuple):
    """A distribution over bins that is zero but for K of them, nearest bin first."""

    bins: Int[Tensor, "*batch K H W"]
    weights: Float[Tensor, "*batch K H W"]


def soft_encode(
    ab: Float[Tensor, "*batch 2 H W"], gamut: Gamut, *, k: int = 5, sigma: float = 5.0
) -> SoftBins:
    """The `k` nearest bins of every pixel, weighted by a Gaussian of width `sigma` ab units.

    The weights sum to 1 over the k. k = 1 is the hard, one-hot code; a small `sigma` comes
    near it, a large one weighs the k alike. The paper's k is 5, its published layer's 10.
    """
    if not sigma > 0:
        raise ParameterError(f"sigma must be positive, got {sigma:g}")
    if not 1 <= k <= len(gamut):
        raise ParameterError(f"k must be within 1 and the gamut's {len(gamut)} bins, got {k}")
    squared, bins = _nearest(ab, gamut, k)
    gauss = squared.mul_(-1 / (2 * sigma**2)).softmax(dim=0)
    return SoftBins(bins.movedim(0, -3), gauss.movedim(0, -3))


def hard_encode(ab: Float[Tensor, "*batch 2 H W"], gamut: Gamut) -> Int[Tensor, "*batch H W"]:
    """The nearest bin of every pixel.

    >>> gamut = Gamut.srgb()
    >>> q = hard_encode(torch.tensor([32.0, -18.0]).reshape(2, 1, 1), gamut)
    >>> gamut.bins[q.item()].tolist()
    [30.0, -20.0]
    """
    return _nearest(ab, gamut, 1)[1][0]


def _nearest(
    ab: Float[Tensor, "*batch 2 H W"], gamut: Gamut, k: int
) -> tuple[Float[Tensor, "K *batch H W"], Int[Tensor, "K *batch H W"]]:
    """The `k` nearest bins, and their squared distances less that to the nearest."""
    exact = ab if ab.dtype == torch.float64 else ab.float()  # half precision holds no places
    a, b = (plane.reshape(-1) for plane in exact.detach().unbind(-3))
    grid = Grid.of(gamut) if k <= MOST else None
    if grid is None:
        squared, bins = _compared(a, b, gamut, k)
    else:
        squared, bins, rim = nearest_on_grid(a, b, grid, k)
        if len(rim):
            squared[:, rim], bins[:, rim] = _compared(a[rim], b[rim], gamut, k)
    shape = (k, *ab.shape[:-3], *ab.shape[-2:])
    return squared.reshape(shape), bins.reshape(shape)


def _compared(
    a: Float[Tensor, " P"], b: Float[Tensor, " P"], gamut: Gamut, k: int
) -> tuple[Float[Tensor, "K P"], Int[Tensor, "K P"]]:
    squared, bins = nearest_by_cell(torch.stack([a, b], dim=1), gamut, k)
    return (squared - squared[:, :1]).T, bins.T
