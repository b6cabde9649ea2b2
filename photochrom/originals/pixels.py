"""The pixels of one page, held once: rows are taken as floats, and put back in their own depth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Num
from PIL import Image
from torch import Tensor

Depth = Literal[8, 16, 32]
STRIP = 1 << 17
"""Pixels that are worked on at a time."""
_DEPTHS: dict[type, Depth] = {np.uint8: 8, np.uint16: 16, np.float32: 32}


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of a page in order, about `STRIP` pixels at a time."""
    step = max(1, STRIP // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


@dataclass(eq=False)
class BytePixels:
    """8-bit pixels in a Pillow image, RGB or RGBA: an array besides would take as much again."""

    image: Image.Image

    @property
    def height(self) -> int:
        return self.image.height

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def depth(self) -> Depth:
        return 8

    @property
    def alpha(self) -> bool:
        return self.image.mode == "RGBA"

    def rgb(self, rows: slice) -> Float[Tensor, "3 h W"]:
        """The colours of some rows, in 0–1."""
        return torch.from_numpy(self.stored(rows)[..., :3]).movedim(-1, 0).float() / 255

    def put_rgb(self, rows: slice, rgb: Float[Tensor, "3 h W"]) -> None:
        """Replace them, rounded; alpha stays."""
        strip = _rounded(rgb, 255).astype(np.uint8)
        if self.alpha:
            strip = np.concatenate([strip, self.stored(rows)[..., 3:]], axis=-1)
        self.image.paste(Image.fromarray(strip), (0, rows.start))

    def stored(self, rows: slice) -> Num[np.ndarray, "h W channels"]:
        """The rows as they are kept: RGB or RGBA."""
        return np.array(self.image.crop((0, rows.start, self.width, rows.stop)))

    def copy(self) -> "BytePixels":
        return BytePixels(self.image.copy())


@dataclass(eq=False)
class ArrayPixels:
    """Deeper pixels: RGB or RGBA as unsigned 16-bit numbers, or as floats in 0–1."""

    array: Num[np.ndarray, "H W channels"]

    @property
    def height(self) -> int:
        return int(self.array.shape[0])

    @property
    def width(self) -> int:
        return int(self.array.shape[1])

    @property
    def depth(self) -> Depth:
        return _DEPTHS[self.array.dtype.type]

    @property
    def alpha(self) -> bool:
        return bool(self.array.shape[-1] == 4)

    @property
    def _white(self) -> float:
        return 65535 if self.depth == 16 else 1

    def rgb(self, rows: slice) -> Float[Tensor, "3 h W"]:
        strip = self.array[rows, :, :3].astype(np.float32)
        return torch.from_numpy(strip).movedim(-1, 0) / self._white

    def put_rgb(self, rows: slice, rgb: Float[Tensor, "3 h W"]) -> None:
        whole = self.depth == 16
        self.array[rows, :, :3] = _rounded(rgb, 65535) if whole else rgb.movedim(0, -1).numpy()

    def stored(self, rows: slice) -> Num[np.ndarray, "h W channels"]:
        return self.array[rows]

    def copy(self) -> "ArrayPixels":
        return ArrayPixels(self.array.copy())


Pixels = BytePixels | ArrayPixels


def as_bytes(pixels: Pixels, *, alpha: bool) -> Image.Image:
    """The page as an 8-bit Pillow image, with its alpha if wanted."""
    mode = "RGBA" if alpha and pixels.alpha else "RGB"
    if isinstance(pixels, BytePixels):
        return pixels.image if pixels.image.mode == mode else pixels.image.convert(mode)
    image = Image.new(mode, (pixels.width, pixels.height))
    white = 65535 if pixels.depth == 16 else 1
    for rows in strips(pixels.height, pixels.width):
        strip = pixels.stored(rows)[..., : len(mode)].astype(np.float32)
        strip = (strip * (255 / white)).round().clip(0, 255).astype(np.uint8)
        image.paste(Image.fromarray(strip), (0, rows.start))
    return image


def as_words(pixels: Pixels, rows: slice) -> Num[np.ndarray, "h W channels"]:
    """Some rows in 16 bits."""
    strip = pixels.stored(rows)
    if pixels.depth == 16:
        return strip
    white = 1 if pixels.depth == 32 else 255
    return (strip.astype(np.float64) * (65535 / white)).round().clip(0, 65535).astype(np.uint16)


def _rounded(rgb: Float[Tensor, "3 h W"], white: int) -> Num[np.ndarray, "h W 3"]:
    rounded: np.ndarray = (rgb * white).round().movedim(0, -1).contiguous().numpy()
    return rounded
