"""How pictures are colorized."""

from dataclasses import dataclass
from typing import Literal

from photochrom.config.checks import at_least, positive

Decoder = Literal["annealed", "mode", "mean"]


@dataclass(frozen=True)
class ColorizeConfig:
    """How pictures are colorized."""

    temperature: float | None = None
    """Of the annealed mean; by default the model's own."""
    decoder: Decoder = "annealed"
    """How a classifier's distributions become colours."""
    working_size: int | None = None
    """Short side that the network sees; by default the model's own."""
    enlarge: Literal["edges", "bilinear"] = "edges"
    """How colours come to full size: ending where L has an edge, or by interpolation alone."""
    format: str | None = None
    """Of the outputs, jpeg for instance; by default TIFF stays TIFF, and all else becomes PNG."""
    quality: int | None = None
    """Of an output that is lossy, 1 to 100."""
    pages: Literal["first", "all"] = "first"
    """Of a TIFF of several pages."""
    most_megapixels: float = 200.0
    """A larger picture is refused before it is decoded."""

    def __post_init__(self) -> None:
        if self.temperature is not None:
            positive("temperature", self.temperature)
        if self.working_size is not None:
            at_least("working_size", self.working_size, 16)
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ValueError(f"--quality must be within 1 and 100, got {self.quality}")
        positive("most_megapixels", self.most_megapixels)
