"""The running scores of one method, as the tables had them before `Tally`."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.metrics.auc import AucCounts, auc_per_picture
from photochrom.metrics.pictures import colorfulness, psnr, ssim
from photochrom.quantize import Gamut


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
