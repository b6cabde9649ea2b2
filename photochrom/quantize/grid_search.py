"""The nearest bins of a regular grid by arithmetic: no distance is computed.

The nearest point of a grid is found by rounding. What lies around it is found by symmetry:
mirrored and swapped, the remainder (u, v) of any color falls in the triangle
0 ≤ v ≤ u ≤ ½ (in steps), and there the squared distance of the neighbor i steps along u and
j along v, less that of the nearest, is

    d(i, j) = i² + j² - 2 (i u + j v),

which is linear. So which of two neighbors is nearer can be read off the triangle's three
corners, unless the corners disagree; only such pairs are compared at run time. For k = 5
the neighbors are always (0, 0), (1, 0), (0, 1), and two of (1, 1), (0, -1) and (-1, 0): two
comparisons.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from photochrom.quantize.gamut import AB_LIMIT, Gamut

_CORNERS = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))  # of the triangle 0 ≤ v ≤ u ≤ ½
_REACH = 7  # steps: the k ≤ MOST nearest lie no farther
MOST = 25
"""The largest k that is looked for here: beyond it, comparing distances is no slower."""
_BLOCK = 1 << 17  # points a block; torch works with one thread below 1 << 16


@dataclass(frozen=True, eq=False)
class Grid:
    """A gamut's bins as a square table, from which a margin keeps every neighbor inside."""

    table: Int[Tensor, "side side"]
    """The bin at each point of the grid, -1 where there is none."""
    step: float

    @lru_cache(maxsize=8)  # noqa: B019  grids are few, and live as long as their gamuts
    def rim(self, k: int) -> Bool[Tensor, " places"]:
        """Where in the flat table one of the `k` nearest of a color may be missing."""
        reach = max(max(abs(n.i), abs(n.j)) for n in _neighbors(k))
        absent = (self.table < 0)[None].float()
        near = torch.nn.functional.max_pool2d(absent, 2 * reach + 1, stride=1, padding=reach)
        return near[0].flatten() > 0

    @staticmethod
    @lru_cache(maxsize=8)
    def of(gamut: Gamut) -> "Grid | None":
        """The grid that the bins lie on, or `None` where they lie on none."""
        place = (gamut.bins / gamut.step).round()
        limit = int(AB_LIMIT / gamut.step) + 1
        if (place * gamut.step != gamut.bins).any() or place.abs().max() > limit:
            return None
        margin = limit + _REACH
        table = torch.full((2 * margin + 1,) * 2, -1)
        a, b = (place.long() + margin).unbind(dim=1)
        table[a, b] = torch.arange(len(gamut), device=table.device)
        return Grid(table, gamut.step)


class _Neighbor(NamedTuple):
    """A grid point near the nearest one, i steps along u and j along v."""

    i: int
    j: int
    rank: int
    """How many others are nearer wherever in the triangle the color lies."""


@lru_cache(maxsize=8)
def _neighbors(k: int) -> tuple[_Neighbor, ...]:
    """All that can be among the `k` nearest in some part of the triangle, by rank."""
    around = [(i, j) for i in range(-_REACH, _REACH + 1) for j in range(-_REACH, _REACH + 1)]
    at = {(i, j): [i * i + j * j - 2 * (i * u + j * v) for u, v in _CORNERS] for i, j in around}

    def rank(one: tuple[int, int]) -> int:
        nearer = (all(x <= y for x, y in zip(at[other], at[one], strict=True)) for other in at)
        return sum(nearer) - 1  # each is as near as itself

    ranked = (_Neighbor(*place, rank(place)) for place in around)
    return tuple(sorted((n for n in ranked if n.rank < k), key=lambda n: n.rank))


def nearest_on_grid(
    a: Float[Tensor, " P"], b: Float[Tensor, " P"], grid: Grid, k: int
) -> tuple[Float[Tensor, "K P"], Int[Tensor, "K P"], Int[Tensor, " R"]]:
    """Squared distances to the `k` nearest grid points less that to the nearest, and the bins.

    Nearest first. The last are the places of colors at the gamut's rim or outside, one of
    whose neighbors may be no bin: what is said of them may be wrong.
    """
    squared = a.new_empty((k, len(a)))
    bins = torch.empty((k, len(a)), dtype=torch.long, device=a.device)
    flat, rim = grid.table.to(a.device).flatten(), grid.rim(k).to(a.device)
    at_rim = []
    for start in range(0, len(a), _BLOCK):
        block = slice(start, start + _BLOCK)
        for rank, (distance, place) in enumerate(_ranked(a[block], b[block], grid, k)):
            squared[rank, block] = distance
            place = place.int()
            if rank == 0:
                at_rim.append(start + rim.index_select(0, place).nonzero()[:, 0])
            torch.index_select(flat, 0, place, out=bins[rank, block])
    return squared, bins, torch.cat(at_rim) if at_rim else bins.new_empty(0)


def _ranked(
    a: Float[Tensor, " P"], b: Float[Tensor, " P"], grid: Grid, k: int
) -> list[tuple[Float[Tensor, " P"], Float[Tensor, " P"]]]:
    """Rank by rank the difference of squared distances, and the place in the flat table.

    Choices are products with 0 or 1, for `torch.where` is several times slower on a CPU; and
    places, whole numbers below 2²⁴, are exact in float32.
    """
    side = len(grid.table)
    margin = side // 2
    inside = margin - _REACH
    at_a, at_b = ((x * (1 / grid.step)).round_().clamp_(-inside, inside) for x in (a, b))
    da, db = a - at_a * grid.step, b - at_b * grid.step
    abs_a, abs_b = da.abs(), db.abs()
    u, v = torch.maximum(abs_a, abs_b), torch.minimum(abs_a, abs_b)
    # One step along u and one along v, as differences of places in the flat table.
    by_a, by_b = torch.copysign(da.new_tensor(side), da), torch.copysign(da.new_tensor(1), db)
    by_u = torch.addcmul(by_a, _is_less(abs_a, abs_b), by_b - by_a)
    by_v = by_a + by_b - by_u
    center = at_a.add_(margin).mul_(side).add_(at_b).add_(margin)

    u, v = u.mul_(-2 * grid.step), v.mul_(-2 * grid.step)
    nearest: list[tuple[Tensor, Tensor]] = []
    for i, j, rank in _neighbors(k):
        distance = _plus((i**2 + j**2) * grid.step**2, i, u, j, v)
        nearest.append((distance, _plus(center, i, by_u, j, by_v)))
        # Insertion: what is nearer wherever the color lies need not be compared with.
        for place in range(len(nearest) - 1, rank, -1):
            nearest[place - 1 : place + 1] = _in_order(*nearest[place - 1 : place + 1])
        del nearest[k:]
    return nearest


def _in_order(
    one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Of each pixel the nearer first; distances are exchanged, and with them places."""
    change = _is_less(other[0], one[0]).mul_(other[1] - one[1])
    return (
        (torch.minimum(one[0], other[0]), one[1] + change),
        (torch.maximum(one[0], other[0]), other[1] - change),
    )


def _is_less(x: Tensor, y: Tensor | float) -> Tensor:
    """1 where x < y, else 0, in the dtype of x: comparisons to booleans are slower on a CPU."""
    return (y - x).clamp_(min=0).sign_()


def _plus(start: Tensor | float, i: int, x: Tensor, j: int, y: Tensor) -> Tensor:
    """start + i x + j y, without the terms that are 0."""
    for factor, term in ((i, x), (j, y)):
        if factor == -1:
            start = start - term
        elif factor:
            start = start + (term if factor == 1 else factor * term)
    return start if isinstance(start, Tensor) else torch.full_like(x, start)
