"""How well predicted colours agree with the true ones: pure functions and sums that add up.

Zhang et al. 2016, section 3.1 and its appendix, for the AuC; Hasler and Süsstrunk,
"Measuring colourfulness in natural images", 2003; PSNR and SSIM as torchmetrics has them.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from photochrom.quantize import Gamut, hard_encode

THRESHOLDS = 151  # t = 0, 1, …, 150


def _levels(ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]) -> Int[Tensor, "B H W"]:
    """The first threshold that each pixel's error is within; 151 where none is."""
    error: Tensor = torch.linalg.vector_norm(ab.double() - truth.double(), dim=1)
    return error.ceil().clamp(max=THRESHOLDS).nan_to_num(nan=THRESHOLDS).long()


@dataclass(frozen=True, eq=False)
class AucCounts:
    """Pixels by the bin of their true colour and by the first threshold their error is within.

    Integers, so sums over batches, pictures and processes are exact in any order.
    """

    pixels: Int[np.ndarray, "Q levels"]

    def __add__(self, other: "AucCounts") -> "AucCounts":
        return AucCounts(self.pixels + other.pixels)

    @staticmethod
    def empty(gamut: Gamut) -> "AucCounts":
        """No pixels yet."""
        return AucCounts(np.zeros((len(gamut), THRESHOLDS + 1), dtype=np.int64))

    @staticmethod
    def of(
        ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"], gamut: Gamut
    ) -> "AucCounts":
        """The counts of some pictures; what is not a number is within no threshold."""
        cell = hard_encode(truth, gamut) * (THRESHOLDS + 1) + _levels(ab, truth)
        shape = (len(gamut), THRESHOLDS + 1)
        flat = np.bincount(cell.flatten().numpy(), minlength=shape[0] * shape[1])
        return AucCounts(flat.reshape(shape).astype(np.int64))

    def raw(self) -> float:
        """The mean over t = 0 … 150 of the share of pixels with ‖Δab‖₂ ≤ t, in percent."""
        return float(_area(self.pixels.sum(axis=0, keepdims=True))[0])

    def rebalanced(self) -> float:
        """The same inside each true-colour bin that occurs, averaged over those bins."""
        occurring = self.pixels[self.pixels.sum(axis=1) > 0]
        return float(_area(occurring).mean()) if len(occurring) else float("nan")


def _area(pixels: Int[np.ndarray, "rows levels"]) -> Float[np.ndarray, " rows"]:
    within = pixels.cumsum(axis=1)[:, :THRESHOLDS]
    area: np.ndarray = 100 * within.mean(axis=1) / pixels.sum(axis=1)
    return area


def auc_per_picture(
    ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]
) -> Float[Tensor, " B"]:
    """The raw AuC of each picture by itself, in percent."""
    level = _levels(ab, truth).flatten(1).double()
    # A pixel is within the thresholds from its level on: 151 - level of them.
    return 100 * (THRESHOLDS - level).mean(dim=1) / THRESHOLDS


def colorfulness(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Hasler and Süsstrunk 2003, M3: √(σ²_rg + σ²_yb) + 0.3 √(μ²_rg + μ²_yb).

    rg = R - G and yb = (R + G)/2 - B, both signed, on 0–255. 0 is grey; ordinary
    photographs have about 20 to 60.

    >>> colorfulness(torch.full((1, 3, 4, 4), 90, dtype=torch.uint8)).tolist()
    [0.0]
    """
    red, green, blue = rgb.double().flatten(2).unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue])  # 2 B P
    deviation = opponents.var(dim=-1, correction=0).sum(dim=0).sqrt()
    return deviation + 0.3 * opponents.mean(dim=-1).square().sum(dim=0).sqrt()


def psnr(rgb: UInt8[Tensor, "B 3 H W"], truth: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Peak signal-to-noise ratio of each picture in dB; infinite where nothing differs.

    It rewards no colour: a grey picture scores above most colorizations.
    """
    return peak_signal_noise_ratio(
        rgb.double(), truth.double(), data_range=255.0, reduction="none", dim=(1, 2, 3)
    )


def ssim(rgb: UInt8[Tensor, "B 3 H W"], truth: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
    """Structural similarity of each picture, the mean over R, G and B; 1 is identity.

    Wang et al. 2004, with a Gaussian window of σ = 1.5; the border is mirrored.
    """
    value = structural_similarity_index_measure(
        rgb.float() / 255, truth.float() / 255, data_range=1.0, reduction="none"
    )
    assert isinstance(value, Tensor)
    return value.reshape(len(rgb))


@dataclass
class Scores:
    """The running scores of one method: add batches, then read the means."""

    gamut: Gamut
    auc: AucCounts = field(init=False)
    pictures: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    """Name, raw AuC, colourfulness, PSNR and SSIM of each picture."""

    def __post_init__(self) -> None:
        self.auc = AucCounts.empty(self.gamut)

    def update(
        self,
        names: tuple[str, ...],
        ab: Float[Tensor, "B 2 H W"],
        truth: Float[Tensor, "B 2 H W"],
        rgb: UInt8[Tensor, "B 3 H W"],
        true_rgb: UInt8[Tensor, "B 3 H W"],
    ) -> None:
        """Add a batch: predicted and true ab, and the 8-bit pictures they make with L."""
        self.auc += AucCounts.of(ab, truth, self.gamut)
        columns = (
            auc_per_picture(ab, truth),
            colorfulness(rgb),
            psnr(rgb, true_rgb),
            ssim(rgb, true_rgb),
        )
        self.pictures += list(zip(names, *(column.tolist() for column in columns), strict=True))

    def __add__(self, later: "Scores") -> "Scores":
        both = Scores(self.gamut, pictures=[*self.pictures, *later.pictures])
        both.auc = self.auc + later.auc
        return both

    def mean(self, column: int) -> float:
        """The mean over pictures of a column of `pictures`: 2 colourfulness, 3 PSNR, 4 SSIM."""
        return float(np.mean([row[column] for row in self.pictures]))
