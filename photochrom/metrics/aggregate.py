"""Scores of many images together, as sums of what each image contributes.

Every score here is Σ_i a_i over images i, with a_i in the unit of the score. A mean over images is
such a sum exactly; a ratio of pooled counts is one with the counts of the whole set in the
denominator; a smooth function of pooled histograms is one by its derivative (it is homogeneous, so
its linear parts add up to it). A difference of two methods is then linear in images, too, so
intervals and paired tests (`photochrom.evaluation.inference`) only add up N numbers.

Rebalanced AuC is the case that needs care. R = mean over the bins q that occur of Σ_i A_iq / N_q,
where A_iq is how much of image i's pixels of true bin q is within the thresholds, N_iq their number
and N_q = Σ_i N_iq. A bin that occurs in one image has a ratio that no reweighting of images
changes, so a bootstrap that weights images finds no variance in it, though it counts as much as any
other. Its contribution here, a_i = mean_q A_iq / N_q, moves with the image.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from photochrom.errors import EvaluationError
from photochrom.metrics.auc import THRESHOLDS
from photochrom.metrics.color_difference import BLUE, CHROMA_STEP, GREEN, SECTORS
from photochrom.metrics.per_image import Tally, Truth
from photochrom.metrics.registry import METRICS

FEW_IMAGES = 5
"""Images that a bin occurs in at least, for the rebalanced AuC that leaves out rarer bins."""
_SHRINKAGE = 3
"""Images that the mean over bins weighs as, where a bin's own ratio is estimated from few."""


class Contributions(NamedTuple):
    """What each of N images contributes to a score."""

    parts: Float[np.ndarray, " N"]
    """Their sum is the score."""
    influence: Float[np.ndarray, " N"]
    """How much each image moves the score: its part less what is expected of an image of its size.
    The score of N other images varies as N times their variance."""
    images: float
    """How many they are; of a ratio as many of equal share as would weigh as these do (Kish,
    "Survey Sampling", 1965)."""

    @property
    def value(self) -> float:
        """The score; nan where nothing can be scored."""
        return float(self.parts.sum())

    @staticmethod
    def of(parts: Float[np.ndarray, " N"], shares: Float[np.ndarray, " N"]) -> "Contributions":
        """Contributions to a ratio; `shares`, which sum to 1, are of its divisor."""
        images = round(1 / float(np.square(shares).sum()), 6)  # N equal shares give N
        return Contributions(parts, parts - parts.sum() * shares, images)


def contributions(tally: Tally, truth: Truth) -> dict[str, Contributions]:
    """Compute every score that a tally allows, by `Metric.key`, as contributions of its images.

    AuC, hue, histograms and calibration are of the pixels of all images together, the others
    means over images. Where a score is not a number, as hue agreement without any hue, so is a
    part of it.

    Raises:
        ValueError: If `truth` is that of other images.
    """
    _check_names(tally, truth)
    pixels = truth.bins.sum(axis=1).astype(np.float64)
    found = {key: _mean(values) for key, values in tally.values.items()}
    found |= main_contributions(tally, truth)
    lacking = tally.counts["chroma"].sum(axis=1) < truth.chroma.sum(axis=1)
    chroma = _emd(tally.counts["chroma"], truth.chroma, pixels)
    found |= {
        "colorfulness_error": _mean(np.abs(_difference(tally, truth))),
        "chroma_distance": chroma._replace(parts=np.where(lacking, np.nan, chroma.parts)),
        "ab_divergence": _jensen_shannon(tally.counts["bins"], truth.bins, pixels),
        "ab_spread": _spread(tally.counts["ab"], truth.ab, pixels),
        "mean_color_error": _mean(_mean_color_error(tally, truth, pixels)),
        "neutral_chroma": _ratio(tally.counts["neutral"][:, 0], tally.counts["neutral"][:, 1]),
        "hue_agreement": _hue_agreement(tally.counts["hue"], truth.hue),
        "green_for_blue": _green_for_blue(tally.counts["hue"], truth.hue),
    }
    if "calibration" in tally.counts:
        found["calibration_error"] = _calibration_error(tally.counts["calibration"])
    return {metric.key: found[metric.key] for metric in METRICS if metric.key in found}


def main_contributions(tally: Tally, truth: Truth) -> dict[str, Contributions]:
    """Compute the main scores alone: raw and rebalanced AuC, and colorfulness."""
    _check_names(tally, truth)
    area = 100 * tally.counts["area"] / THRESHOLDS
    return {
        "auc_raw": _ratio(area.sum(axis=1), truth.bins.sum(axis=1)),
        "auc_rebalanced": _mean_over_bins(area, truth.bins),
        "auc_rebalanced_5": _mean_ratio(area, truth.bins, FEW_IMAGES),
        "colorfulness": _mean(tally.values["colorfulness"]),
        "colorfulness_difference": _mean(_difference(tally, truth)),
    }


