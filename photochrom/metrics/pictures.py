"""Scores of 8-bit pictures: colourfulness, PSNR and SSIM.

Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003; Wang, Bovik, Sheikh
and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
2004.
"""

from functools import lru_cache

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

_SIGMA, _REACH = 1.5, 5  # Wang et al. 2004: an 11 × 11 Gaussian window of σ = 1.5
_C1, _C2 = 0.01**2, 0.03**2  # of values in 0–1: (K₁ · range)² and (K₂ · range)²


def colorfulness(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Hasler and Süsstrunk 2003, M3: √(σ²_rg + σ²_yb) + 0.3 √(μ²_rg + μ²_yb).

    rg = R - G and yb = (R + G)/2 - B, both signed, on 0–255. 0 is grey; ordinary
    photographs have about 20 to 60.

    >>> colorfulness(torch.full((1, 3, 4, 4), 90, dtype=torch.uint8)).tolist()
    [0.0]
    """
    return _m3(_opponents(rgb))


def colorfulness_absolute(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Another reading of M3, found in public code: of |rg| and |yb|.

    As in github.com/iver56/demo-style, app/utils/colorfulness.py. The definition has no
    absolute values: with them opposite colours count as one.
    """
    return _m3(_opponents(rgb).abs())


def _opponents(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, "2 B P"]:
    red, green, blue = rgb.double().flatten(2).unbind(1)
    return torch.stack([red - green, (red + green) / 2 - blue])


def _m3(opponents: Float[Tensor, "2 B P"]) -> Float[Tensor, " B"]:
    deviation = opponents.var(dim=-1, correction=0).sum(dim=0).sqrt()
    return deviation + 0.3 * opponents.mean(dim=-1).square().sum(dim=0).sqrt()


def psnr(rgb: UInt8[Tensor, "B 3 H W"], truth: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Peak signal-to-noise ratio of each picture in dB; infinite where nothing differs.

    It rewards no colour: a grey picture scores above most colorizations.
    """
    error = (rgb.double() - truth.double()).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(255**2 / error)


def ssim(rgb: UInt8[Tensor, "B 3 H W"], truth: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Structural similarity of each picture, the mean over pixels and R, G, B; 1 is identity.

    Wang et al. 2004, equation 13, with population variances; the border is mirrored.
    """
    x, y = (planes.float() / 255 for planes in (rgb, truth))
    # Of sum and difference: (x + y)² - (x - y)² = 4 x y and (x + y)² + (x - y)² = 2 (x² + y²).
    either = torch.stack([x + y, x - y])
    mean, square = _blurred(either), _blurred(either * either)
    (means, differs), (spread, spread_apart) = mean * mean, square - mean * mean
    likeness = ((means - differs) / 2 + _C1) / ((means + differs) / 2 + _C1)
    structure = ((spread - spread_apart) / 2 + _C2) / ((spread + spread_apart) / 2 + _C2)
    similarity: Tensor = (likeness * structure).double().mean(dim=(1, 2, 3))
    return similarity


def _blurred(planes: Float[Tensor, "*batch H W"]) -> Float[Tensor, "*batch H W"]:
    """The Gaussian mean around every pixel."""
    down, across = (_window(side).to(planes) for side in planes.shape[-2:])
    return down @ planes @ across.T


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
