"""8-bit sRGB by tables: what `color` says of L and of linear RGB, in a fraction of its time.

A word is a pixel's four bytes, red, green, blue and another, as they lie in memory.
"""

import sys

import numpy as np
import torch
from jaxtyping import Float, Int32, UInt8
from torch import Tensor

from photochrom.color.lab import (
    LUMINANCE,
    lightness_from_luminance,
    linear_from_rgb,
    rgb_from_linear,
)

_SHIFTS = (0, 8, 16) if sys.byteorder == "little" else (24, 16, 8)  # of red, green and blue
_GRAY = sum(1 << shift for shift in _SHIFTS)  # 1 in each
_COLORS = 255 * _GRAY if sys.byteorder == "little" else -256  # all of their bits, as an int32

_levels = torch.arange(256, dtype=torch.float64) / 255
_LIGHTNESSES = lightness_from_luminance(linear_from_rgb(_levels)).float()  # of grays
_red, _green, _blue = (share * linear_from_rgb(_levels) for share in LUMINANCE)
_BOTH = min(_SHIFTS[:2])  # where red and green begin, which are looked up together
_pairs = torch.arange(1 << 16)
_RED_AND_GREEN = (
    _red[(_pairs >> (_SHIFTS[0] - _BOTH)) & 255] + _green[(_pairs >> (_SHIFTS[1] - _BOTH)) & 255]
).float()
_BLUE = _blue.float()
_FEW = slice(64)  # pixels, that most often show that not all are gray
# Bytes of linear values x by the first bits of y = x + (1 - x) / 32 as a float: its exponent, which
# is -5 to 0, and 14 bits of its fraction. Both y's steps and the slope of sRGB are steep near
# black and flat near white. The value that is rounded to a byte, of the middle of a step, is at
# most a 310th of a byte's step from the true one: 32 / 31 · 255 · 12.92 / 2^(5 + 15).
_BLACK = 1 / 32  # y of 0
_DROPPED = 23 - 14  # bits of a float's fraction
_FIRST = int(torch.tensor(_BLACK).view(torch.int32)) >> _DROPPED
_bits = torch.arange(_FIRST, (127 << 14) + 2, dtype=torch.int32) << _DROPPED
_steps = _bits.view(torch.float32).double()
_x = (((_steps[:-1] + _steps[1:]) / 2 - _BLACK) / (1 - _BLACK)).clamp(max=1)
# What is before the first, 2 MB, is never looked up: so nothing need be taken from the bits.
_BYTES = torch.cat([torch.zeros(_FIRST), 255 * rgb_from_linear(_x)]).round().to(torch.uint8)
_OFFSET = torch.tensor(_BLACK)


def lightness_from_grays(grays: UInt8[np.ndarray, "H W"]) -> Float[Tensor, "H W"]:
    """L, 0–100, of pixels that have one byte."""
    places = torch.from_numpy(grays.astype(np.int32))
    return _LIGHTNESSES.index_select(0, places.flatten()).reshape(places.shape)


def lightness_from_words(words: Int32[Tensor, "H W"]) -> Float[Tensor, "H W"]:
    """L, 0–100, of pixels."""
    flat = words.flatten()
    if _gray(flat[_FEW]) and _gray(flat):
        return _LIGHTNESSES.index_select(0, _byte(flat, 0)).reshape(words.shape)
    y = _RED_AND_GREEN.index_select(0, (flat >> _BOTH).bitwise_and_(0xFFFF))
    y += _BLUE.index_select(0, _byte(flat, 2))
    return lightness_from_luminance(y).reshape(words.shape)


def _gray(flat: Int32[Tensor, " P"]) -> bool:
    """Whether red, green and blue are alike in every pixel."""
    return torch.equal(flat & _COLORS, _byte(flat, 0) * _GRAY)


def _byte(flat: Int32[Tensor, " P"], channel: int) -> Int32[Tensor, " P"]:
    return (flat >> _SHIFTS[channel]).bitwise_and_(255)


def bytes_from_linear(linear: Float[Tensor, "3 P"]) -> UInt8[Tensor, "3 P"]:
    """sRGB of linear RGB, which is used up, clipped to 0–1."""
    y = torch.add(_OFFSET, linear.clamp_(0, 1), alpha=1 - _BLACK, out=linear)
    places = y.view(torch.int32).bitwise_right_shift_(_DROPPED)
    return _BYTES.index_select(0, places.flatten()).view(linear.shape)
