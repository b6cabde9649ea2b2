"""How colors are counted, and how the counts are seen."""

from dataclasses import dataclass

from photochrom.config.checks import at_least, positive
from photochrom.errors import ConfigError


@dataclass(frozen=True)
class PriorConfig:
    """How images are counted, and how the counts are seen through a gamut."""

    size: int = 64
    """Of larger images only so many pixels are counted that the short side is this."""
    keep_gray: bool = False
    """Count gray and toned (sepia, cyanotype) images too; they are recognized either way."""
    gamut: str = "srgb"
    """srgb, a grid that covers the sRGB gamut, or kmeans:N, N bins fitted to the counts."""
    step: float = 10.0
    """Grid step of the gamut in ab units; 10 gives the 313 bins."""
    k: int = 5
    """Each color is spread over its k nearest bins."""
    sigma: float = 5.0
    """Width in ab units of the Gaussian by which it is spread."""
    uniform: float = 0.5
    """λ: the share of a uniform distribution in the rebalancing weights, above 0 up to 1."""

    def __post_init__(self) -> None:
        at_least("size", self.size, 1)
        at_least("k", self.k, 1)
        positive("sigma", self.sigma)
        fitted_bins(self.gamut)
        if not 0 <= self.uniform <= 1:
            raise ConfigError(f"--uniform must be within 0 and 1, got {self.uniform:g}")


@dataclass(frozen=True)
class ViewConfig:
    """What of the view of counts is to change; the rest stays as the file has it."""

    gamut: str | None = None
    """srgb, a grid that covers the sRGB gamut, or kmeans:N, N bins fitted to the counts."""
    step: float | None = None
    """Grid step of the gamut in ab units; 10 gives the 313 bins."""
    k: int | None = None
    """Each color is spread over its k nearest bins."""
    sigma: float | None = None
    """Width in ab units of the Gaussian by which it is spread."""
    uniform: float | None = None
    """λ: the share of a uniform distribution in the rebalancing weights, above 0 up to 1."""


def fitted_bins(gamut: str) -> int | None:
    """N of `kmeans:N`, `None` of `srgb`; `ValueError` for anything else."""
    if gamut == "srgb":
        return None
    kind, _, number = gamut.partition(":")
    if kind != "kmeans" or not number.isdecimal() or not 2 <= int(number) <= 4096:
        raise ConfigError(f"--gamut must be srgb or kmeans:N with N from 2 to 4096, got {gamut}")
    return int(number)
