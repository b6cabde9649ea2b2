"""The pixels of one page, held once: rows give their L, and take colors in their own depth."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int32, Num, UInt8
from PIL import Image
from torch import Tensor

from photochrom.color.lab import lightness_from_rgb, rgb_from_linear
from photochrom.color.lut import bytes_from_linear, lightness_from_grays, lightness_from_words

Depth = Literal[8, 16, 32]
Encoded = Num[Tensor, "3 P"]
"""Pixels as a page keeps them."""
STRIP = 3 << 17
"""Pixels that are worked on at a time: more leave the cache, fewer are not worth the calls."""
_LEAST, _SHARES = 1 << 16, 8  # of a small page fewer, so that there are some for each thread
_WHOLE = 16  # rows that `EdgeAware` makes together, and twice what JPEG codes together
_turning = threading.Lock()  # of grays into colors: of threads that do so at once, one would win
_DEPTHS: dict[type, Depth] = {np.uint8: 8, np.uint16: 16, np.float32: 32}


def rows_of_strip(height: int, width: int) -> int:
    """How many rows of a page are worked on at a time: sixteens, unless they are very long."""
    pixels = min(STRIP, max(_LEAST, height * width // _SHARES))
    rows = pixels // width
    return max(1, rows - rows % _WHOLE if rows > _WHOLE else rows)


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of a page in order, some at a time."""
    step = rows_of_strip(height, width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


@dataclass(eq=False)
class BytePixels:
    """8-bit pixels in a Pillow image, RGB or RGBA: an array besides would take as much again.

    A gray one, L, becomes RGB when it is first painted on.
    """

    image: Image.Image
    gray: Image.Image | None = field(default=None, init=False)
    """What was L, as it came: a third of the work to see, and it stays for rows yet to be seen."""

    def __post_init__(self) -> None:
        if self.image.mode == "L":
            self.gray = self.image
        # Pillow copies a read-only image when it is first written to: of threads that do so at
        # once, all but one would write to a copy that is lost.
        elif self.image.readonly:
            self.image = self.image.copy()

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

    def lightness(self, rows: slice) -> Float[Tensor, "1 h W"]:
        """L of some rows, 0–100."""
        if self.gray is not None:
            strip = self.gray.crop((0, rows.start, self.width, rows.stop))
            return lightness_from_grays(np.asarray(strip))[None]
        return lightness_from_words(self._words(rows))[None]

    def encoded(self, linear: Float[Tensor, "3 P"]) -> UInt8[Tensor, "3 P"]:
        """Linear RGB, which is used up, as it is kept: clipped to 0–1 and rounded."""
        return bytes_from_linear(linear)

    def put(self, rows: slice, encoded: UInt8[Tensor, "3 P"]) -> None:
        """Replace the colors of some rows, pixel by pixel; alpha stays."""
        with _turning:
            if self.image.mode == "L":
                self.image = self.image.convert("RGB")
        strip = self.strip(encoded)
        if self.alpha:
            strip.putalpha(self._crop(rows).getchannel("A"))
        self.image.paste(strip, (0, rows.start))

    def strip(self, encoded: UInt8[Tensor, "3 P"]) -> Image.Image:
        """Some rows in colors that are not put, without alpha."""
        size = (self.width, encoded.shape[1] // self.width)
        planes = (Image.frombuffer("L", size, plane, "raw", "L", 0, 1) for plane in encoded.numpy())
        return Image.merge("RGB", list(planes))

    def _crop(self, rows: slice) -> Image.Image:
        return self.image.crop((0, rows.start, self.width, rows.stop))

    def _words(self, rows: slice) -> Int32[Tensor, "h W"]:
        raw = bytearray(self._crop(rows).tobytes("raw", "RGBA" if self.alpha else "RGBX"))
        return torch.frombuffer(raw, dtype=torch.int32).reshape(-1, self.width)

    def stored(self, rows: slice) -> Num[np.ndarray, "h W channels"]:
        """The rows as they are kept: RGB or RGBA."""
        strip = self._crop(rows)
        return np.array(strip.convert("RGB") if strip.mode == "L" else strip)

    def copy(self) -> "BytePixels":
        return BytePixels(self.image.copy())


@dataclass(eq=False)
class ArrayPixels:
    """Deeper pixels: RGB or RGBA as unsigned 16-bit numbers, or as floats in 0–1."""

    array: Num[np.ndarray, "H W channels"]
    gray = None

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

    def lightness(self, rows: slice) -> Float[Tensor, "1 h W"]:
        strip = self.array[rows, :, :3].astype(np.float32)
        return lightness_from_rgb(torch.from_numpy(strip).movedim(-1, 0) / self._white)

    def encoded(self, linear: Float[Tensor, "3 P"]) -> Float[Tensor, "3 P"]:
        rgb = rgb_from_linear(linear).mul_(self._white)
        return rgb.round_() if self.depth == 16 else rgb

    def put(self, rows: slice, encoded: Float[Tensor, "3 P"]) -> None:
        self.array[rows, :, :3] = encoded.mT.reshape(-1, self.width, 3)

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
