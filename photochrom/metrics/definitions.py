"""Every score of the tables: its name, unit, digits, and which way is better."""

from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """What a column of the tables is. docs/metrics.md has definition, range and source."""

    key: str
    title: str
    unit: str
    better: Literal["higher", "lower", "truth", "neither"]
    """truth: the nearer to the true pictures' own value the better. neither: nobody leads."""
    digits: int
    classifiers_only: bool = False


METRICS = (
    Metric("auc_raw", "raw AuC", "%", "higher", 2),
    Metric("auc_rebalanced", "rebalanced AuC", "%", "higher", 2),
    Metric("delta_e", "ΔE ab, mean", "", "lower", 2),
    Metric("delta_e_median", "ΔE ab, median", "", "lower", 2),
    Metric("ciede2000", "CIEDE2000, mean", "", "lower", 2),
    Metric("ciede2000_median", "CIEDE2000, median", "", "lower", 2),
    Metric("psnr", "PSNR", "dB", "higher", 2),
    Metric("ssim", "SSIM", "", "higher", 3),
    Metric("colorfulness", "colourfulness", "", "truth", 1),
    Metric("chroma_distance", "chroma distance", "ab units", "lower", 2),
    Metric("ab_divergence", "ab divergence", "bits", "lower", 3),
    Metric("hue_agreement", "hue agreement", "%", "higher", 1),
    Metric("green_for_blue", "green for blue", "%", "lower", 1),
    Metric("fd_lite0", "fd-lite0", "", "lower", 2),
    Metric("nll", "log-likelihood, negative", "bits/pixel", "lower", 3, True),
    Metric("top1", "top-1 bin", "%", "higher", 2, True),
    Metric("top5", "top-5 bins", "%", "higher", 2, True),
    Metric("calibration_error", "calibration error", "%", "lower", 2, True),
    Metric("entropy", "entropy", "bits", "neither", 2, True),
)
"""In the order of the tables."""
