"""A picture on the screen: reduced once, so that new colours for it are there at once.

Full size is painted by `photochrom.painting`; here a megapixel in colour may take a few dozen
milliseconds. So L is kept, in 8 bits; ab is made at half the size, which is all that a JPEG keeps
of it anyway; and Lab becomes sRGB by a table of `rgb_within_gamut` between whose entries Pillow
interpolates.
"""

import io
from functools import cache, cached_property

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageFilter
from torch import Tensor

from photochrom import originals
from photochrom.color import lightness_from_rgb
from photochrom.config import ColorizeConfig
from photochrom.originals import Page
from photochrom.originals.pixels import as_bytes
from photochrom.painting import enlarged
from photochrom.within_gamut import rgb_within_gamut

LONG_SIDE = 1200
_AB_LONG_SIDE = 600
_ENTRIES = 65  # on each axis of the table: the most that Pillow takes
_ZERO = 128  # a or b of 0, in 8 bits
_SCALE = 2.55  # of L
_QUALITY = 85


class Display:
    """A page as it is shown: `image` is the page itself, at most 1200 pixels long."""

    def __init__(self, page: Page) -> None:
        self.image = _reduced(as_bytes(page.pixels, alpha=False), LONG_SIDE)
        L = lightness_from_rgb(_tensor(self.image))
        self.grey = _band(_SCALE * L[0])
        self._half = originals.of_rgb(np.array(_reduced(self.image, _AB_LONG_SIDE))).pages[0]
        self._half_L = self._half.lightness(slice(0, None))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.image.size

    @torch.inference_mode()
    def colored(
        self, ab: Float[Tensor, "1 2 h w"], L: Float[Tensor, "1 1 H W"], stride: int
    ) -> Image.Image:
        """The picture in colours that a network gave of its `L`."""
        colors = enlarged(ab, L, stride, self._half, ColorizeConfig())
        half = colors.rows(slice(0, self._half.height), self._half_L)[0] + _ZERO
        bands = [_band(band).resize(self.size, Image.Resampling.BILINEAR) for band in half]
        return Image.merge("RGB", [self.grey, *bands]).filter(_table())

    def lightness_at(self, x: float, y: float) -> float:
        """L at a point, told as shares of width and height."""
        width, height = self.size
        level = self.grey.getpixel((int(x * width), int(y * height)))
        assert isinstance(level, int)
        return level / _SCALE

    @cached_property
    def truth(self) -> bytes:
        """The picture as it came, as JPEG."""
        return jpeg(self.image)

    @cached_property
    def by_lightness(self) -> bytes:
        """The picture in grey, L alone, as JPEG."""
        neutral = Image.new("L", self.size, _ZERO)
        return jpeg(Image.merge("RGB", [self.grey, neutral, neutral]).filter(_table()))


def jpeg(image: Image.Image) -> bytes:
    """A picture as the browser gets it."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def reduced(page: Page, long: int) -> tuple[tuple[int, int], bytes]:
    """A page with a long side of at most so many pixels: width and height, and a JPEG."""
    image = _reduced(as_bytes(page.pixels, alpha=False), long)
    return image.size, jpeg(image)


def _reduced(image: Image.Image, long: int) -> Image.Image:
    scale = min(1.0, long / max(image.size))
    if scale == 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC)


def _tensor(image: Image.Image) -> Float[Tensor, "3 H W"]:
    return torch.from_numpy(np.array(image)).movedim(-1, 0).float() / 255


def _band(values: Float[Tensor, "H W"]) -> Image.Image:
    return Image.fromarray(values.nan_to_num(_ZERO).round().clamp(0, 255).byte().numpy())


@cache
def _table() -> ImageFilter.Color3DLUT:
    axis = torch.linspace(0, 255, _ENTRIES)
    b, a, L = torch.meshgrid(axis, axis, axis, indexing="ij")
    lab = torch.stack([L / _SCALE, a - _ZERO, b - _ZERO]).reshape(3, _ENTRIES**2, _ENTRIES)
    rgb = rgb_within_gamut(lab).reshape(3, -1).T.contiguous()
    return ImageFilter.Color3DLUT(_ENTRIES, rgb.numpy().ravel(), target_mode="RGB")
