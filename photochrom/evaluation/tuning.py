"""Decoding parameters that are chosen after training, on images set aside for choosing.

Both kinds of method have such parameters, and a comparison that chooses those of one side only is
not fair to the other. A classifier has the temperature of its annealed mean (Zhang et al. 2016,
equation 5) and a logit adjustment (Menon et al., "Long-tail learning via logit adjustment", ICLR
2021); a regression, whose ab shrink toward gray, has one gain of its chroma. Each side tries the
same number of candidates, and the one with the best objective on the selection images is taken.

The adjustment a, from 0 to 1, decodes the distribution p · ((1 - a) + a · w) in place of p, where w
are the rebalancing weights: 0 decodes colors as frequent as in the training images, 1 as rare ones
weigh in the rebalanced loss. A network trained with weights w has learned p · w already.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from photochrom.color.lab import lab_from_rgb
from photochrom.errors import ParameterError
from photochrom.image_io import ImageError, SourceImage, read_rgb
from photochrom.metrics import THRESHOLDS, AucCounts, auc_levels
from photochrom.models import Colorizer
from photochrom.quantize import Gamut, decode_features, hard_encode

Objective = Literal["auc_rebalanced", "auc_raw"]
"""What a selection maximizes; keys of `photochrom.metrics.METRICS`."""

TEMPERATURES = (0.1, 0.2, 0.3, 0.38, 0.5, 0.7, 1.0)
ADJUSTMENTS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
GAINS = tuple(np.geomspace(0.5, 4, len(TEMPERATURES) * len(ADJUSTMENTS)).round(3).tolist())
_STEP = 2  # every second pixel of every second row is compared


@dataclass(frozen=True)
class Decoding:
    """How a network's output becomes ab; `None` for what its method does not have."""

    temperature: float | None = None
    adjustment: float | None = None
    gain: float | None = None

    def __post_init__(self) -> None:
        for name in ("temperature", "gain"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ParameterError(f"{name} must be positive, got {value:g}")
        if self.adjustment is not None and not 0 <= self.adjustment <= 1:
            raise ParameterError(f"adjustment must be within 0 and 1, got {self.adjustment:g}")


@dataclass(frozen=True)
class Tuned:
    """The best candidate, and all that were tried."""

    decoding: Decoding
    score: float
    """Its objective on the selection images, in percent."""
    tried: list[tuple[Decoding, float]]


def candidates(method: str, *, weights: bool) -> list[Decoding]:
    """Return what is tried: as many candidates for a classifier as for a regression.

    Args:
        method: `classification` or `regression`.
        weights: Whether rebalancing weights are known; without them a classifier has its
            temperature alone, in as many finer steps.
    """
    if method == "regression":
        return [Decoding(gain=gain) for gain in GAINS]
    if not weights:
        finer = np.geomspace(TEMPERATURES[0], 1, len(GAINS)).round(3).tolist()
        return [Decoding(temperature=temperature) for temperature in finer]
    return [Decoding(t, a) for a, t in product(ADJUSTMENTS, TEMPERATURES)]


def tune(
    model: Colorizer,
    images: Sequence[SourceImage],
    *,
    objective: Objective = "auc_rebalanced",
    weights: Float[np.ndarray, " Q"] | None = None,
    rebalanced: bool = False,
    size: int = 128,
    track: Callable[[Iterable[Any], int], Iterable[Any]] = lambda images, _: images,
) -> Tuned:
    """Choose the decoding of a model on images that nothing else is measured on.

    Args:
        model: The trained model; it is not changed.
        images: The selection images. Those that cannot be read are passed over.
        objective: The score to maximize, over all images together.
        weights: Rebalancing weights of the training prior, one for each bin of the model.
        rebalanced: Whether the model was trained with these weights.
        size: Short side that images are scaled to; the centered square is scored.
        track: Wraps the images, given their number, to show progress.

    Returns:
        The best decoding. Among equal ones the first is taken.

    Raises:
        ValueError: If no image can be read.
    """
    tried = candidates(model.method, weights=weights is not None)
    gamut, seen = Gamut.srgb(), 0
    counts = np.zeros((len(tried), len(gamut), THRESHOLDS + 1), dtype=np.int64)
    with torch.inference_mode():
        for image in track(images, len(images)):
            lab = _lab(image, size)
            if lab is None:
                continue
            seen += 1
            truth = _compared(lab[:, 1:], size)
            made = _every(model.eval(), lab[:, :1], tried, weights, rebalanced, size)
            _count(counts, torch.cat(list(made)), truth, hard_encode(truth, gamut))
    if not seen:
        raise ParameterError(
            f"expected images to choose on, got none of {len(images)} that can be read"
        )
    every = [AucCounts(pixels) for pixels in counts]
    scores = [each.raw() if objective == "auc_raw" else each.rebalanced() for each in every]
    best = int(np.nanargmax(scores)) if not np.isnan(scores).all() else 0
    return Tuned(tried[best], scores[best], list(zip(tried, scores, strict=True)))


def apply(
    model: Colorizer,
    decoding: Decoding,
    *,
    weights: Float[np.ndarray, " Q"] | None = None,
    rebalanced: bool = False,
) -> None:
    """Set a model's decoding, in place; the adjustment is added to the bias of its head.

    Raises:
        ValueError: If the decoding is not one of the model's method, or an adjustment has no
            weights.
    """
    asked = {name for name, value in vars(decoding).items() if value is not None}
    allowed = {"gain"} if model.method == "regression" else {"temperature", "adjustment"}
    if asked - allowed:
        raise ParameterError(
            f"expected {' or '.join(sorted(allowed))} for a {model.method}, got "
            f"{min(asked - allowed)}"
        )
    model.gain = decoding.gain or model.gain
    model.temperature = decoding.temperature or model.temperature
    if decoding.adjustment is not None:
        if weights is None:
            raise ParameterError("expected a prior with an adjustment, got none: add --prior")
        bias = model.network.head.bias
        assert bias is not None
        with torch.no_grad():
            bias += _shift(decoding.adjustment, weights, rebalanced).to(bias)


def _shift(
    adjustment: float, weights: Float[np.ndarray, " Q"], rebalanced: bool
) -> Float[Tensor, " Q"]:
    """Return what is added to the logits."""
    w = torch.tensor(weights)
    mixed = (1 - adjustment) + adjustment * w
    return (mixed / w if rebalanced else mixed).log()


def _count(
    counts: Int[np.ndarray, "C Q levels"],
    ab: Float[Tensor, "C 2 h w"],
    truth: Float[Tensor, "1 2 h w"],
    bins: Int[Tensor, "1 h w"],
) -> None:
    """Add the pixels of one image to the `AucCounts` of every candidate."""
    first = torch.arange(len(ab))[:, None, None] * counts.shape[1]
    cell = (first + bins) * counts.shape[2] + auc_levels(ab, truth)
    found = np.bincount(cell.flatten().cpu().numpy(), minlength=counts.size)
    counts += found.reshape(counts.shape)


def _lab(image: SourceImage, size: int) -> Float[Tensor, "1 3 H W"] | None:
    try:
        rgb = read_rgb(image, size, fit="scale")
    except (ImageError, OSError):
        return None
    return lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0)[None].float() / 255)


