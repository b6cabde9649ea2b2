"""What is written beside colorized images."""

import re
from dataclasses import dataclass

from photochrom.config.checks import at_least
from photochrom.errors import ConfigError

_POINT = re.compile("([0-9]{1,9}),([0-9]{1,9})")


@dataclass(frozen=True)
class ExtrasConfig:
    """What only a classifier offers, as files beside each output; of many pages, of the first."""

    entropy: bool = False
    """Write NAME-entropy.png, too: how uncertain the color is, in gray; black is certain, white 8
    bits or more."""
    alternatives: int = 0
    """How many other plausible colorizations to write, NAME-1 and so on."""
    seed: int = 0
    """Of the alternatives: another one draws others."""
    palette: tuple[str, ...] = ()
    """Points X,Y of the upright image, in pixels from the left and from the top: the likely
    colors there are written to NAME-palette.json."""

    def __post_init__(self) -> None:
        at_least("alternatives", self.alternatives, 0)
        for point in self.palette:
            if not _POINT.fullmatch(point):
                raise ConfigError(f"--palette must be points X,Y, as 120,80, got {point!r}")

    @property
    def points(self) -> tuple[tuple[int, int], ...]:
        """Of the palette: to the right and down."""
        each = (_POINT.fullmatch(point) for point in self.palette)
        return tuple((int(found[1]), int(found[2])) for found in each if found)

    @property
    def asked(self) -> tuple[str, ...]:
        """The flags that ask for something."""
        told = {
            "--entropy": self.entropy,
            "--alternatives": self.alternatives,
            "--palette": self.palette,
        }
        return tuple(flag for flag, wanted in told.items() if wanted)
