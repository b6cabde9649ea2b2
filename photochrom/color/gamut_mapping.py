"""Colors that sRGB does not have lose chroma until they fit: never lightness, never hue."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from photochrom.color.lab import (
    LAB_MEETING,
    LAB_SLOPE,
    LINEAR_FROM_XYZ,
    LINEAR_MAX,
    rgb_from_linear,
)

_LINEAR_MIN = -1e-7  # what float32 makes of black
_F_OF_BLACK = torch.tensor(16 / 116, dtype=torch.float64)  # of L = 0
_HALVINGS = 10


def rgb_within_gamut(lab: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """sRGB in 0–1 of CIELAB colors; what lies outside sRGB loses chroma until it fits.

    L and the hue angle of (a, b) stay, and so do colors that fit. Bisection finds what share of
    the chroma does, to a thousandth. L, clipped to 0–100, is kept to 3e-4: the white of the
    constants is the matrix's own to four digits.
    """
    return rgb_from_linear(linear_within_gamut(*lab.split([1, 2], dim=-3)))


def linear_within_gamut(
    L: Float[Tensor, "*batch 1 H W"], ab: Float[Tensor, "*batch 2 H W"]
) -> Float[Tensor, "*batch 3 H W"]:
    """Linear RGB of which `rgb_within_gamut` is the sRGB; from 0 to 1 but for rounding."""
    linear, outside = linear_and_outside(L, ab)
    linear.scatter_(1, outside.places.expand(3, -1), brought_within([outside]))
    return linear.reshape(3, *ab.shape[:-3], *ab.shape[-2:]).movedim(0, -3)


class Outside(NamedTuple):
    """Pixels whose colors lie outside sRGB."""

    places: Int64[Tensor, " N"]
    gray: Float[Tensor, " N"]
    """f of their Y."""
    a: Float[Tensor, " N"]
    b: Float[Tensor, " N"]


def linear_and_outside(
    L: Float[Tensor, "*batch 1 H W"], ab: Float[Tensor, "*batch 2 H W"]
) -> tuple[Float[Tensor, "3 P"], Outside]:
    """Linear RGB of all pixels, and which of them are yet to be `brought_within` the gamut.

    Fastest on some ten thousand pixels at a time: what is made of them on the way stays in cache.
    """
    a, b = ab.movedim(-3, 0).flatten(1).unbind(0)
    gray = torch.add(_F_OF_BLACK.to(L), L.flatten(), alpha=1 / 116).clamp_(16 / 116, 1)
    linear: Tensor = LINEAR_FROM_XYZ.to(gray) @ _cubed(_cube_roots(gray, a, b))
    places = _outside(linear)
    return linear, Outside(places, *(of.index_select(0, places) for of in (gray, a, b)))


def brought_within(parts: Sequence[Outside]) -> Float[Tensor, "3 N"]:
    """Linear RGB of these pixels with as much of their chroma as sRGB has.

    Fastest on those of many strips together: of one there are few, for a hundred small steps.
    """
    gray, a, b = (torch.cat(of) for of in list(zip(*parts, strict=True))[1:])
    share = _chroma_that_fits(gray, torch.stack([a / 500, b / -200]))
    linear: Tensor = LINEAR_FROM_XYZ.to(gray) @ _cubed(_cube_roots(gray, a * share, b * share))
    return linear


def _cube_roots(
    gray: Float[Tensor, " P"], a: Float[Tensor, " P"], b: Float[Tensor, " P"]
) -> Float[Tensor, "3 P"]:
    """f of X, Y and Z; gray is that of Y."""
    f = gray.new_empty(3, len(gray))
    torch.add(gray, a, alpha=1 / 500, out=f[0])
    f[1] = gray
    torch.sub(gray, b, alpha=1 / 200, out=f[2])
    return f


def _outside(linear: Float[Tensor, "3 P"]) -> Int64[Tensor, " N"]:
    """Which pixels have a channel outside its range. NumPy takes half of the time of torch."""
    channels, outside = linear.cpu().numpy(), np.zeros(linear.shape[1], bool)
    for channel, most in zip(channels, LINEAR_MAX.to(linear).cpu(), strict=True):
        outside |= channel < _LINEAR_MIN
        outside |= channel > float(most)
    return torch.from_numpy(np.flatnonzero(outside)).to(linear.device)


def _chroma_that_fits(
    gray: Float[Tensor, " P"], reach: Float[Tensor, "2 P"]
) -> Float[Tensor, " P"]:
    """The share of each color's chroma, below 1, with which it is in gamut; gray always is.

    `reach` is what the whole chroma adds to f of X and of Z; that of Y is gray's.
    """
    width = (LINEAR_MAX - _LINEAR_MIN)[:, None]
    matrix = (2 / width * LINEAR_FROM_XYZ).to(gray)
    middle = -((LINEAR_MAX + _LINEAR_MIN)[:, None] / width).to(gray)
    still = torch.addmm(middle, matrix[:, 1:2], _cubed(gray.clone()[None]))
    moving = matrix[:, ::2].contiguous()
    share, step = torch.full_like(gray, 0.5), 0.5
    for _ in range(_HALVINGS):
        xz = _cubed(torch.addcmul(gray, reach, share))
        farthest = torch.addmm(still, moving, xz).abs_().amax(0)  # 1 at either end of a range
        step /= 2
        share.sub_(farthest.sub_(1).sign_(), alpha=step)
    return share.sub_(step)  # the lower end of what is left


def _cubed(f: Float[Tensor, "C P"]) -> Float[Tensor, "C P"]:
    """XYZ over white of its f, in gamut or not; f is used up.

    Both branches without choosing, as `_lab_by_blocks` has them; 4e-8 from the definition between
    m and the rounded threshold.
    """
    upper = f.clamp(min=LAB_MEETING ** (1 / 3))
    lower = f.sub_(upper)
    return upper.pow_(3).add_(lower, alpha=1 / LAB_SLOPE)
