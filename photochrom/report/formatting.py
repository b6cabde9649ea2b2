"""Numbers, intervals and names as text."""

import math
from collections.abc import Iterable, Sequence

from photochrom.evaluation.results import Estimate
from photochrom.metrics import METRICS, Metric

DEFINITIONS = {
    "auc_raw": "area under the curve of cumulative color error: mean over thresholds t = 0, 1, …, "
    "150 of the fraction of all pixels with ‖Δab‖₂ ≤ t",
    "auc_rebalanced": "the same within each of the 313 ab bins that occurs among the true colors, "
    "averaged over those bins",
    "auc_rebalanced_5": "rebalanced AuC over the bins that occur in at least five images",
    "delta_e": "CIE 1976 color difference of a pixel, mean over pixels",
    "delta_e_median": "the same, median over the pixels of an image",
    "ciede2000": "CIEDE2000 color difference of a pixel, mean over pixels",
    "ciede2000_median": "the same, median over the pixels of an image",
    "psnr": "peak signal-to-noise ratio of the 8-bit images, mean over images; a missing color "
    "costs less than a wrong one",
    "ssim": "structural similarity of the 8-bit images with the border mirrored, as torchmetrics "
    "computes it",
    "ssim_cropped": "structural similarity without the border, as scikit-image computes it",
    "colorfulness": "M3 of Hasler and Süsstrunk 2003, mean over images; closer to the true "
    "images' is better, not more",
    "colorfulness_difference": "colorfulness of an image less that of the true image, mean over "
    "images",
    "colorfulness_error": "its absolute value, mean over images",
    "ab_spread": "standard deviation of ab over all pixels, in percent of the true images'; 0 is "
    "one color",
    "chroma_distance": "earth mover’s distance between the histograms of predicted and true "
    "chroma: shows desaturation",
    "mean_color_error": "distance between the mean ab of an image and that of the true image",
    "neutral_chroma": "mean predicted chroma of the pixels whose true chroma is below 5: shows "
    "color casts",
    "ab_divergence": "Jensen–Shannon divergence between the histograms of predicted and true ab",
    "hue_agreement": "fraction of the pixels of a true hue that kept it, mean over the twelve "
    "hue sectors that occur",
    "green_for_blue": "fraction of the truly blue pixels (hue 240°–300°) that were painted green "
    "(90°–180°)",
    "fd_lite0": "Fréchet distance between EfficientNet-Lite0 features of predicted and true "
    "images; does not compare with FID",
    "nll": "−log₂ of the probability of the true bin, mean over pixels",
    "top1": "fraction of the pixels whose true bin was the most probable",
    "top5": "fraction of the pixels whose true bin was among the five most probable",
    "calibration_error": "mean gap between the probability of the top bin and how often it is the "
    "true one, over fifteen steps of that probability",
    "entropy": "entropy of the predicted distribution over bins, mean over pixels; 0 is certain",
}
"""What each score is, in a line, by `Metric.key`."""


BY_KEY: dict[str, Metric] = {metric.key: metric for metric in METRICS}


def told(value: float | None, digits: int, *, signed: bool = False) -> str:
    """A number as the page tells it.

    >>> told(-1234.56, 1), told(0.5, 1, signed=True), told(None, 1), told(float("inf"), 1)
    ('−1,234.6', '+0.5', '–', '∞')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:{'+' if signed else ''},.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")  # a zero has no sign
    return text.replace("-", "−")


def between(estimate: Estimate, digits: int, *, signed: bool = False) -> str:
    """The interval, or nothing where there is none.

    >>> between(Estimate(1, 0.25, 2), 2), between(Estimate(1), 2)
    ('0.25 to 2.00', '')
    """
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return ""
    low, high = (told(end, digits, signed=signed) for end in (estimate.low, estimate.high))
    return f"{low} to {high}"


def measured(estimate: Estimate, metric: Metric) -> str:
    """A score with its unit and, if it has one, its interval.

    >>> measured(Estimate(67, 66.5, 67.5), BY_KEY["auc_raw"])
    '67.00 % (66.50 to 67.50)'
    """
    value = with_unit(estimate.value, metric)
    interval = between(estimate, metric.digits)
    return f"{value} ({interval})" if interval else value


def with_unit(value: float, metric: Metric) -> str:
    """A score with its unit."""
    return f"{told(value, metric.digits)} {metric.unit}".rstrip()


def p_value(p: float) -> str:
    """Write a p-value.

    >>> p_value(0.0421), p_value(0.00003), p_value(float("nan"))
    ('p = .042', 'p < .001', 'p unknown')
    """
    if math.isnan(p):
        return "p unknown"
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def joined(names: Sequence[str]) -> str:
    """Names as a list in a sentence.

    >>> joined(["a", "b", "c"]), joined(["a"])
    ('a, b and c', 'a')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def quoted(names: Iterable[str]) -> str:
    """Names in a sentence, in quotes where they could be taken for a part of it.

    >>> quoted(["gray"]), quoted(["soft, k = 5", "random-image"])
    ('gray', '“soft, k = 5” and random-image')
    """
    return joined(
        [name if name.replace("-", "_").isidentifier() else f"“{name}”" for name in names]
    )


def about(count: int) -> str:
    """Write a number of images to two digits, rounded up: it is an estimate.

    >>> about(1234), about(7), about(100)
    ('about 1,300 images', 'about 7 images', 'about 100 images')
    """
    unit = 10 ** max(0, len(str(count)) - 2)
    return f"about {plural(-(-count // unit) * unit, 'image')}"


def plural(count: int, noun: str) -> str:
    """The count and its noun.

    >>> plural(1, "image"), plural(1200, "image")
    ('1 image', '1,200 images')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
