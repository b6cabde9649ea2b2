"""Images without color of their own: gray ones, and toned ones such as sepia and cyanotype.

Left in the counts, they would teach that things are gray, or brown.

An image is **gray** where every pixel has both a and b within ±5: the mask of Zhang et al. 2016.
It is **toned** where color is a function of lightness: pixels of the same lightness differ in
color by less than JPEG does that itself. Of about 2,000 pixels, the opponent colors R - G and
(R + G) / 2 - B are averaged in 64 classes of lightness; the image is toned if the root mean
square of what is left is below 4 levels, or below 13 % of that of the opponent colors.
Fewer than 8 classes of lightness are no photograph, and cannot tell.
"""

from collections.abc import Sequence
from functools import cache
from itertools import compress

import numpy as np
from jaxtyping import Bool, Float64, UInt16, UInt32

from photochrom.color import GRAY_REACH
from photochrom.prior.histogram import CELLS, EDGES

_SAMPLE = 2048
_FEW, _CLEAR = 256, 4.0  # twice the limit of what is left, squared
_LIGHTNESS, _CLASSES = 64, 8
_LEAST, _SHARE = 4.0, 0.13  # levels of 0 to 255; the share of the opponent colors


def is_gray(cells: UInt16[np.ndarray, " P"]) -> bool:
    """Whether all pixels lie in cells within ±5 of a = b = 0."""
    within = _within_reach()
    few = cells[:: max(1, len(cells) // 64)]  # enough to tell most images
    return bool(within[few].all() and within[cells].all())


@cache
def _within_reach() -> Bool[np.ndarray, " cells"]:
    near = (EDGES[:-1] >= -GRAY_REACH) & (EDGES[1:] <= GRAY_REACH)
    return np.outer(near, near).reshape(CELLS * CELLS)


def are_toned(images: Sequence[UInt32[np.ndarray, " _"]]) -> Bool[np.ndarray, " N"]:
    """Of each image, given as packed colors: whether color is a function of lightness.

    About 2,000 pixels tell. Many images are asked at once, because a call of numpy costs more
    than its work on one. The sums are of whole numbers or made in one order: the answer is the
    same on every machine.
    """
    toned = _left_over(images, _FEW) <= _CLEAR  # most photographs: a few pixels are enough
    if toned.any():
        toned[toned] = _left_over(list(compress(images, toned)), _SAMPLE) < 1
    return toned


def _left_over(
    images: Sequence[UInt32[np.ndarray, " _"]], pixels: int
) -> Float64[np.ndarray, " N"]:
    """How much color lightness does not explain: the mean square, relative to the limit."""
    few = [colors[:: max(1, len(colors) // pixels)] for colors in images]
    lengths = np.array([len(colors) for colors in few])
    starts = lengths.cumsum() - lengths
    colors = np.concatenate(few).astype(np.int32)
    red, green, blue = (colors >> shift & 0xFF for shift in (0, 8, 16))
    lightness = (red + 2 * green + blue) >> 4  # 0 to 63
    classes = lightness + np.repeat(np.arange(len(few)) * _LIGHTNESS, lengths)
    counts = np.bincount(classes, minlength=_LIGHTNESS * len(few))
    left = whole = np.zeros(len(few))
    for opponent in (red - green, ((red + green) >> 1) - blue):
        sums = np.bincount(classes, opponent, minlength=len(counts))
        explained = (sums * sums / np.maximum(counts, 1)).reshape(-1, _LIGHTNESS)
        squares = np.add.reduceat(opponent * opponent, starts)
        left = left + squares - explained.cumsum(1)[:, -1]
        whole = whole + squares
    tell = np.count_nonzero(counts.reshape(-1, _LIGHTNESS), 1) >= _CLASSES
    return np.where(tell, left / np.maximum(_LEAST**2 * lengths, _SHARE**2 * whole), np.inf)
