"""The scores of many pictures together, for any number of weightings of them at once.

A weighting gives each picture a number: ones for the score itself, random ones for a bootstrap.
Sums over pictures are matrix products, so a thousand replicates cost little.
"""

import numpy as np
from jaxtyping import Float, Num

from photochrom.metrics.auc import THRESHOLDS
from photochrom.metrics.chroma import BLUE, CHROMA_STEP, GREEN, SECTORS
from photochrom.metrics.definitions import METRICS
from photochrom.metrics.tally import Tally, Truth


def pooled_scores(
    tally: Tally, truth: Truth, weights: Num[np.ndarray, "R N"]
) -> dict[str, Float[np.ndarray, " R"]]:
    """Every score that the tally allows, by `Metric.key`, once for each of R weightings.

    AuC, hue, histograms and calibration are of all pixels together, the others means over
    pictures. nan where a weighting leaves nothing to score, such as no blue pixel. `ValueError`
    for a truth of other pictures.
    """
    _check_names(tally, truth)
    w = weights.astype(np.float64)
    counts = {key: _weighed(w, array) for key, array in tally.counts.items()}
    true_bins, true_chroma, true_hue = (
        _weighed(w, array) for array in (truth.bins, truth.chroma, truth.hue)
    )
    # A colour that is not a number is at no distance from the others. By the counts themselves:
    # weighed sums of as many pixels differ by their rounding.
    lacking = tally.counts["chroma"].sum(axis=1) < truth.chroma.sum(axis=1)
    scores = {key: _mean(w, values) for key, values in tally.values.items()}
    scores |= _auc(counts["area"], true_bins)
    scores |= {
        "chroma_distance": np.where(
            w @ lacking > 0, np.nan, _chroma_distance(counts["chroma"], true_chroma)
        ),
        "ab_divergence": jensen_shannon(counts["bins"], true_bins),
        "hue_agreement": _hue_agreement(counts["hue"], true_hue),
        "green_for_blue": _green_for_blue(counts["hue"], true_hue),
    }
    if "calibration" in counts:
        scores["calibration_error"] = _calibration_error(counts["calibration"])
    return {metric.key: scores[metric.key] for metric in METRICS if metric.key in scores}


def main_scores(
    tally: Tally, truth: Truth, weights: Num[np.ndarray, "R N"]
) -> dict[str, Float[np.ndarray, " R"]]:
    """Raw and rebalanced AuC and colourfulness as `pooled_scores` has them, and sooner."""
    _check_names(tally, truth)
    w = weights.astype(np.float64)
    scores = _auc(_weighed(w, tally.counts["area"]), _weighed(w, truth.bins))
    return scores | {"colorfulness": _mean(w, tally.values["colorfulness"])}


def hue_shares(tally: Tally, truth: Truth) -> Float[np.ndarray, "hues hues"]:
    """Of the pixels of each true sector (row), how many percent got each sector (column).

    nan in the row of a sector that does not occur. A row of a method that predicts colours
    that are not finite sums to less than 100.
    """
    return _percent(tally.counts["hue"].sum(axis=0), truth.hue.sum(axis=0)[:, None])


def chroma_shares(of: Tally | Truth) -> Float[np.ndarray, " steps"]:
    """The share of pixels in each step of 2 ab units of chroma."""
    chroma = (of.counts["chroma"] if isinstance(of, Tally) else of.chroma).sum(axis=0)
    pixels = of.counts["levels"].sum() if isinstance(of, Tally) else chroma.sum()
    shares: np.ndarray = chroma / pixels
    return shares


def jensen_shannon(
    pixels: Num[np.ndarray, "R Q"], true_pixels: Num[np.ndarray, "R Q"]
) -> Float[np.ndarray, " R"]:
    """The Jensen–Shannon divergence of two histograms, in bits, from 0 to 1.

    Both are shares of the true pixels: what the first lacks of them is in a bin of its own.
    nan without pixels.
    """
    totals = true_pixels.sum(axis=1, keepdims=True)
    lacking = totals - pixels.sum(axis=1, keepdims=True)
    p = _ratio(np.hstack([pixels, lacking]), totals)
    q = _ratio(np.hstack([true_pixels, np.zeros_like(totals)]), totals)
    middle = (p + q) / 2
    bits: np.ndarray = _entropy(middle) - (_entropy(p) + _entropy(q)) / 2
    return bits.clip(0)  # rounding may make it negative


