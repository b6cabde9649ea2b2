"""Counts seen through a gamut: the prior over bins, and the rebalancing weights.

Zhang et al. 2016, section 2.2, "class rebalancing".
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from photochrom.errors import PriorError
from photochrom.prior.histogram import EDGES, AbHistogram
from photochrom.quantize import Gamut, soft_encode


def rebalancing_weights(
    p: Float[np.ndarray, " Q"], uniform: float = 0.5
) -> Float[np.ndarray, " Q"]:
    """The weight of each bin: the inverse of its prior mixed with a uniform one.

    Zhang et al. 2016, equation 4: w ∝ ((1 - λ) p + λ / Q)⁻¹, scaled so that E_p[w] = 1.
    `uniform` is λ: 0 weighs by the bare inverse (`ValueError` if a bin has no mass then), 1
    weighs all bins alike.
    """
    if not 0 <= uniform <= 1:
        raise PriorError(f"uniform must be within 0 and 1, got {uniform:g}")
    mixed = (1 - uniform) * p + uniform / len(p)
    if not (mixed > 0).all():
        empty = int((mixed <= 0).sum())
        raise PriorError(f"uniform = 0 needs mass in every bin, {empty} have none: raise it")
    inverse = 1 / mixed
    weights: np.ndarray = inverse / (p * inverse).sum()
    return weights


@dataclass(frozen=True, eq=False)
class ColorPrior:
    """How probable each bin of a gamut is, and how the counts were smoothed to say so."""

    gamut: Gamut
    p: Float[np.ndarray, " Q"]
    k: int
    sigma: float

    def __post_init__(self) -> None:
        if len(self.p) != len(self.gamut):
            raise PriorError(f"expected {len(self.gamut)} probabilities, got {len(self.p)}")
        if not (self.p >= 0).all() or abs(self.p.sum() - 1) > 1e-6:  # 1e-6: float32 files
            raise PriorError(
                f"a prior must sum to 1, got {self.p.sum():.6g}: divide the counts by their total"
            )

    @staticmethod
    def of(histogram: AbHistogram, gamut: Gamut, *, k: int = 5, sigma: float = 5.0) -> "ColorPrior":
        """The mean soft code over all counted pixels.

        Every cell stands for its center: within 0.003 L1 of encoding each pixel by itself.
        """
        a, b = np.nonzero(histogram.pixels)
        if len(a) == 0:
            raise PriorError("expected counted pixels, got none: a prior needs color images")
        centers = torch.tensor(np.stack([EDGES[a], EDGES[b]]) + 0.5)[..., None]  # 2 cells 1
        code = soft_encode(centers, gamut, k=k, sigma=sigma)
        mass = code.weights.numpy() * histogram.pixels[a, b][:, None]
        p = np.bincount(code.bins.numpy().ravel(), weights=mass.ravel(), minlength=len(gamut))
        return ColorPrior(gamut, p / p.sum(), k, sigma)

    def weights(self, uniform: float = 0.5) -> Float[np.ndarray, " Q"]:
        """The rebalancing weights, λ = `uniform`: `rebalancing_weights` of this prior."""
        return rebalancing_weights(self.p, uniform)
