"""Every score of the tables: its name, unit, digits, and which way is better."""

from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """What a column of the tables is. docs/metrics.md has definition, range and source."""

    key: str
    title: str
    unit: str
    better: Literal["higher", "lower", "truth", "neither"]
    """truth: the nearer to the true images' own value the better. neither: nobody leads."""
    digits: int
    classifiers_only: bool = False
    min_images: int = 20
    """Images from which on its interval covers: `python -m benchmarks.coverage`. Scores that are
    ratios of pooled pixels need more than means over images, which are nearer to normal."""


METRICS = (
    Metric("auc_raw", "raw AuC", "%", "higher", 2),
    Metric("auc_rebalanced", "rebalanced AuC", "%", "higher", 2, min_images=50),
    Metric(
        "auc_rebalanced_5",
        "rebalanced AuC, bins in 5 images or more",
        "%",
        "higher",
        2,
        min_images=50,
    ),
    Metric("delta_e", "ΔE ab, mean", "", "lower", 2),
    Metric("delta_e_median", "ΔE ab, median", "", "lower", 2),
    Metric("ciede2000", "CIEDE2000, mean", "", "lower", 2),
    Metric("ciede2000_median", "CIEDE2000, median", "", "lower", 2),
    Metric("psnr", "PSNR", "dB", "higher", 2),
    Metric("ssim", "SSIM", "", "higher", 3),
    Metric("ssim_cropped", "SSIM without border", "", "higher", 3),
    Metric("colorfulness", "colorfulness", "", "truth", 1),
    Metric("colorfulness_difference", "colorfulness − truth's", "", "neither", 1),
    Metric("colorfulness_error", "colorfulness error", "", "lower", 1),
    Metric("ab_spread", "ab spread", "% of truth's", "neither", 0, min_images=50),
    Metric("chroma_distance", "chroma distance", "ab units", "lower", 2, min_images=50),
    Metric("mean_color_error", "mean color error", "ab units", "lower", 2),
    Metric("neutral_chroma", "chroma on neutral pixels", "ab units", "lower", 2, min_images=50),
    Metric("ab_divergence", "ab divergence", "bits", "lower", 3),
    Metric("hue_agreement", "hue agreement", "%", "higher", 1, min_images=50),
    Metric("green_for_blue", "green for blue", "%", "lower", 1, min_images=150),
    Metric("fd_lite0", "fd-lite0", "", "lower", 2),
    Metric("nll", "log-likelihood, negative", "bits/pixel", "lower", 3, True),
    Metric("top1", "top-1 bin", "%", "higher", 2, True),
    Metric("top5", "top-5 bins", "%", "higher", 2, True),
    Metric("calibration_error", "calibration error", "%", "lower", 2, True),
    Metric("entropy", "entropy", "bits", "neither", 2, True),
)
"""In the order of the tables."""
ONE_COLOR = 25.0
"""ab spread, in percent of the truth's, below which a method paints nearly one color."""
