"""Two baselines that know the training prior and never look at the image.

One constant color scores well in rebalanced AuC, which counts every bin alike: a color in the
middle of the gamut is within a moderate error of all of them. A method that does not beat it has
not shown that it knows what color anything is.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.metrics import THRESHOLDS
from photochrom.prior import EDGES, PriorFile
from photochrom.quantize import Gamut, hard_encode

_STEPS = (10.0, 2.0, 0.5)  # of the grids that are searched, each around the best of the one before
_REACH = 110.0


@dataclass(frozen=True, eq=False)
class Constant:
    """The best constant color of a prior, and the prior itself."""

    ab: tuple[float, float]
    bins: Float[np.ndarray, "Q 2"] = field(repr=False)
    p: Float[np.ndarray, " Q"] = field(repr=False)

    @staticmethod
    def of(prior: PriorFile, metric: str = "auc_rebalanced") -> "Constant":
        """Find the constant color that scores best on the counted pixels of a prior.

        Args:
            prior: The prior of the training images, never of those that are scored.
            metric: `auc_raw` for that score; for any other the rebalanced AuC.
        """
        a, b = np.nonzero(prior.histogram.pixels)
        colors = np.stack([EDGES[a], EDGES[b]], axis=1) + 0.5
        weights = prior.histogram.pixels[a, b].astype(np.float64)
        if metric != "auc_raw":
            weights = _rebalanced(colors, weights)
        best = np.zeros(2)
        reach = _REACH
        for step in _STEPS:
            axis = np.arange(-reach, reach + step, step)
            grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2) + best
            best = grid[np.argmax([_area(one, colors) @ weights for one in grid])]
            reach = step
        ab = (float(best[0]), float(best[1]))
        return Constant(ab, prior.prior.gamut.bins.double().numpy(), prior.prior.p)

    def drawn(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float[Tensor, "2 H W"]:
        """Draw a color for every pixel by itself."""
        places = rng.choice(len(self.p), size=shape, p=self.p / self.p.sum())
        return torch.from_numpy(self.bins[places]).movedim(-1, 0).float()


def _rebalanced(
    colors: Float[np.ndarray, "P 2"], weights: Float[np.ndarray, " P"]
) -> Float[np.ndarray, " P"]:
    """Return weights that sum to the same in every bin of the gamut of step 10 that occurs."""
    planes = torch.from_numpy(colors.T.copy())[:, None]
    bins = hard_encode(planes, Gamut.srgb())[0].numpy()
    totals = np.bincount(bins, weights)
    balanced: np.ndarray = weights / totals[bins]
    return balanced


def _area(color: Float[np.ndarray, " 2"], colors: Float[np.ndarray, "P 2"]) -> np.ndarray:
    """Return the fraction of thresholds that each color is within, of one color."""
    level = np.ceil(np.hypot(*(colors - color).T))
    within: np.ndarray = (THRESHOLDS - level).clip(0) / THRESHOLDS
    return within
