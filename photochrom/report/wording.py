"""Numbers, intervals and names as text."""

import math
from collections.abc import Iterable, Sequence

from photochrom.metrics import METRICS, Metric
from photochrom.results import Estimate

DEFINITIONS = {
    "auc_raw": "mean over thresholds t = 0, 1, …, 150 of the share of all pixels with ‖Δab‖₂ ≤ t",
    "auc_rebalanced": "the same inside each true-colour bin of the 313-bin gamut that occurs, "
    "averaged over those bins",
    "delta_e": "CIE 1976 colour difference of a pixel, mean over pixels",
    "delta_e_median": "the same, median over pixels",
    "ciede2000": "CIEDE2000 colour difference of a pixel, mean over pixels",
    "ciede2000_median": "the same, median over pixels",
    "psnr": "of the 8-bit pictures, mean over pictures; it rewards caution",
    "ssim": "structural similarity of the 8-bit pictures, mean over pictures",
    "colorfulness": "Hasler and Süsstrunk 2003, signed opponents, mean over pictures; nearer the "
    "truth is better, not more",
    "chroma_distance": "earth mover’s, between the histograms of chroma, predicted and true: it "
    "shows desaturation",
    "ab_divergence": "Jensen–Shannon, between the predicted and the true histogram of ab",
    "hue_agreement": "share of the pixels of a true hue that kept it, mean over the twelve sectors "
    "of hue that occur",
    "green_for_blue": "share of the truly blue pixels (hue 240°–300°) that were painted green "
    "(90°–180°)",
    "fd_lite0": "Fréchet distance between EfficientNet-Lite0 features of predicted and true "
    "pictures; not comparable with FID",
    "nll": "−log₂ of the probability that the classifier gave the true bin, mean over pixels",
    "top1": "share of pixels whose true bin was the likeliest",
    "top5": "share of pixels whose true bin was among the five likeliest",
    "calibration_error": "mean gap between the likeliest bin's probability and how often it is "
    "the true one, over fifteen steps of that probability",
    "entropy": "of the predicted distribution over bins, mean over pixels; 0 is certain",
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


def joined(names: Sequence[str]) -> str:
    """Names as a list in a sentence.

    >>> joined(["a", "b", "c"]), joined(["a"])
    ('a, b and c', 'a')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def quoted(names: Iterable[str]) -> str:
    """Names in a sentence, in quotes where they could be taken for a part of it.

    >>> quoted(["grey"]), quoted(["soft, k = 5", "hard"])
    ('grey', '“soft, k = 5” and hard')
    """
    return joined([name if name.isidentifier() else f"“{name}”" for name in names])


def about(count: int) -> str:
    """A number of pictures to two digits, rounded up: it is an estimate.

    >>> about(1234), about(7), about(100)
    ('about 1,300 pictures', 'about 7 pictures', 'about 100 pictures')
    """
    unit = 10 ** max(0, len(str(count)) - 2)
    return f"about {plural(-(-count // unit) * unit, 'picture')}"


def plural(count: int, noun: str) -> str:
    """The count and its noun.

    >>> plural(1, "picture"), plural(1200, "picture")
    ('1 picture', '1,200 pictures')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
