"""How many pixels come within t ab units of their true color: the AuC, as counts that add up.

Zhang, Isola and Efros, "Colorful Image Colorization", ECCV 2016, section 3.1 and appendix.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.quantize import Gamut, hard_encode

THRESHOLDS = 151  # t = 0, 1, …, 150


def auc_levels(
    ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "#B 2 H W"]
) -> Int[Tensor, "B H W"]:
    """The first threshold that each pixel's error is within; 151 where none is.

    So a pixel is within 151 - level thresholds. What is not a finite number is within none.
    """
    a, b = (ab.double() - truth.double()).unbind(1)
    error = (a * a + b * b).sqrt()  # whole numbers stay whole
    return error.ceil().clamp(max=THRESHOLDS).nan_to_num(nan=THRESHOLDS).long()


def area(pixels: Int[np.ndarray, "rows levels"]) -> Float[np.ndarray, " rows"]:
    """The mean over t = 0 … 150 of the share of pixels within t, in percent."""
    within = pixels @ (THRESHOLDS - np.arange(THRESHOLDS + 1))
    share: np.ndarray = 100 * within / (THRESHOLDS * pixels.sum(axis=-1))
    return share


@dataclass(frozen=True, eq=False)
class AucCounts:
    """Pixels by the bin of their true color and by the first threshold their error is within.

    Integers, so sums over batches, images and processes are exact in any order.
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
        """The counts of some images; what is not a number is within no threshold."""
        cell = hard_encode(truth, gamut) * (THRESHOLDS + 1) + auc_levels(ab, truth)
        shape = (len(gamut), THRESHOLDS + 1)
        flat = np.bincount(cell.flatten().cpu().numpy(), minlength=shape[0] * shape[1])
        return AucCounts(flat.reshape(shape).astype(np.int64))

    def raw(self) -> float:
        """The mean over t = 0 … 150 of the share of pixels with ‖Δab‖₂ ≤ t, in percent."""
        pixels = self.pixels.sum(axis=0, keepdims=True)
        return float(area(pixels)[0]) if pixels.any() else float("nan")

    def rebalanced(self) -> float:
        """The same inside each true-color bin that occurs, averaged over those bins."""
        occurring = self._occurring()
        return float(area(occurring).mean()) if len(occurring) else float("nan")

    def raw_curve(self) -> Float[np.ndarray, " thresholds"]:
        """The share of pixels within t = 0 … 150, in percent: `raw` is its mean."""
        pixels = self.pixels.sum(axis=0)
        curve: np.ndarray = 100 * pixels.cumsum()[:THRESHOLDS] / pixels.sum()
        return curve

    def rebalanced_curve(self) -> Float[np.ndarray, " thresholds"]:
        """The mean over the bins that occur of their share within t: `rebalanced` is its mean."""
        occurring = self._occurring()
        shares = occurring.cumsum(axis=1)[:, :THRESHOLDS] / occurring.sum(axis=1, keepdims=True)
        curve: np.ndarray = 100 * shares.mean(axis=0)
        return curve

    def _occurring(self) -> Int[np.ndarray, "rows levels"]:
        occurring: np.ndarray = self.pixels[self.pixels.sum(axis=1) > 0]
        return occurring
