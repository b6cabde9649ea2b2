"""How far two colors are apart, and how strong and of what hue they are, pixel by pixel.

ΔE*ab is CIE 1976. CIEDE2000 is CIE 142-2001 as Sharma, Wu and Dalal, "The CIEDE2000
color-difference formula: implementation notes", Color Research and Application 30(1), 2005,
write it; numbers of equations are theirs. Weights k_L = k_C = k_H = 1.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

CHROMA_STEP = 2  # ab units
CHROMA_STEPS = 68  # the last is 134 and more: sRGB's most, its blue, has 133.8
SECTORS = 12
SECTOR = 360 / SECTORS  # degrees of hue angle
GRAY = SECTORS
"""The 13th place of a hue: no hue."""
GRAY_BELOW = 5.0
"""Chroma below which a color has no hue: half a step of the gamut's grid, as elsewhere here."""
BLUE = (8, 9)
"""240°–300°: where the ColorChecker's blue sky (271°), purplish blue (293°) and blue (298°) are."""
GREEN = (3, 4, 5)
"""90°–180°: its yellow green (116°), foliage (128°), green (141°) and bluish green (177°)."""

_BLOCK = 1 << 15  # pixels: the planes in between stay in cache


def delta_e(
    ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]
) -> Float[Tensor, "B H W"]:
    """ΔE*ab of two colors of the same L: their distance in ab. nan where one is not finite."""
    error = torch.hypot(*(ab - truth).unbind(1))
    return error.where(error.isfinite(), torch.nan)


def ciede2000(
    lab: Float[Tensor, "B 3 H W"], truth: Float[Tensor, "B 3 H W"]
) -> Float[Tensor, "B H W"]:
    """ΔE₀₀ of two colors. nan where one is not finite."""
    lightness = (lab[:, 0] + truth[:, 0]) / 2
    squared = (lightness - 50).square()
    weight = 1 + 0.015 * squared / (20 + squared).sqrt()  # S_L, equation 18
    by_lightness = ((lab[:, 0] - truth[:, 0]) / weight).square()
    return (by_lightness + ciede2000_same_L(lab[:, 1:], truth[:, 1:]).square()).sqrt()


def ciede2000_same_L(
    ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]
) -> Float[Tensor, "B H W"]:
    """ΔE₀₀ of two colors of the same L, whatever that is: L enters by its difference alone.

    nan where one is not finite.
    """
    flat = [planes.movedim(1, 0).flatten(1) for planes in (ab, truth)]  # 2 P
    blocks = zip(*(planes.split(_BLOCK, dim=1) for planes in flat), strict=True)
    error = torch.cat([_chromatic(*some) for some in blocks])
    return error.where(error.isfinite(), torch.nan).reshape(ab[:, 0].shape)


def _chromatic(one: Float[Tensor, "2 P"], two: Float[Tensor, "2 P"]) -> Float[Tensor, " P"]:
    """Equation 22 without its term of lightness."""
    (a1, b1), (a2, b2) = one, two
    chroma = (torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * _toward_one(chroma).sqrt()  # 1 + G, equation 4
    a1, a2 = a1 * stretch, a2 * stretch  # a′, equation 5
    c1, c2 = torch.hypot(a1, b1), torch.hypot(a2, b2)  # C′ and h′, equations 6 and 7
    h1, h2 = (torch.remainder(torch.atan2(*ba), 2 * math.pi) for ba in ((b1, a1), (b2, a2)))

    turn = h2 - h1  # Δh′, equation 10
    beyond = turn.abs() > math.pi
    turn = torch.where(beyond, turn - turn.sign() * (2 * math.pi), turn)
    by_hue = 2 * (c1 * c2).sqrt() * (turn / 2).sin()  # ΔH′, equation 11

    c = (c1 + c2) / 2  # equation 13
    # Equation 14: halfway along the shorter arc; the sum of both where one has no hue.
    h = torch.where(c1 * c2 == 0, h1 + h2, h1 + turn / 2)
    angles = ((1, -30, -0.17), (2, 0, 0.24), (3, 6, 0.32), (4, -63, -0.20))
    t = 1 + sum(w * (n * h + math.radians(shift)).cos() for n, shift, w in angles)  # equation 15
    off = (torch.remainder(h, 2 * math.pi).rad2deg() - 275) / 25  # in equation 16
    rotation = 2 * _toward_one(c).sqrt()  # R_C, equation 17
    rotation = -rotation * (2 * math.radians(30) * (-off.square()).exp()).sin()

    chroma_part = (c2 - c1) / (1 + 0.045 * c)  # S_C, equation 19
    hue_part = by_hue / (1 + 0.015 * c * t)  # S_H, equation 20
    squared = chroma_part.square() + hue_part.square() + rotation * chroma_part * hue_part
    return squared.sqrt()


def _toward_one(chroma: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
    """C⁷ / (C⁷ + 25⁷), in equations 4 and 17."""
    x = chroma / 25
    squared = x * x
    return 1 - 1 / (1 + squared * squared * squared * x)


def chroma_steps(ab: Float[Tensor, "B 2 H W"]) -> Int[Tensor, "B H W"]:
    """Which step of 2 ab units each pixel's chroma is in; -1 where it is not finite."""
    chroma = torch.hypot(*ab.unbind(1))
    step = (chroma / CHROMA_STEP).clamp(max=CHROMA_STEPS - 1)
    return step.floor().where(chroma.isfinite(), -1).long()


def hue_sectors(ab: Float[Tensor, "B 2 H W"]) -> Int[Tensor, "B H W"]:
    """Which 30° of the hue angle each pixel is in, from 0° (+a) on; 12 is gray, -1 not finite.

    >>> hue_sectors(torch.tensor([[60.0, 0, -60, 0, 3], [0, 60, 0, -60, 3]])[None, :, None])
    tensor([[[ 0,  3,  6,  9, 12]]])
    """
    a, b = ab.unbind(1)
    # What rounds to a whole turn is of the last sector.
    sector = torch.remainder(torch.atan2(b, a).rad2deg(), 360).div(SECTOR).clamp(max=SECTORS - 1)
    chroma = torch.hypot(a, b)
    sector = sector.floor().where(chroma >= GRAY_BELOW, GRAY)
    return sector.where(chroma.isfinite(), -1).long()
