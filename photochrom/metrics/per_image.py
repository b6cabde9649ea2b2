"""What a method's colors score on some images: a line an image, from which all is pooled.

A color that is not a finite number is within no threshold, in no bin, step or sector, and its
ΔE is nan, as then are the means it is part of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from photochrom.errors import EvaluationError
from photochrom.metrics.auc import THRESHOLDS, auc_levels
from photochrom.metrics.color_difference import (
    CHROMA_STEPS,
    GRAY_BELOW,
    SECTORS,
    chroma_steps,
    ciede2000,
    ciede2000_same_L,
    delta_e,
    hue_sectors,
)
from photochrom.metrics.image_quality import colorfulness, colorfulness_absolute, psnr, ssim
from photochrom.metrics.likelihood import Likelihood
from photochrom.metrics.reference import Reference
from photochrom.quantize import Gamut, hard_encode

IDENTICAL = 100.0
"""dB: the PSNR that an image is given at most; one that is the truth would have an infinite one.
As in github.com/mingo-x/colorization-tf, test_metrics.py."""

_HUES = SECTORS + 1


@dataclass(frozen=True, eq=False)
class Tally:
    """One method's scores and counts on N images."""

    names: tuple[str, ...]
    values: dict[str, Float[np.ndarray, " N"]]
    """Scores of each image by itself, by `Metric.key`; and `colorfulness_absolute`."""
    counts: dict[str, Shaped[np.ndarray, "N ..."]]
    """Pixels of each image:

    - `levels` (N, 152): by the first threshold that their error is within, 151 for none
    - `area` (N, Q): by true bin, in how many of the 151 thresholds they are, summed
    - `bins` (N, Q): by predicted bin
    - `chroma` (N, 68): by predicted chroma in steps of 2 ab units, the last one open
    - `hue` (N, 13, 13): by true sector and predicted sector; 12 of 30° from 0° on, then gray
    - `ab` (N, 3): the sums of a, b and a² + b²
    - `neutral` (N, 2): of pixels whose true chroma is below 5, the sum of the predicted chroma,
      and how many they are
    - `calibration` (N, 15, 3), of classifiers: of `photochrom.metrics.likelihood`
    """

    def __post_init__(self) -> None:
        _check_lengths(self.names, self.arrays())

    def __len__(self) -> int:
        return len(self.names)

    def at(self, places: Sequence[int]) -> "Tally":
        """Of some of the images, in the order of their places."""
        arrays = {key: array[places] for key, array in self.arrays().items()}
        return self.of_others(_names_at(self.names, places), arrays)

    def arrays(self) -> dict[str, np.ndarray]:
        """All scores and counts, a line an image."""
        return self.values | self.counts

    def of_others(self, names: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> "Tally":
        """The same scores and counts of other images, as `arrays` gives them."""
        values, counts = ({key: arrays[key] for key in own} for own in (self.values, self.counts))
        return Tally(names, values, counts)

    @staticmethod
    def of(
        true: Reference,
        ab: Float[Tensor, "B 2 H W"],
        rgb: UInt8[Tensor, "B 3 H W"],
        L: Float[Tensor, "B 1 H W"] | None = None,
    ) -> "Tally":
        """The scores of predicted ab, and of the 8-bit images of it.

        `L` is the predicted one where it is not the true one. AuC, histograms and hue are of
        ab alone; PSNR and SSIM see the images.
        """
        level = auc_levels(ab, true.ab)
        within = THRESHOLDS - level
        values = {
            "auc_raw": 100 * within.double().mean(dim=(1, 2)) / THRESHOLDS,
            **_errors(ab, L, true),
            "psnr": psnr(rgb, true.rgb).clamp(max=IDENTICAL),
            **dict(zip(("ssim", "ssim_cropped"), ssim(rgb, true.surroundings), strict=True)),
            "colorfulness": colorfulness(rgb),
            "colorfulness_absolute": colorfulness_absolute(rgb),
        }
        hue = hue_sectors(ab)
        both = (true.hue * _HUES + hue).where(hue >= 0, -1)
        Q = len(true.gamut)
        counts = {
            "levels": _counted(level, THRESHOLDS + 1),
            "area": _summed(true.bins, within, Q),
            "bins": _counted(_finite_bins(ab, true.gamut), Q),
            "chroma": _counted(chroma_steps(ab), CHROMA_STEPS),
            "hue": _counted(both, _HUES**2).reshape(-1, _HUES, _HUES),
            "ab": _moments(ab),
            "neutral": _neutral(ab, true.ab),
        }
        return Tally(true.names, {key: _array(x) for key, x in values.items()}, counts)

    def with_likelihood(self, *found: Likelihood) -> "Tally":
        """Return the same with what a classifier's distributions of these images add."""
        values = {k: np.concatenate([one.values[k] for one in found]) for k in found[0].values}
        calibration = np.concatenate([one.calibration for one in found])
        return Tally(self.names, self.values | values, self.counts | {"calibration": calibration})


@dataclass(frozen=True, eq=False)
class Truth:
    """What the true colors of N images are."""

    names: tuple[str, ...]
    bins: Int[np.ndarray, "N Q"]
    """Pixels by bin."""
    chroma: Int[np.ndarray, "N steps"]
    """Pixels by chroma, in the steps of `Tally`."""
    hue: Int[np.ndarray, "N hues"]
    """Pixels by sector, as in `Tally`."""
    colorfulness: Float[np.ndarray, " N"]
    ab: Float[np.ndarray, "N 3"]
    """The sums of a, b and a² + b², as in `Tally`."""

    def __post_init__(self) -> None:
        _check_lengths(self.names, self.arrays())

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def pixels(self) -> Int[np.ndarray, " N"]:
        """How many each image has."""
        pixels: np.ndarray = self.bins.sum(axis=1)
        return pixels

    def at(self, places: Sequence[int]) -> "Truth":
        """Of some of the images, in the order of their places."""
        arrays = {key: array[places] for key, array in self.arrays().items()}
        return self.of_others(_names_at(self.names, places), arrays)

    @staticmethod
    def of(true: Reference) -> "Truth":
        """What a batch of true images is."""
        return Truth(
            true.names,
            bins=_counted(true.bins, len(true.gamut)),
            chroma=_counted(chroma_steps(true.ab), CHROMA_STEPS),
            hue=_counted(true.hue, _HUES),
            colorfulness=_array(colorfulness(true.rgb)),
            ab=_moments(true.ab),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, a line an image."""
        names = ("bins", "chroma", "hue", "colorfulness", "ab")
        return {name: getattr(self, name) for name in names}

    def of_others(self, names: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> "Truth":
        """The same of other images, as `arrays` gives it."""
        return Truth(names, **arrays)


def _names_at(names: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    return tuple(names[place] for place in places)


def _check_lengths(names: Sequence[str], arrays: dict[str, np.ndarray]) -> None:
    for key, array in arrays.items():
        if len(array) != len(names):
            raise EvaluationError(f"expected {key} of {len(names)} images, got {len(array)}")


def check_keys(some: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> None:
    """`ValueError` for scores of some images that the others lack."""
    if lacking := some.keys() ^ others.keys():
        told = ", ".join(sorted(lacking))
        raise EvaluationError(f"expected the same scores of all images, got {told} of some only")


def _errors(
    ab: Float[Tensor, "B 2 H W"], L: Float[Tensor, "B 1 H W"] | None, true: Reference
) -> dict[str, Tensor]:
    if L is None:
        plain, even = delta_e(ab, true.ab), ciede2000_same_L(ab, true.ab)
    else:
        plain = torch.hypot(delta_e(ab, true.ab), (L - true.L)[:, 0])
        even = ciede2000(torch.cat([L, ab], dim=1), torch.cat([true.L, true.ab], dim=1))
    return _mean_and_median("delta_e", plain) | _mean_and_median("ciede2000", even)


def _mean_and_median(key: str, error: Float[Tensor, "B H W"]) -> dict[str, Tensor]:
    flat = error.flatten(1)
    median = torch.from_numpy(np.median(flat.cpu().numpy(), axis=1))
    return {key: flat.double().mean(dim=1), f"{key}_median": median}


def _moments(ab: Float[Tensor, "B 2 H W"]) -> Float[np.ndarray, "B 3"]:
    a, b = _or_nan(ab).unbind(1)
    return _array(torch.stack([x.sum(dim=(1, 2)) for x in (a, b, a * a + b * b)], dim=1))


def _neutral(
    ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]
) -> Float[np.ndarray, "B 2"]:
    chroma, true_chroma = (torch.hypot(*_or_nan(x).unbind(1)) for x in (ab, truth))
    neutral = true_chroma < GRAY_BELOW
    sums = chroma.where(neutral, 0).sum(dim=(1, 2)), neutral.double().sum(dim=(1, 2))
    return _array(torch.stack(sums, dim=1))


def _or_nan(ab: Float[Tensor, "B 2 H W"]) -> Float[Tensor, "B 2 H W"]:
    exact = ab.double()
    return exact.where(exact.isfinite(), torch.nan)


def _finite_bins(ab: Float[Tensor, "B 2 H W"], gamut: Gamut) -> Int[Tensor, "B H W"]:
    finite = ab.isfinite().all(dim=1)
    return hard_encode(ab.where(finite[:, None], 0), gamut).where(finite, -1)


def _counted(place: Int[Tensor, "B H W"], places: int) -> Int[np.ndarray, "B places"]:
    """How many pixels of each image are in each place; those at -1 are in none."""
    ones = torch.ones_like(place)
    return _summed(place, ones, places).astype(np.int32)


def _summed(
    place: Int[Tensor, "B H W"], what: Int[Tensor, "B H W"], places: int
) -> Int[np.ndarray, "B places"]:
    """The sum of `what` over the pixels of each image in each place."""
    sums = what.new_zeros((len(place), places + 1))
    sums.scatter_add_(1, place.flatten(1) + 1, what.flatten(1))
    array: np.ndarray = sums[:, 1:].cpu().numpy()
    return array


def _array(values: Tensor) -> Float[np.ndarray, "B ..."]:
    array: np.ndarray = values.double().cpu().numpy()
    return array
