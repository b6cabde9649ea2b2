"""How each stage is done: one frozen dataclass a stage, plain values, no torch.

The defaults stand here and nowhere else; the docstring under a field is the help of its flag.
"""

from dataclasses import dataclass
from typing import Literal

Method = Literal["classification", "regression"]


@dataclass(frozen=True)
class PriorConfig:
    """How pictures are counted, and how the counts are seen through a gamut."""

    size: int = 128
    """Of larger pictures only so many pixels are counted that the short side is this."""
    keep_grey: bool = False
    """Count grey and toned (sepia, cyanotype) pictures too; they are recognised either way."""
    gamut: str = "srgb"
    """srgb, a grid that covers the sRGB gamut, or kmeans:N, N bins fitted to the counts."""
    step: float = 10.0
    """Grid step of the gamut in ab units; 10 gives the 313 bins."""
    k: int = 5
    """Each colour is spread over its k nearest bins."""
    sigma: float = 5.0
    """Width in ab units of the Gaussian by which it is spread."""
    uniform: float = 0.5
    """λ: the share of a uniform distribution in the rebalancing weights, above 0 up to 1."""

    def __post_init__(self) -> None:
        _at_least("size", self.size, 1)
        _at_least("k", self.k, 1)
        _positive("sigma", self.sigma)
        fitted_bins(self.gamut)
        if not 0 <= self.uniform <= 1:
            raise ValueError(f"--uniform must be within 0 and 1, got {self.uniform:g}")


@dataclass(frozen=True)
class ViewConfig:
    """What of the view of counts is to change; the rest stays as the file has it."""

    gamut: str | None = None
    """srgb, a grid that covers the sRGB gamut, or kmeans:N, N bins fitted to the counts."""
    step: float | None = None
    """Grid step of the gamut in ab units; 10 gives the 313 bins."""
    k: int | None = None
    """Each colour is spread over its k nearest bins."""
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
        raise ValueError(f"--gamut must be srgb or kmeans:N with N from 2 to 4096, got {gamut}")
    return int(number)


@dataclass(frozen=True)
class ProtocolConfig:
    """What all methods of a comparison share. Give --steps or --minutes to end a run."""

    steps: int | None = None
    """Stop after this many optimizer steps."""
    minutes: float | None = None
    """Stop after this much training time."""
    width: int = 32
    """Channels of the U-Net's first block; each block below doubles them."""
    crop: int = 112
    """Side of the square that is cut from a picture."""
    size: int = 128
    """Short side that a picture is scaled to before the crop."""
    batch: int = 16
    """Pictures a step."""
    lr: float = 1e-3
    """Peak learning rate: warmed up over the first 2 % of the run, then a cosine to zero."""
    weight_decay: float = 1e-3
    """AdamW's weight decay."""
    clip: float = 1.0
    """Gradients are scaled down to this norm."""
    k: int = 5
    """Bins a target is spread over; 1 is hard."""
    sigma: float = 5.0
    """Width in ab units of the Gaussian by which it is spread."""
    temperature: float = 0.38
    """Temperature of the annealed mean that the model decodes with by default."""
    seed: int = 0
    """Seeds weights, order of pictures, crops and flips."""
    workers: int = 1
    """Processes that load pictures; 0 loads them between the steps."""
    precision: Literal["auto", "32", "bf16"] = "auto"
    """Arithmetic of the network: bf16 where the machine has it, or as said."""

    def __post_init__(self) -> None:
        for name in ("width", "batch", "k", "crop"):
            _at_least(name, getattr(self, name), 1)
        for name in ("lr", "clip", "sigma", "temperature"):
            _positive(name, getattr(self, name))
        if self.size < self.crop:
            raise ValueError(f"--size must be at least --crop ({self.crop}), got {self.size}")
        if self.steps is None and self.minutes is None:
            raise ValueError("expected --steps or --minutes to say when training ends, got neither")
        if self.steps is not None:
            _at_least("steps", self.steps, 1)
        if self.minutes is not None:
            _positive("minutes", self.minutes)
        _at_least("workers", self.workers, 0)


@dataclass(frozen=True)
class TrainConfig(ProtocolConfig):
    """How one network is trained. Give --steps or --minutes to end the run."""

    method: Method = "classification"
    """Distributions over the gamut's bins, or ab itself."""
    rebalance: bool = True
    """Weigh each pixel by the rarity of its colour (classification only)."""
    loss: Literal["l2", "smooth-l1"] = "l2"
    """The loss of a regression."""

    @property
    def label(self) -> str:
        """The method in words, as reports name it."""
        if self.method == "regression":
            return {"l2": "regression, L2", "smooth-l1": "regression, smooth L1"}[self.loss]
        return "classification, rebalanced" if self.rebalance else "classification"


@dataclass(frozen=True)
class EvaluateConfig:
    """How methods are compared."""

    size: int = 128
    """Pictures are scaled to this short side and cut to a centred square."""
    batch: int = 8
    """Pictures at a time."""
    examples: int = 24
    """Pictures shown in the report's grid."""
    seed: int = 0
    """Seeds the order of pictures, and so which are shown and which "random" borrows from."""
    workers: int = 0
    """Processes that load pictures; 0 loads them between the batches."""

    def __post_init__(self) -> None:
        _at_least("size", self.size, 16)  # SSIM's window of 11 must fit
        _at_least("batch", self.batch, 1)


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"--{name} must be {least} or more, got {value}")


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"--{name.replace('_', '-')} must be positive, got {value:g}")