def pooled_scores(tally: Tally, truth: Truth) -> dict[str, float]:
    """Compute every score that a tally allows, by `Metric.key`; nan where there is nothing."""
    return {key: one.value for key, one in contributions(tally, truth).items()}


def hue_shares(tally: Tally, truth: Truth) -> Float[np.ndarray, "hues hues"]:
    """Compute how many percent of the pixels of each true sector (row) got each (column).

    nan in the row of a sector that does not occur. A row of a method that predicts colors that
    are not finite sums to less than 100.
    """
    true = truth.hue.sum(axis=0)[:, None]
    return 100 * _divided(tally.counts["hue"].sum(axis=0), np.broadcast_to(true, (len(true),) * 2))


def chroma_shares(of: Tally | Truth) -> Float[np.ndarray, " steps"]:
    """Compute the fraction of pixels in each step of 2 ab units of chroma."""
    chroma = (of.counts["chroma"] if isinstance(of, Tally) else of.chroma).sum(axis=0)
    pixels = of.counts["levels"].sum() if isinstance(of, Tally) else chroma.sum()
    shares: np.ndarray = chroma / pixels
    return shares


def _check_names(tally: Tally, truth: Truth) -> None:
    if tally.names != truth.names:
        raise EvaluationError(
            f"expected the truth of the same {len(tally)} images in the same order, got that of "
            f"{len(truth)} whose names differ"
        )


def _difference(tally: Tally, truth: Truth) -> Float[np.ndarray, " N"]:
    difference: np.ndarray = tally.values["colorfulness"] - truth.colorfulness
    return difference


def _divided(over: np.ndarray, under: np.ndarray) -> Float[np.ndarray, "..."]:
    """Divide; nan where the divisor is 0."""
    out = np.full(over.shape, np.nan)
    ratio: np.ndarray = np.divide(over, under, out=out, where=under > 0)
    return ratio


def _mean(values: Float[np.ndarray, " N"]) -> Contributions:
    """The mean over images; nan if one of them has no value."""
    return Contributions.of(values / len(values), np.full(len(values), 1 / len(values)))


def _ratio(over: Num[np.ndarray, " N"], under: Num[np.ndarray, " N"]) -> Contributions:
    """The ratio of two sums over images."""
    total = float(under.sum()) or np.nan
    return Contributions.of(over / total, under / total)


def _mean_ratio(
    over: Num[np.ndarray, "N places"], under: Num[np.ndarray, "N places"], images: int = 1
) -> Contributions:
    """The mean of the ratios in the places that occur in at least so many images.

    What is expected of an image in a place is the mean over places.
    """
    occurs = (under > 0).sum(axis=0) >= images
    if not occurs.any():
        unknown = np.full(len(under), np.nan)
        return Contributions(unknown, unknown, len(under))
    tops, bottoms = (x[:, occurs].astype(np.float64) for x in (over, under))
    parts, shares = ((x / bottoms.sum(axis=0)).mean(axis=1) for x in (tops, bottoms))
    return Contributions.of(parts, shares)._replace(images=len(under))


def _mean_over_bins(over: Num[np.ndarray, "N Q"], under: Num[np.ndarray, "N Q"]) -> Contributions:
    """The mean of the ratios in the bins that occur.

    What is expected of an image in a bin is the ratio of the other images there; where they are
    few or none, the mean over bins is weighed in as `_SHRINKAGE` images.
    """
    parts, _, images = plain = _mean_ratio(over, under)
    occurs = (under > 0).any(axis=0)
    if not occurs.any():
        return plain
    tops, bottoms = (x[:, occurs].astype(np.float64) for x in (over, under))
    others = (bottoms > 0).sum(axis=0) - (bottoms > 0)
    left, below = tops.sum(axis=0) - tops, bottoms.sum(axis=0) - bottoms
    ratio = np.divide(left, below, out=np.zeros_like(left), where=below > 0)
    expected = (others * ratio + _SHRINKAGE * parts.sum()) / (others + _SHRINKAGE)
    influence = ((tops - expected * bottoms) / bottoms.sum(axis=0)).mean(axis=1)
    return Contributions(parts, influence, images)


def _emd(
    steps: Num[np.ndarray, "N steps"],
    true_steps: Num[np.ndarray, "N steps"],
    pixels: Float[np.ndarray, " N"],
) -> Contributions:
    """The earth mover's distance, on a line the area between the cumulative shares."""
    moved = (steps - true_steps).cumsum(axis=1)
    signs = np.sign(moved.sum(axis=0)) / pixels.sum()  # of whole numbers: no rounding
    return Contributions.of(CHROMA_STEP * moved @ signs, pixels / pixels.sum())


