"""Scores of 8-bit images: colorfulness, PSNR and SSIM.

Hasler and Süsstrunk, "Measuring colorfulness in natural images", 2003; Wang, Bovik, Sheikh
and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
2004.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

_SIGMA, _REACH = 1.5, 5  # Wang et al. 2004: an 11 × 11 Gaussian window of σ = 1.5
_STRIP = 64  # rows: more would multiply by more zeros of the window, fewer make smaller products
_C1, _C2 = 0.01**2, 0.03**2  # of values in 0–1: (K₁ · range)² and (K₂ · range)²


def colorfulness(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Hasler and Süsstrunk 2003, M3: √(σ²_rg + σ²_yb) + 0.3 √(μ²_rg + μ²_yb).

    rg = R - G and yb = (R + G)/2 - B, both signed, on 0–255. 0 is gray; ordinary
    photographs have about 20 to 60.

    >>> colorfulness(torch.full((1, 3, 4, 4), 90, dtype=torch.uint8)).tolist()
    [0.0]
    """
    return _m3(_opponents(rgb))


def colorfulness_absolute(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Another reading of M3, found in public code: of |rg| and |yb|.

    As in github.com/iver56/demo-style, app/utils/colorfulness.py. The definition has no
    absolute values: with them opposite colors count as one.
    """
    return _m3(_opponents(rgb).abs())


def _opponents(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, "2 B P"]:
    red, green, blue = rgb.float().flatten(2).unbind(1)
    return torch.stack([red - green, (red + green) / 2 - blue])


def _m3(opponents: Float[Tensor, "2 B P"]) -> Float[Tensor, " B"]:
    mean = opponents.mean(dim=-1, dtype=torch.float64)
    # Halves below 256 and their squares are exact in float32: nothing is lost in the difference.
    square = (opponents * opponents).mean(dim=-1, dtype=torch.float64)
    deviation = (square - mean * mean).clamp(min=0).sum(dim=0).sqrt()
    return deviation + 0.3 * mean.square().sum(dim=0).sqrt()


def psnr(rgb: UInt8[Tensor, "B 3 H W"], truth: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Peak signal-to-noise ratio of each image in dB; infinite where nothing differs.

    It rewards no color: a gray image scores above most colorizations.
    """
    error = (rgb.double() - truth.double()).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(255**2 / error)


class Surroundings(NamedTuple):
    """Images in 0–1, and the Gaussian mean and variance of R, G and B around every pixel."""

    planes: Float[Tensor, "B 3 H W"]
    mean: Float[Tensor, "B 3 H W"]
    variance: Float[Tensor, "B 3 H W"]

    @staticmethod
    def of(rgb: UInt8[Tensor, "B 3 H W"]) -> "Surroundings":
        """Those of 8-bit images; the border is mirrored."""
        planes = rgb.float() / 255
        mean = _blurred(planes)
        return Surroundings(planes, mean, _blurred(planes * planes) - mean * mean)


def ssim(
    rgb: UInt8[Tensor, "B 3 H W"], truth: UInt8[Tensor, "B 3 H W"] | Surroundings
) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
    """Compute the structural similarity of each image, the mean over pixels and R, G, B.

    Wang et al. 2004, equation 13, with population variances; 1 is identity.

    Args:
        rgb: The images.
        truth: What they are compared with, or its surroundings, made once for several methods.

    Returns:
        With the border mirrored, as torchmetrics has it; and over the pixels whose whole window
        is inside, as scikit-image and the authors have it; nan where there is none.
    """
    x, mean, variance = Surroundings.of(rgb)
    y, true_mean, true_variance = truth if isinstance(truth, tuple) else Surroundings.of(truth)
    product = mean * true_mean
    covariance = _blurred(x * y) - product
    likeness = (2 * product + _C1) / (mean.square() + true_mean.square() + _C1)
    structure = (2 * covariance + _C2) / (variance + true_variance + _C2)
    every = likeness * structure
    inside = every[..., _REACH:-_REACH, _REACH:-_REACH]
    whole, cropped = (x.mean(dim=(1, 2, 3), dtype=torch.float64) for x in (every, inside))
    return whole, cropped


def _blurred(planes: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
    """The Gaussian mean around every pixel.

    Each image by itself: how a product's sums are grouped depends on how many are in it.
    """
    return torch.stack([_blurred_down(_blurred_down(one.mT).mT) for one in planes])


def _blurred_down(planes: Float[Tensor, "C H W"]) -> Float[Tensor, "C H W"]:
    """The mean along columns, some rows at a time: they need no others but their neighbors."""
    side = planes.shape[-2]
    window = _window(side).to(planes)
    strips = []
    for first in range(0, side, _STRIP):
        rows = slice(first, first + _STRIP)
        near = slice(max(0, first - _REACH), first + _STRIP + _REACH)
        strips.append(window[rows, near] @ planes[..., near, :])
    return torch.cat(strips, dim=-2)


@lru_cache(maxsize=16)
def _window(side: int) -> Float[Tensor, "side side"]:
    """The weights of every place (column) in the mean around every place (row).

    As a matrix: its products take a quarter of the time of convolutions with one channel.
    """
    shift = torch.arange(-_REACH, _REACH + 1)
    weight = torch.exp(-(shift**2) / (2 * _SIGMA**2))
    period = max(1, 2 * (side - 1))
    place = (torch.arange(side)[:, None] + shift) % period
    mirrored = torch.minimum(place, period - place) if side > 1 else place
    weights = (weight / weight.sum()).expand(side, -1)
    return torch.zeros(side, side).scatter_add_(1, mirrored, weights)
