"""How methods are compared."""

from dataclasses import dataclass
from typing import Literal

from photochrom.config.checks import at_least


@dataclass(frozen=True)
class EvaluateConfig:
    """How methods are compared."""

    size: int = 128
    """Images are scaled to this short side and cut to a centerd square."""
    batch_size: int = 8
    """Images at a time."""
    examples: int = 24
    """Images shown in the report's grid, whatever their scores; some more are chosen by score."""
    primary: Literal["auc_rebalanced", "auc_raw", "ciede2000", "delta_e", "psnr", "ssim"] = (
        "auc_rebalanced"
    )
    """The metric that claims are about, named before the run; all others are exploratory."""
    frechet: bool = False
    """Also give fd-lite0, the Fréchet distance on EfficientNet-Lite0 features."""
    seed: int = 0
    """Seeds the tests and the images' order: which are shown, whose colors "random" has."""
    devices: int = 1
    """Processes that share the images; the scores are the same."""

    def __post_init__(self) -> None:
        at_least("size", self.size, 16)  # SSIM's window of 11 must fit
        at_least("batch_size", self.batch_size, 1)
        at_least("devices", self.devices, 1)
        at_least("seed", self.seed, 0)
