"""8-bit sRGB by tables: what `color` says of L and of linear RGB, in a fraction of its time.

A pixel is a word of four bytes, red, green, blue and another, as they lie in memory.
"""

import sys

import torch
from jaxtyping import Float, Int32
from torch import Tensor

from photochrom.color import LUMINANCE, lightness_from_luminance, linear_from_rgb, rgb_from_linear

_SHIFTS = (0, 8, 16) if sys.byteorder == "little" else (24, 16, 8)  # of red, green and blue
_GREY = sum(1 << shift for shift in _SHIFTS)  # 1 in each
_COLORS = 255 * _GREY if sys.byteorder == "little" else -256  # all of their bits, as an int32
OTHER = 24 - _SHIFTS[0]
"""The other byte's place in a word."""

_levels = torch.arange(256, dtype=torch.float64) / 255
_LIGHTNESSES = lightness_from_luminance(linear_from_rgb(_levels)).float()  # of greys
_LUMINANCES = [(share * linear_from_rgb(_levels)).float() for share in LUMINANCE]
# Bytes of linear values at equal steps of their square root, of which sRGB is almost a line: it
# is steepest where its own line ends, 2 · 12.92 · √0.0031308 = 1.45. So the value that is rounded
# to a byte, of the middle of a step, is at most 255 · 1.45 · ½ / 65536, a 350th of a byte's step,
# from the true one.
_ROOTS = 1 << 16
_roots = ((torch.arange(_ROOTS + 1, dtype=torch.float64) + 0.5) / _ROOTS).clamp(max=1)
_BYTES = [(255 * rgb_from_linear(_roots**2)).round().int() << shift for shift in _SHIFTS]


def lightness_from_words(words: Int32[Tensor, "H W"]) -> Float[Tensor, "H W"]:
    """L, 0–100, of pixels."""
    flat = words.flatten()
    first = (flat >> _SHIFTS[0]).bitwise_and_(255)
    if torch.equal(flat & _COLORS, first * _GREY):
        return _LIGHTNESSES.index_select(0, first).reshape(words.shape)
    parts = [
        table.index_select(0, (flat >> shift).bitwise_and_(255))
        for table, shift in zip(_LUMINANCES, _SHIFTS, strict=True)
    ]
    y = parts[0].add_(parts[1]).add_(parts[2])
    return lightness_from_luminance(y).reshape(words.shape)


def words_from_linear(linear: Float[Tensor, "3 H W"]) -> Int32[Tensor, "H W"]:
    """Pixels of linear RGB, which is used up, clipped to 0–1; their other byte is 0."""
    roots = linear.clamp_(0, 1).sqrt_().mul_(_ROOTS)  # to be cut off
    places = roots.flatten(1).int()
    parts = [table.index_select(0, at) for table, at in zip(_BYTES, places, strict=True)]
    return parts[0].add_(parts[1]).add_(parts[2]).reshape(linear.shape[1:])
