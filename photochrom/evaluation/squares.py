"""Images as they are scored: the whole image in, a square of 8-bit sRGB out, for every row alike.

A method is scored by what `photochrom colorize` writes for an image, and a prediction of another
program by what it wrote: both are decoded in full, scaled so that the short side has the size of
the evaluation, and cut to the centered square, as is the true image. So the scores of a model are
those of its own output folder, and nothing depends on whether JPEG was decoded at a reduced size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from photochrom import image_io
from photochrom.color.gamut_mapping import rgb_within_gamut
from photochrom.color.lab import lab_from_rgb
from photochrom.config import ColorizeConfig, Decoder
from photochrom.image_io import MAX_PIXELS, Page, SourceImage, read_rgb
from photochrom.image_io.pixels import as_bytes
from photochrom.models import Colorizer
from photochrom.rendering.predict import paint, predicted


def read_page(image: SourceImage) -> Page:
    """Read an image whole, as `colorize` reads it.

    Raises:
        ImageError: If it cannot be read.
        OSError: If its file cannot be.
    """
    if image.packed is not None:
        return image_io.of_rgb(read_rgb(image)).pages[0]
    return image_io.decode_original(image.read_bytes(), most_pixels=MAX_PIXELS).pages[0]


def scaled(page: Page, size: int | tuple[int, int]) -> UInt8[Tensor, "3 h w"]:
    """Return a page in 8 bits, scaled to a short side, or to a height and width."""
    image = as_bytes(page.pixels, alpha=False)
    height, width = size if isinstance(size, tuple) else _sides(image, size)
    if (height, width) != (image.height, image.width):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).movedim(-1, 0)


def _sides(image: Image.Image, size: int) -> tuple[int, int]:
    short = min(image.size)
    height, width = (max(1, round(side * size / short)) for side in (image.height, image.width))
    return height, width


def square_of(page: Page, size: int) -> UInt8[Tensor, "3 size size"]:
    """Return the centered square of a page, scaled to `size`."""
    rgb = scaled(page, size)
    top, left = ((side - size) // 2 for side in rgb.shape[-2:])
    return rgb[:, top : top + size, left : left + size].contiguous()


def lab_of(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 H W"]:
    """Return the CIELAB colors of 8-bit images."""
    return lab_from_rgb(rgb.float() / 255)


def in_gamut(L: Float[Tensor, "B 1 H W"], ab: Float[Tensor, "B 2 H W"]) -> UInt8[Tensor, "B 3 H W"]:
    """Return the 8-bit images of L and ab: colors outside sRGB lose chroma, as in `colorize`."""
    known = ab.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    return (255 * rgb_within_gamut(torch.cat([L, known], dim=1))).round().to(torch.uint8)


class Painted(NamedTuple):
    """What a model made of some pages."""

    rgb: UInt8[Tensor, "B 3 size size"]
    finite: list[bool]
    """Whether every color of an image is a number."""
    seen: list["Seen"]
    """Of each image, in order."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network made of one image: its input and the features before its head."""

    L: Float[Tensor, "1 1 h w"]
    features: Float[Tensor, "1 C _ _"]


@dataclass(eq=False)
class _Observed:
    """A model that remembers the features of what it is shown."""

    model: Colorizer
    seen: list[Seen] = field(default_factory=list)
    finite: list[bool] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.model.size

    @property
    def stride(self) -> int:
        return self.model.stride

    def small(
        self, L: Float[Tensor, "B 1 H W"], temperature: float | None, how: Decoder
    ) -> Float[Tensor, "B 2 h w"]:
        features = self.model.features(L)
        ab = self.model.decoded(features, temperature, how)
        self.seen += [Seen(*both) for both in zip(L.split(1), features.split(1), strict=True)]
        self.finite += [bool(one.isfinite().all()) for one in ab]
        return ab.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)


def painted(model: Colorizer, pages: Sequence[Page], size: int) -> Painted:
    """Colorize pages as `colorize` does, and return their squares; the pages stay as they are."""
    observed = _Observed(model)
    colors = predicted(pages, observed, ColorizeConfig())
    squares = []
    for page, of in zip(pages, colors, strict=True):
        copy = page.copy()
        paint(copy, of)
        squares.append(square_of(copy, size))
    return Painted(torch.stack(squares), observed.finite, observed.seen)
