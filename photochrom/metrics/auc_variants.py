"""Other readings of AuC and colorfulness that are in use, so that old tables can be matched.

One prediction scores up to tens of points apart in them: compare numbers of one reading only.
Sources are public code that computes the reading; none of it is used here.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from photochrom.errors import EvaluationError
from photochrom.metrics.auc import THRESHOLDS, AucCounts, area
from photochrom.metrics.per_image import Tally, Truth
from photochrom.prior import rebalancing_weights

_MINGO = "github.com/mingo-x/colorization-tf"


class Scored(NamedTuple):
    """All that a reading of the AuC may be made from."""

    tally: Tally
    truth: Truth
    auc: AucCounts
    prior: Float[np.ndarray, " Q"]


class Reading(NamedTuple):
    """One way to read the AuC, in percent; `docs/metrics.md` lists them."""

    what: str
    source: str
    """Where it is found; empty where no public code was."""
    score: Callable[[Scored], float]


def _to_149(scored: Scored) -> float:
    levels = scored.tally.counts["levels"]
    within = levels @ (THRESHOLDS - 1 - np.arange(THRESHOLDS + 1)).clip(0)
    return float((100 * within / ((THRESHOLDS - 1) * levels.sum(axis=1))).mean())


def _trapezoid(curve: Float[np.ndarray, " thresholds"]) -> float:
    """The area below a curve over t = 0 … 150, by straight lines, over 150."""
    return float((curve.sum() - (curve[0] + curve[-1]) / 2) / (THRESHOLDS - 1))


def _raw_trapezoid(scored: Scored) -> float:
    levels = scored.tally.counts["levels"]
    curves = levels.cumsum(axis=1)[:, :THRESHOLDS] / levels.sum(axis=1, keepdims=True)
    return _trapezoid(100 * curves.mean(axis=0))


def _all_bins(scored: Scored) -> float:
    pixels = scored.auc.pixels
    return float(area(pixels[pixels.any(axis=1)]).sum() / len(pixels))


def _bins_per_image(scored: Scored) -> float:
    bins = scored.truth.bins
    shares = scored.tally.counts["area"] / (THRESHOLDS * bins.clip(1))
    return float((100 * shares.sum(axis=1) / (bins > 0).sum(axis=1)).mean())


def _weighted(uniform: float) -> Callable[[Scored], float]:
    def score(scored: Scored) -> float:
        curve = (_weights(scored.prior, uniform) @ scored.auc.pixels).cumsum()
        return _trapezoid(100 * curve[:THRESHOLDS] / curve[-1]) if curve[-1] > 0 else float("nan")

    return score


def _weighted_per_image(scored: Scored) -> float:
    w = _weights(scored.prior, 0.5)
    within, weights = scored.tally.counts["area"] @ w, scored.truth.bins @ w
    if not (weights > 0).all():
        return float("nan")
    return float((100 * within / (THRESHOLDS * weights)).mean())


def _weights(prior: Float[np.ndarray, " Q"], uniform: float) -> Float[np.ndarray, " Q"]:
    """Equation 4 over the bins that have mass; 0 in the others."""
    weights, massive = np.zeros_like(prior), prior > 0
    weights[massive] = rebalancing_weights(prior[massive], uniform)
    return weights


AUC_READINGS: dict[str, Reading] = {
    "auc_raw_to_149": Reading(
        "raw, thresholds 0 … 149, each image by itself, then the mean",
        "github.com/majedelhelou/BIGPrior, code/auc.py",
        _to_149,
    ),
    "auc_raw_trapezoid": Reading(
        "raw, the mean of the images' curves, area by trapezoids over 150",
        f"{_MINGO}, evaluate.py",
        _raw_trapezoid,
    ),
    "auc_rebalanced_all_bins": Reading(
        "rebalanced, averaged over all Q bins: one that does not occur counts as 0",
        "",
        _all_bins,
    ),
    "auc_rebalanced_per_image": Reading(
        "rebalanced in each image by itself, over its own bins, then the mean",
        "",
        _bins_per_image,
    ),
    "auc_weighted": Reading(
        "pixels weighted by the prior's rebalancing weights, λ = 1/2, area by trapezoids",
        f"a later script that uses {_MINGO} (gamma 0.5, per pixel)",
        _weighted(0.5),
    ),
    "auc_weighted_bare": Reading(
        "the same with λ = 0, the bare inverse of the prior",
        f"{_MINGO}, test_metrics.py (gamma 0, per pixel)",
        _weighted(0.0),
    ),
    "auc_weighted_per_image": Reading(
        "weighted, λ = 1/2, in each image by itself, then the mean; mean over thresholds",
        f"{_MINGO}, evaluate.py (there by trapezoids)",
        _weighted_per_image,
    ),
}


def readings(
    tally: Tally, truth: Truth, auc: AucCounts, prior: Float[np.ndarray, " Q"]
) -> dict[str, float]:
    """Every reading of `AUC_READINGS`, and `colorfulness_absolute`, by name.

    `auc` holds the counts of the same images and `prior` the probabilities of the gamut's
    bins. `ValueError` for a prior over other bins.
    """
    if len(prior) != len(auc.pixels):
        raise EvaluationError(f"expected a prior over {len(auc.pixels)} bins, got {len(prior)}")
    scored = Scored(tally, truth, auc, prior)
    scores = {name: reading.score(scored) for name, reading in AUC_READINGS.items()}
    absolute = tally.values["colorfulness_absolute"]
    return scores | {"colorfulness_absolute": float(absolute.mean())}
