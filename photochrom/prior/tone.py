"""Pictures without colour of their own: grey ones, and toned ones such as sepia and cyanotype.

Left in the counts, they would teach that things are grey, or brown.

A picture is **grey** where every pixel has both a and b within ±5: the mask of Zhang et al. 2016.
It is **toned** where colour is a function of lightness: pixels of the same lightness differ in
colour by less than JPEG does that itself. Of about 2,000 pixels, the opponent colours R - G and
(R + G) / 2 - B are averaged in 64 classes of lightness; the picture is toned if the root mean
square of what is left is below 4 levels, or below 13 % of that of the opponent colours.
Fewer than 8 classes of lightness are no photograph, and cannot tell.
"""

from functools import cache
from math import fsum

import numpy as np
from jaxtyping import Bool, UInt8, UInt16

from photochrom.images import GREY_REACH
from photochrom.prior.histogram import CELLS, EDGES

_SAMPLE = 2048
_FEW, _CLEAR = 256, 4.0  # twice the limit of what is left, squared
_CLASSES = 8
_LEAST, _SHARE = 4.0, 0.13  # levels of 0 to 255; the share of the opponent colours


def is_grey(cells: UInt16[np.ndarray, " P"]) -> bool:
    """Whether all pixels lie in cells within ±5 of a = b = 0."""
    within = _within_reach()
    few = cells[:: max(1, len(cells) // 64)]  # enough to tell most pictures
    return bool(within[few].all() and within[cells].all())


@cache
def _within_reach() -> Bool[np.ndarray, " cells"]:
    near = (EDGES[:-1] >= -GREY_REACH) & (EDGES[1:] <= GREY_REACH)
    return np.outer(near, near).reshape(CELLS * CELLS)


def is_toned(rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
    """Whether colour is a function of lightness, as far as about 2,000 pixels tell.

    The sums are exact, or rounded once: the answer is the same on every machine.
    """
    pixels = rgb.reshape(-1, 3)
    few = _left_over(pixels[:: max(1, len(pixels) // _FEW)])
    if few > _CLEAR:  # most photographs: a few pixels are enough
        return False
    return _left_over(pixels[:: max(1, len(pixels) // _SAMPLE)]) < 1


def _left_over(pixels: UInt8[np.ndarray, "P 3"]) -> float:
    """How much colour lightness does not explain: the mean square, relative to the limit."""
    red, green, blue = pixels.T.astype(np.int64)
    lightness = (red + 2 * green + blue) >> 4  # 0 to 63
    counts = np.bincount(lightness)
    if np.count_nonzero(counts) < _CLASSES:
        return np.inf
    left = whole = 0.0
    for opponent in (red - green, ((red + green) >> 1) - blue):
        sums = np.bincount(lightness, opponent)
        squares = int(opponent @ opponent)
        left += squares - fsum(sums * sums / np.maximum(counts, 1))
        whole += squares
    return left / max(_LEAST**2 * len(pixels), _SHARE**2 * whole)
