"""How images are colorized."""

from dataclasses import dataclass
from typing import Literal

from photochrom.config.checks import at_least, positive
from photochrom.errors import ConfigError

Decoder = Literal["annealed", "mode", "mean"]


@dataclass(frozen=True)
class ColorizeConfig:
    """How images are colorized."""

    temperature: float | None = None
    """Of the annealed mean; by default the model's own."""
    decoder: Decoder = "annealed"
    """How a classifier's distributions become colors."""
    input_size: int | None = None
    """Short side that the network sees; by default the model's own."""
    upsample: Literal["guided", "bilinear"] = "guided"
    """How colors come to full size: ending where L has an edge, or by interpolation alone."""
    format: str | None = None
    """Of the outputs, jpeg for instance; by default TIFF stays TIFF, and all else becomes PNG."""
    quality: int | None = None
    """Of an output that is lossy, 1 to 100."""
    pages: Literal["first", "all"] = "first"
    """Of a TIFF of several pages."""
    max_megapixels: float = 200.0
    """A larger image is refused before it is decoded."""

    def __post_init__(self) -> None:
        if self.temperature is not None:
            positive("temperature", self.temperature)
        if self.input_size is not None:
            at_least("input_size", self.input_size, 16)
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ConfigError(f"--quality must be within 1 and 100, got {self.quality}")
        positive("max_megapixels", self.max_megapixels)
