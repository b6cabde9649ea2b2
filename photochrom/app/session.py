"""What a model saw of an image: the network has run once, and everything is decoded from it.

Of a regression and of an exported model that is one color a pixel, and there is nothing to decode.
"""

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.config import Decoder
from photochrom.errors import ConfigError
from photochrom.models import AnyColorizer, Colorizer
from photochrom.sampling import (
    Choice,
    LikelyColor,
    alternatives,
    entropy,
    palette,
    recolored,
    region,
)

ALTERNATIVES = 4
_AT = {"mode": 0.0, "mean": 1.0}


@dataclass(frozen=True)
class Look:
    """How a distribution becomes the color that is shown."""

    temperature: float | None = None
    decoder: Decoder = "annealed"
    alternative: int = 0
    """Which of the alternatives, from 1 on; 0 is none of them."""


@dataclass(frozen=True)
class Point:
    """A point of an image as shares of its width and height: 0 up to, but not, 1."""

    x: float
    y: float

    def __post_init__(self) -> None:
        if not (0 <= self.x < 1 and 0 <= self.y < 1):
            raise ConfigError(f"expected a point of the image, got {self.x:g}, {self.y:g}")


class Chosen(NamedTuple):
    """A color that was chosen for the region of a point."""

    point: Point
    choice: Choice


@dataclass(eq=False)
class Fixed:
    """One image as a model sees it that gives one color a pixel."""

    model: AnyColorizer
    L: Float[Tensor, "1 1 H W"]
    """What the network was given."""
    colors: Float[Tensor, "1 2 h w"]
    classifies: ClassVar[bool] = False
    choices: ClassVar[tuple[Chosen, ...]] = ()

    def ab(self, _: Look) -> Float[Tensor, "1 2 h w"]:
        """The colors, whatever the look: they are `colorize`'s."""
        return self.colors


@dataclass(eq=False)
class Seen:
    """One image as one classifier sees it, with the colors that were chosen in it."""

    model: Colorizer
    L: Float[Tensor, "1 1 H W"]
    """What the network was given."""
    features: Float[Tensor, "1 C h w"]
    choices: tuple[Chosen, ...] = ()
    classifies: ClassVar[bool] = True
    """There are distributions to decode, rather than one color a pixel."""
    _alternatives: Float[Tensor, "N 1 2 h w"] | None = field(default=None, repr=False)

    @staticmethod
    @torch.inference_mode()
    def by(model: Colorizer, L: Float[Tensor, "1 1 H W"]) -> "Seen":
        """Run the network."""
        return Seen(model, L, model.features(L.to(model.bins.device)))

    @torch.inference_mode()
    def ab(self, look: Look) -> Float[Tensor, "1 2 h w"]:
        """The colors, small still. Without choices or alternative they are `colorize`'s."""
        if look.alternative:
            return self.alternatives()[look.alternative - 1]
        if self.choices:
            own = self.model.temperature if look.temperature is None else look.temperature
            at = _AT.get(look.decoder, own)
            gamut = self.model.gamut
            choices = [one.choice for one in self.choices]
            one = recolored(self.features[0], *self._head, gamut, choices, temperature=at)
            return one[None].cpu()
        return self.model.decoded(self.features, look.temperature, look.decoder).cpu()

    @torch.inference_mode()
    def alternatives(self) -> Float[Tensor, "N 1 2 h w"]:
        """Other plausible colors: drawn once."""
        if self._alternatives is None:
            L = self.L.to(self.features.device)
            made = alternatives(self.features, *self._head, self.model.gamut, L, ALTERNATIVES)
            self._alternatives = made.cpu()
        return self._alternatives

    @torch.inference_mode()
    def entropy(self) -> Float[Tensor, "1 1 h w"]:
        """In bits, without what padding added to the network's pixels."""
        height, width = (-(-side // self.model.stride) for side in self.L.shape[-2:])
        return entropy(self.features, *self._head)[..., :height, :width].cpu()

    @torch.inference_mode()
    def distribution(self, point: Point) -> Float[Tensor, " Q"]:
        """p over the gamut's bins at a point: the model's own, T = 1."""
        weight, bias = self._head
        return (weight @ self._at(point)[:, 0, 0] + bias).softmax(dim=0).cpu()

    @torch.inference_mode()
    def palette(self, point: Point, lightness: float) -> list[LikelyColor]:
        """The likely colors at a point of that L."""
        L = torch.full((1, 1, 1), lightness)
        return palette(self._at(point), *self._head, self.model.gamut, L, (0, 0))

    @torch.inference_mode()
    def choose(self, point: Point, ab: tuple[float, float]) -> None:
        """Give the region of a point another color."""
        w = region(self.features[0], *self._head, self._place(point))
        self.choices = (*self.choices, Chosen(point, Choice(w, ab)))

    def undo(self) -> None:
        """Take the last choice back."""
        self.choices = self.choices[:-1]

    @property
    def _head(self) -> tuple[Float[Tensor, "Q C"], Float[Tensor, " Q"]]:
        head = self.model.network.head
        assert head.bias is not None
        return head.weight.flatten(1), head.bias

    def _place(self, point: Point) -> tuple[int, int]:
        """Row and column of the network's pixel that covers a point."""
        height, width = self.L.shape[-2:]
        stride = self.model.stride
        return int(point.y * height) // stride, int(point.x * width) // stride

    def _at(self, point: Point) -> Float[Tensor, "C 1 1"]:
        row, column = self._place(point)
        return self.features[0, :, row : row + 1, column : column + 1]


def decodes(model: AnyColorizer) -> bool:
    """Whether a model gives distributions, to be decoded by a look."""
    return isinstance(model, Colorizer) and model.method == "classification"


@torch.inference_mode()
def see(model: AnyColorizer, L: Float[Tensor, "1 1 H W"]) -> Seen | Fixed:
    """Run a model, and keep of it what can be decoded."""
    if isinstance(model, Colorizer) and decodes(model):
        return Seen.by(model, L)
    return Fixed(model, L, model.small(L, None, "annealed"))
