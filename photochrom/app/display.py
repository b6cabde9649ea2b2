"""An image on the screen: reduced once, so that new colors for it are there at once."""

import io
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from photochrom import image_io
from photochrom.config import ColorizeConfig
from photochrom.image_io import Page
from photochrom.image_io.pixels import as_bytes
from photochrom.rendering.predict import enlarged, paint
from photochrom.rendering.upsample import Bilinear

LONG_SIDE = 1200
_QUALITY = 85


class Display:
    """A page as it is shown: `image` is the page itself, at most 1200 pixels long."""

    def __init__(self, page: Page) -> None:
        self.image = _reduced(as_bytes(page.pixels, alpha=False), LONG_SIDE)
        self._page = image_io.of_rgb(np.array(self.image)).pages[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.image.size

    def colored(
        self, ab: Float[Tensor, "1 2 h w"], L: Float[Tensor, "1 1 H W"], stride: int
    ) -> Image.Image:
        """The image in colors that a network gave of its `L`."""
        page = self._page.copy()
        with torch.inference_mode():
            paint(page, enlarged(ab, L, stride, page, ColorizeConfig()))
        return as_bytes(page.pixels, alpha=False)

    def lightness_at(self, x: float, y: float) -> float:
        """L at a point, told as shares of width and height."""
        width, height = self.size
        row, column = int(y * height), int(x * width)
        return max(0.0, float(self._page.lightness(slice(row, row + 1))[0, 0, 0, column]))

    @cached_property
    def truth(self) -> bytes:
        """The image as it came, as JPEG."""
        return jpeg(self.image)

    @cached_property
    def by_lightness(self) -> bytes:
        """The image in gray, L alone, as JPEG."""
        page = self._page.copy()
        paint(page, Bilinear(torch.zeros(1, 2, 1, 1), (page.height, page.width)))
        return jpeg(as_bytes(page.pixels, alpha=False))


def jpeg(image: Image.Image) -> bytes:
    """An image as the browser gets it."""
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