def _jensen_shannon(
    bins: Num[np.ndarray, "N Q"], true_bins: Num[np.ndarray, "N Q"], pixels: Float[np.ndarray, " N"]
) -> Contributions:
    """The Jensen–Shannon divergence of two histograms, in bits, from 0 to 1.

    Both are shares of the true pixels: what the first lacks of them is in a bin of its own. The
    derivatives by the shares p and q are ½ log₂ p / m and ½ log₂ q / m, with m their mean.
    """
    lacking = (pixels - bins.sum(axis=1))[:, None]
    p, q = np.hstack([bins, lacking]), np.hstack([true_bins, np.zeros_like(lacking)])
    p, q = p / pixels.sum(), q / pixels.sum()
    middle = (p.sum(axis=0) + q.sum(axis=0)) / 2
    parts = sum(one @ _log2(one.sum(axis=0), middle) for one in (p, q)) / 2
    return Contributions.of(np.asarray(parts), pixels / pixels.sum())


def _log2(p: Float[np.ndarray, " places"], m: Float[np.ndarray, " places"]) -> np.ndarray:
    logarithm: np.ndarray = np.log2(np.divide(p, m, out=np.ones_like(p), where=p > 0))
    return logarithm


def _spread(
    ab: Float[np.ndarray, "N 3"],
    true_ab: Float[np.ndarray, "N 3"],
    pixels: Float[np.ndarray, " N"],
) -> Contributions:
    """The standard deviation of ab over all pixels, in percent of the truth's.

    `ab` are the sums of a, b and a² + b² of each image.
    """
    shares = pixels / pixels.sum()
    variances, moves = zip(*(_variance(one, pixels) for one in (ab, true_ab)), strict=True)
    if not variances[1] > 0:
        return Contributions.of(np.full(len(pixels), np.nan), shares)
    ratio = 100 * np.sqrt(variances[0] / variances[1])
    if variances[0] == 0:  # one color: the root has no derivative there
        return Contributions.of(ratio * shares, shares)
    relative = moves[0] / variances[0] - moves[1] / variances[1]
    return Contributions.of(ratio * (shares + relative / 2), shares)


def _variance(
    sums: Float[np.ndarray, "N 3"], pixels: Float[np.ndarray, " N"]
) -> tuple[float, Float[np.ndarray, " N"]]:
    """Return the variance of ab, and how much each image moves it."""
    total = pixels.sum()
    mean = sums[:, :2].sum(axis=0) / total
    around = sums[:, 2] - 2 * sums[:, :2] @ mean + pixels * (mean @ mean)
    variance = float(around.sum() / total)
    # Sums of squares of one and the same color differ from its square by rounding alone.
    variance = 0.0 if variance <= 1e-9 * max(1.0, float(mean @ mean)) else variance
    return variance, around / total - variance * pixels / total


def _mean_color_error(
    tally: Tally, truth: Truth, pixels: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " N"]:
    """The distance of each image's mean ab to that of the true image."""
    apart = (tally.counts["ab"][:, :2] - truth.ab[:, :2]) / pixels[:, None]
    error: np.ndarray = np.hypot(apart[:, 0], apart[:, 1])
    return error


def _hue_agreement(
    hue: Num[np.ndarray, "N hues hues"], true_hue: Num[np.ndarray, "N hues"]
) -> Contributions:
    """The mean over sectors; of images as many as the sector with the fewest has (Kish)."""
    same, true = hue.diagonal(axis1=1, axis2=2)[:, :SECTORS], true_hue[:, :SECTORS]
    found = _mean_over_bins(100 * same, true)
    squares, sums = np.square(true.astype(np.float64)).sum(axis=0), true.sum(axis=0)
    fewest = (sums[sums > 0].astype(np.float64) ** 2 / squares[sums > 0]).min(initial=len(true))
    return found._replace(images=round(float(fewest), 6))


def _green_for_blue(
    hue: Num[np.ndarray, "N hues hues"], true_hue: Num[np.ndarray, "N hues"]
) -> Contributions:
    confused = hue[:, BLUE][:, :, GREEN].sum(axis=(1, 2))
    return _ratio(100 * confused, true_hue[:, BLUE].sum(axis=1))


def _calibration_error(calibration: Float[np.ndarray, "N bins 3"]) -> Contributions:
    """Guo et al. 2017, equation 3, in percent."""
    pixels, confidence, correct = np.moveaxis(calibration.astype(np.float64), -1, 0)
    gap = correct - confidence
    return _ratio(100 * gap @ np.sign(gap.sum(axis=0)), pixels.sum(axis=1))