def _compared(planes: Float[Tensor, "B C H W"], size: int) -> Float[Tensor, "B C h w"]:
    """Return the pixels that are compared: every second one of the centered square."""
    top, left = ((side - size) // 2 for side in planes.shape[-2:])
    return planes[..., top : top + size : _STEP, left : left + size : _STEP]


def _every(
    model: Colorizer,
    L: Float[Tensor, "1 1 H W"],
    tried: Sequence[Decoding],
    weights: Float[np.ndarray, " Q"] | None,
    rebalanced: bool,
    size: int,
) -> Iterator[Float[Tensor, "1 2 h w"]]:
    """Yield the ab of each candidate at the pixels that are compared, from one pass."""
    features = model.features(model.working(L))
    fine = min(features.shape[-2:]) >= size
    if fine:  # no more pixels are decoded than are compared
        features = _compared(F.interpolate(features, L.shape[-2:], mode="nearest"), size)
    for ab in _decoded(model, features, tried, weights, rebalanced):
        yield ab if fine else _compared(Colorizer.as_large_as(ab, L), size)


def _decoded(
    model: Colorizer,
    features: Float[Tensor, "1 F h w"],
    tried: Sequence[Decoding],
    weights: Float[np.ndarray, " Q"] | None,
    rebalanced: bool,
) -> Iterator[Float[Tensor, "1 2 h w"]]:
    """Yield the ab of each candidate, in order; those of one adjustment share their logits."""
    if model.method == "regression":
        ab = model.regressed(features) / model.gain
        yield from (ab * (one.gain or 1) for one in tried)
        return
    head = model.network.head
    assert head.bias is not None
    for adjustment in dict.fromkeys(one.adjustment for one in tried):
        bias = head.bias
        if adjustment is not None and weights is not None:
            bias = bias + _shift(adjustment, weights, rebalanced).to(bias)
        together = [one.temperature or 0.0 for one in tried if one.adjustment == adjustment]
        yield from decode_features(features, head.weight.flatten(1), bias, model.gamut, together)
