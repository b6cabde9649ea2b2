"""A batch of true images, and what the scores of every method need of them, made once."""

from collections.abc import Sequence
from functools import cached_property

from jaxtyping import Float, Int, UInt8
from torch import Tensor

from photochrom.metrics.color_difference import hue_sectors
from photochrom.metrics.image_quality import Surroundings
from photochrom.quantize import Gamut, hard_encode


class Reference:
    """B true images: names, L in 0–100, ab, and 8-bit sRGB. Scores by bin are of `gamut`."""

    def __init__(
        self,
        names: Sequence[str],
        L: Float[Tensor, "B 1 H W"],
        ab: Float[Tensor, "B 2 H W"],
        rgb: UInt8[Tensor, "B 3 H W"],
        gamut: Gamut,
    ) -> None:
        self.names, self.L, self.ab, self.rgb, self.gamut = tuple(names), L, ab, rgb, gamut

    @cached_property
    def bins(self) -> Int[Tensor, "B H W"]:
        """The bin of every pixel."""
        return hard_encode(self.ab, self.gamut)

    @cached_property
    def hue(self) -> Int[Tensor, "B H W"]:
        """The hue sector of every pixel."""
        return hue_sectors(self.ab)

    @cached_property
    def surroundings(self) -> Surroundings:
        """What SSIM compares with."""
        return Surroundings.of(self.rgb)
