"""The colors that a classifier holds likely at one point."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.color.gamut_mapping import rgb_within_gamut
from photochrom.errors import ParameterError
from photochrom.quantize import Gamut

_ONE_COLOR = 20.0
"""ab units up to which bins are one color: two steps of the published grid."""
_LEAST = 0.01
"""The probability below which a color is no likely one."""


@dataclass(frozen=True)
class LikelyColor:
    """One of the colors that a pixel may have; `dataclasses.asdict` of it is ready for JSON."""

    probability: float
    """Of all the bins that are this color."""
    ab: tuple[float, float]
    """Their mean, weighted by probability."""
    rgb: tuple[int, int, int]
    """That ab at the pixel's own L, in 8 bits; outside sRGB it loses chroma until it fits."""


@torch.no_grad()
def palette(
    features: Float[Tensor, "C h w"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    L: Float[Tensor, "1 H W"],
    point: tuple[int, int],
    *,
    most: int = 8,
) -> list[LikelyColor]:
    """The likely colors of the pixel in row and column `point` of L, the likeliest first.

    The distribution is the model's own, T = 1, at the network's pixel that covers the point.
    Bins become colors by greedy peaks: the likeliest bin is a peak, and so is, one after the
    other, the likeliest bin more than 20 ab units from every peak before it; then each bin
    belongs to its nearest peak. So no bin is farther than 20 units from its peak, peaks are
    farther than that from each other, and probabilities of all the colors sum to 1. Of them
    the `most` likeliest are given, those below 1 % left out: what is given sums to the
    probability that it covers.

    `ValueError` for a point outside the image, for `most` below 1, and for a point whose
    logits make no distribution.
    """
    height, width = L.shape[-2:]
    row, column = point
    if not (0 <= row < height and 0 <= column < width):
        raise ParameterError(
            f"a point must be a row within 0 and {height - 1} and a column within 0 and "
            f"{width - 1}, got {row}, {column}"
        )
    if most < 1:
        raise ParameterError(f"a palette must be of 1 color or more, got {most}")
    x = features[:, row * features.shape[1] // height, column * features.shape[2] // width]
    exact = torch.float64  # one pixel: exactness is free
    p = (head_weight.to(exact) @ x.to(exact) + head_bias.to(exact)).softmax(dim=0).cpu()
    if not p.isfinite().all():
        raise ParameterError(
            f"expected a distribution at {row}, {column}, got logits that make none"
        )
    bins = gamut.bins.to(p)
    peak = _peaks(p, bins)
    masses = p.new_zeros(len(p)).index_add_(0, peak, p)
    sums = bins.new_zeros(bins.shape).index_add_(0, peak, p[:, None] * bins)
    likeliest = masses.topk(min(most, len(p)))
    return [
        _likely(mass, sums[q] / mass, L[0, row, column].to(p))
        for mass, q in zip(likeliest.values, likeliest.indices, strict=True)
        if mass >= _LEAST
    ]


def _peaks(p: Float[Tensor, " Q"], bins: Float[Tensor, "Q 2"]) -> Int[Tensor, " Q"]:
    """The peak that each bin belongs to: itself, where it is one."""
    distance = torch.cdist(bins, bins)
    left = p.clone()
    peaks = []
    while (left >= 0).any():
        peaks.append(int(left.argmax()))
        left[distance[peaks[-1]] <= _ONE_COLOR] = -1
    return torch.tensor(peaks)[distance[:, peaks].argmin(dim=1)]


def _likely(mass: Float[Tensor, ""], ab: Float[Tensor, " 2"], L: Float[Tensor, ""]) -> LikelyColor:
    rgb = rgb_within_gamut(torch.cat([L[None], ab])[:, None, None])[:, 0, 0]
    red, green, blue = (round(255 * value) for value in rgb.tolist())
    a, b = ab.tolist()
    return LikelyColor(float(mass), (a, b), (red, green, blue))
