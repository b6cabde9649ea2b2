"""The nearest bins of a regular grid by arithmetic: no distance is computed.

The nearest point of a grid is found by rounding. What lies around it is found by symmetry:
mirrored and swapped, the remainder (u, v) of any colour falls in the triangle
0 ≤ v ≤ u ≤ ½ (in steps), and there the squared distance of the neighbour i steps along u and
j along v, less that of the nearest, is

    d(i, j) = i² + j² - 2 (i u + j v),

which is linear. So which of two neighbours is nearer can be read off the triangle's three
corners, unless the corners disagree; only such pairs are compared at run time. For k = 5
those are two: the neighbours are always (0, 0), (1, 0), (0, 1), and two of (1, 1), (0, -1)
and (-1, 0).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.quantize.gamut import AB_LIMIT, Gamut

_CORNERS = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))  # of the triangle 0 ≤ v ≤ u ≤ ½
_REACH = 7  # steps: the k ≤ MOST nearest lie no farther
MOST = 25
"""The largest k that is looked for here: beyond it, comparing distances is no slower."""
_BLOCK = 1 << 17  # points a block; torch works with one thread below 1 << 16


@dataclass(frozen=True, eq=False)
class Grid:
    """A gamut's bins as a square table, from which a margin keeps every neighbour inside."""

    table: Int[Tensor, "side side"]
    """The bin at each point of the grid, -1 where there is none."""
    step: float

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


@dataclass(frozen=True)
class _Neighbour:
    """A grid point near the nearest one, and how its rank follows from comparisons."""

    i: int
    j: int
    rank: int
    """How many others are nearer wherever in the triangle the colour lies."""
    rivals: tuple[int, ...]
    """Those that are nearer in a part of it, by their places in the list."""


@lru_cache(maxsize=8)
def _neighbours(k: int) -> tuple[_Neighbour, ...]:
    """All that can be among the `k` nearest in some part of the triangle, nearest first."""
    around = [(i, j) for i in range(-_REACH, _REACH + 1) for j in range(-_REACH, _REACH + 1)]
    at = {(i, j): [i * i + j * j - 2 * (i * u + j * v) for u, v in _CORNERS] for i, j in around}

    def nearer(one: tuple[int, int], other: tuple[int, int]) -> bool:
        return all(x <= y for x, y in zip(at[one], at[other], strict=True))

    rank = {p: sum(nearer(q, p) for q in at) - 1 for p in at}  # each is as near as itself
    near = sorted((p for p in at if rank[p] < k), key=rank.__getitem__)
    return tuple(
        _Neighbour(
            *(*p, rank[p]),
            tuple(m for m, q in enumerate(near) if not (nearer(p, q) or nearer(q, p))),
        )
        for p in near
    )


def nearest_on_grid(
    a: Float[Tensor, " P"], b: Float[Tensor, " P"], grid: Grid, k: int
) -> tuple[Float[Tensor, "K P"], Int[Tensor, "K P"]]:
    """Squared distances to the `k` nearest grid points less that to the nearest, and the bins.

    Nearest first; -1 for a point that is no bin, as happens at the gamut's rim and outside.
    """
    squared = a.new_empty((k, len(a)))
    bins = torch.empty((k, len(a)), dtype=torch.long, device=a.device)
    flat = grid.table.to(a.device).flatten()
    for start in range(0, len(a), _BLOCK):
        block = slice(start, start + _BLOCK)
        for rank, (distance, place) in enumerate(_ranked(a[block], b[block], grid, k)):
            squared[rank, block] = distance
            torch.index_select(flat, 0, place.int(), out=bins[rank, block])
    return squared, bins


def _ranked(
    a: Float[Tensor, " P"], b: Float[Tensor, " P"], grid: Grid, k: int
) -> Iterator[tuple[Float[Tensor, " P"], Float[Tensor, " P"]]]:
    """Rank by rank the difference of squared distances, and the place in the flat table.

    Choices are products with 0 or 1, for `torch.where` is several times slower on a CPU; and
    places, whole numbers below 2²⁴, are exact in float32.
    """
    side = len(grid.table)
    margin = side // 2
    inside = margin - _REACH
    at_a, at_b = ((x / grid.step).round_().clamp_(-inside, inside) for x in (a, b))
    da, db = a - at_a * grid.step, b - at_b * grid.step
    abs_a, abs_b = da.abs(), db.abs()
    u, v = torch.maximum(abs_a, abs_b), torch.minimum(abs_a, abs_b)
    # One step along u and one along v, as differences of places in the flat table.
    by_a = torch.lt(da, 0).to(a).mul_(-2 * side).add_(side)
    by_b = torch.lt(db, 0).to(a).mul_(-2).add_(1)
    by_u = torch.addcmul(by_a, torch.gt(abs_b, abs_a).to(a), by_b - by_a)
    by_v = by_a + by_b - by_u
    nearest = at_a.add_(margin).mul_(side).add_(at_b).add_(margin)

    found = _neighbours(k)
    u, v = u.mul_(-2 * grid.step), v.mul_(-2 * grid.step)
    distances = [
        _plus(torch.full_like(u, (n.i**2 + n.j**2) * grid.step**2), n.i, u, n.j, v) for n in found
    ]
    places = [_plus(nearest, n.i, by_u, n.j, by_v) for n in found]
    ranks: list[Any] = [n.rank for n in found]
    for m, n in enumerate(found):
        for rival in (r for r in n.rivals if r > m):
            behind = torch.lt(distances[rival], distances[m]).to(a)
            ranks[m] = ranks[m] + behind
            ranks[rival] = ranks[rival] + (1 - behind)
    for rank in range(k):
        possible = [m for m, n in enumerate(found) if n.rank <= rank <= n.rank + len(n.rivals)]
        if len(possible) == 1:
            yield distances[possible[0]], places[possible[0]]
            continue
        here = [torch.eq(ranks[m], rank).to(a) for m in possible]
        yield (
            _chosen(here, [distances[m] for m in possible]),
            _chosen(here, [places[m] for m in possible]),
        )


def _plus(start: Tensor, i: int, x: Tensor, j: int, y: Tensor) -> Tensor:
    """start + i x + j y, without the terms that are 0."""
    for factor, term in ((i, x), (j, y)):
        start = torch.add(start, term, alpha=factor) if factor else start
    return start


def _chosen(here: list[Tensor], values: list[Tensor]) -> Tensor:
    """Of each point the value whose `here` is 1; all others are 0."""
    total = here[0] * values[0]
    for h, value in zip(here[1:], values[1:], strict=True):
        total.addcmul_(h, value)
    return total