def _check_names(tally: Tally, truth: Truth) -> None:
    if tally.names != truth.names:
        raise ValueError(
            f"expected the truth of the same {len(tally)} pictures in the same order, got that of "
            f"{len(truth)} whose names differ"
        )


def _auc(
    area: Float[np.ndarray, "R Q"], true_bins: Float[np.ndarray, "R Q"]
) -> dict[str, Float[np.ndarray, " R"]]:
    return {
        "auc_raw": _percent(area.sum(axis=1), THRESHOLDS * true_bins.sum(axis=1)),
        "auc_rebalanced": _mean_share(area, THRESHOLDS * true_bins),
    }


def _entropy(p: Float[np.ndarray, "R places"]) -> Float[np.ndarray, " R"]:
    bits: np.ndarray = -(p * np.log2(np.where(p > 0, p, 1))).sum(axis=1)
    return bits


def _weighed(w: Float[np.ndarray, "R N"], array: np.ndarray) -> Float[np.ndarray, "R ..."]:
    flat = w @ array.reshape(len(array), -1)
    sums: np.ndarray = flat.reshape(len(w), *array.shape[1:])
    return sums


def _mean(w: Float[np.ndarray, "R N"], values: Float[np.ndarray, " N"]) -> Float[np.ndarray, " R"]:
    """The weighted mean; nan if a picture of any weight has no value."""
    lacking = np.isnan(values)
    mean = _ratio(w @ np.where(lacking, 0, values), w.sum(axis=1))
    return np.where(w @ lacking > 0, np.nan, mean)


def _ratio(over: np.ndarray, under: np.ndarray) -> Float[np.ndarray, "..."]:
    """Their quotient; nan where the lower one is 0."""
    shape = np.broadcast_shapes(over.shape, under.shape)
    ratio: np.ndarray = np.divide(over, under, out=np.full(shape, np.nan), where=under > 0)
    return ratio


def _percent(over: np.ndarray, under: np.ndarray) -> Float[np.ndarray, "..."]:
    return 100 * _ratio(over, under)


def _mean_share(
    over: Float[np.ndarray, "R places"], under: Float[np.ndarray, "R places"]
) -> Float[np.ndarray, " R"]:
    """The mean, over the places that occur, of the share in each, in percent."""
    occurs = under > 0
    shares = np.where(occurs, _percent(over, under), 0)
    return _ratio(shares.sum(axis=1), occurs.sum(axis=1))


def _chroma_distance(
    chroma: Float[np.ndarray, "R steps"], true_chroma: Float[np.ndarray, "R steps"]
) -> Float[np.ndarray, " R"]:
    """The earth mover's distance, on a line the area between the cumulative shares."""
    totals = true_chroma.sum(axis=1, keepdims=True)
    between = _ratio(np.abs((chroma - true_chroma).cumsum(axis=1)), totals)
    distance: np.ndarray = CHROMA_STEP * between.sum(axis=1)
    return distance


def _hue_agreement(
    hue: Float[np.ndarray, "R hues hues"], true_hue: Float[np.ndarray, "R hues"]
) -> Float[np.ndarray, " R"]:
    same = hue.diagonal(axis1=1, axis2=2)
    return _mean_share(same[:, :SECTORS], true_hue[:, :SECTORS])


def _green_for_blue(
    hue: Float[np.ndarray, "R hues hues"], true_hue: Float[np.ndarray, "R hues"]
) -> Float[np.ndarray, " R"]:
    confused = hue[:, BLUE][:, :, GREEN].sum(axis=(1, 2))
    return _percent(confused, true_hue[:, BLUE].sum(axis=1))


def _calibration_error(calibration: Float[np.ndarray, "R bins 3"]) -> Float[np.ndarray, " R"]:
    """Guo et al. 2017, equation 3, in percent."""
    pixels, confidence, correct = np.moveaxis(calibration, -1, 0)
    return _percent(np.abs(correct - confidence).sum(axis=1), pixels.sum(axis=1))
