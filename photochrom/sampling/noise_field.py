"""Noise that is alike where an image is alike, so that one thing gets one color.

A Gaussian process over the pixels, with the bilateral kernel of place, lightness and color
(Tomasi and Manduchi, "Bilateral filtering for gray and color images", ICCV 1998),

    k(x, y) = exp(-|φ(x) - φ(y)|² / 2),    φ = (row / ℓ, column / ℓ, L / σ_L, a / σ_ab, b / σ_ab),

drawn by random Fourier features (Rahimi and Recht, "Random features for large-scale kernel
machines", NIPS 2007): with K frequencies ω ~ N(0, I) and weights v, w ~ N(0, 1),

    n(x) = K^(-1/2) Σ_k v_k cos(ω_k · φ(x)) + w_k sin(ω_k · φ(x)).

As cos² + sin² = 1, n(x) is exactly standard normal at every pixel, whatever the frequencies
are; K decides only how near the correlation of two pixels comes to k. A pixel's noise depends
on its own φ alone: it is made block by block, at any pixels, without the field.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

_FREQUENCIES = 64
_AXES = 5
_PLACE = 8.0  # ℓ, in long sides: place alone parts only what lies far apart
_SIGMA_L = 40.0
_SIGMA_AB = 30.0
_SMOOTHED = 64  # the short side at which φ's values are smoothed
_MEDIAN = 7  # pixels across


@dataclass(frozen=True, eq=False)
class NoiseField:
    """Q independent fields, one a bin; a seed is one draw of them."""

    frequencies: Float[Tensor, "5 K"]
    weights: Float[Tensor, "2*K Q"]

    @staticmethod
    def draw(seed: int, bins: int, like: Tensor) -> "NoiseField":
        """The fields of a seed: the same numbers on every device, in the dtype of `like`."""
        random = torch.Generator().manual_seed(seed)
        frequencies = torch.randn(_AXES, _FREQUENCIES, generator=random)
        weights = torch.randn(2 * _FREQUENCIES, bins, generator=random)
        return NoiseField(frequencies.to(like), weights.to(like) / math.sqrt(_FREQUENCIES))

    def normal(self, places: Float[Tensor, "P 5"]) -> Float[Tensor, "P Q"]:
        """n(x) of some pixels, which stand at `places` of φ."""
        angle = places @ self.frequencies
        return torch.cat([angle.cos(), angle.sin()], dim=1) @ self.weights

    def gumbel(self, places: Float[Tensor, "P 5"]) -> Float[Tensor, "P Q"]:
        """-log(-log Φ(n(x))), with Φ the normal distribution: exactly Gumbel at every pixel."""
        log_p: Tensor = torch.special.log_ndtr(self.normal(places))
        return log_p.neg_().log_().neg_()


def places(L: Float[Tensor, "B 1 h w"], ab: Float[Tensor, "B 2 h w"]) -> Float[Tensor, "B 5 h w"]:
    """φ of every pixel, of its lightness and what color it has at first sight.

    Both are smoothed by a median, which keeps the edges of things and not their texture:
    leaves in light and shade are one thing.
    """
    height, width = L.shape[-2:]
    axes = [torch.arange(side, device=L.device).to(ab) for side in (height, width)]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij")) / (_PLACE * max(height, width))
    lab = torch.cat([L.to(ab) / _SIGMA_L, ab / _SIGMA_AB], dim=1).nan_to_num()
    return torch.cat([grid.expand(len(L), -1, -1, -1), smoothed(lab)], dim=1)


def smoothed(values: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C h w"]:
    """The median in 7 × 7 pixels, of values reduced to a short side of 64 if theirs is larger."""
    height, width = values.shape[-2:]
    scale = min(1.0, _SMOOTHED / min(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = F.interpolate(values, size, mode="area")
    padded = F.pad(small, (_MEDIAN // 2,) * 4, mode="replicate")
    windows = padded.unfold(2, _MEDIAN, 1).unfold(3, _MEDIAN, 1)
    median = windows.flatten(-2).median(dim=-1).values
    return F.interpolate(median, (height, width), mode="bilinear", align_corners=False)
