"""What a batch is made of: 8-bit squares of sRGB, stacked and converted to L and ab."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.color import GRAY_REACH
from photochrom.color.lab import lab_from_rgb


class Batch(NamedTuple):
    """L in 0–100 and ab of B images, their names, and (name, reason) of what was skipped."""

    L: Float[Tensor, "B 1 H W"]
    ab: Float[Tensor, "B 2 H W"]
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


class Square(NamedTuple):
    """One image of a batch before its colors are converted; `rgb` is absent if unreadable."""

    name: str
    rgb: UInt8[Tensor, "3 H W"] | None
    skipped: tuple[tuple[str, str], ...] = ()
    gray: UInt8[Tensor, "H W"] | None = None
    """What the network is to see in place of the image's own L."""


def collate(squares: Sequence[Square]) -> Batch:
    """Stack what could be read and convert it, one batch at a time."""
    readable = [(square.name, square.rgb) for square in squares if square.rgb is not None]
    skipped = tuple(one for square in squares for one in square.skipped)
    if not readable:
        return Batch(torch.zeros(0, 1, 1, 1), torch.zeros(0, 2, 1, 1), (), skipped)
    lab = lab_from_rgb(torch.stack([rgb for _, rgb in readable]).float() / 255)
    L = lab[:, :1]
    for place, square in enumerate(square for square in squares if square.rgb is not None):
        if square.gray is not None:
            L[place] = lab_from_rgb(square.gray.expand(3, -1, -1).float() / 255)[:1]
    return Batch(L, lab[:, 1:], tuple(name for name, _ in readable), skipped)


def is_gray(rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
    """Whether no |a| or |b| is above 5: such an image would teach that things are gray."""
    red, green, blue = (rgb[..., channel] for channel in range(3))
    most = np.maximum(np.maximum(red, green), blue)  # far faster than a maximum over an axis
    least = np.minimum(np.minimum(red, green), blue)
    if (most - least).max() > 50:  # no sRGB color with such a spread has both |a| and |b| below 5
        return False
    lab = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0).float() / 255)
    return bool(lab[1:].abs().max() <= GRAY_REACH)
