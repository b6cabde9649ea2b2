"""ab of a small image at the size of a large L: color ends where the object ends.

ab ≈ up(s(ab)) + up(A) · (L - up(L↓)), where ↓ is the small image and up is cubic convolution
(Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 1981).
A = cov(ab, L) / (var(L) + ε) around each small pixel is the slope of the guided filter (He, Sun
and Tang, "Guided image filtering", ECCV 2010, equation 5), taken at the small size as in their
"Fast guided filter" (2015). Unlike theirs, the constant part is not smoothed: ab keeps its own
small image, and L only adds what the small L cannot show. s sharpens by one step of
back-projection (Irani and Peleg, 1991), for up blurs what ↓ has blurred before.

Texture finer than the small image may lead far out of what A was taken from, and s overshoots:
in predicted ab, which ends less sharply than L, as purple seams between petals. So what comes
out stays between the least and the greatest a, and b, of the small pixels around.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

_EPSILON = 100.0  # in L²; with _SPREAD the best on true ab of the validation photographs
_SPREAD = 0.5  # of the Gaussian around a small pixel, in small pixels
_CUBIC = -0.5  # Keys's a
_BACK = 4  # the size that back-projection goes up to and comes back from
_BLOCK = 16  # rows made at a time; always the same ones, so that no value depends on the strip
_COLUMNS = 64  # that are made together; all are needed, so it matters to time alone


Kernel = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Of each place between two small pixels: offsets of pixels from the first, and weights."""


class _Block(NamedTuple):
    """Some large rows, or columns: which small ones they are sums of, and with what weights."""

    places: slice
    weights: Float[Tensor, "n k"]


class _Memory(threading.local):
    """Each thread's own: where the rows are that it asked for last."""

    def __init__(self) -> None:
        self.kept: dict[_Wide, Tensor] = {}


class EdgeAware:
    """`rows` gives ab at full size, a strip at a time: no more than a strip is ever made.

    `ab` is the small image, and `L` the large one reduced to the same grid. `size` is the
    large one's height and width, and `scale` how many small rows, and columns, one of its own is:
    by default the ratio of the sizes, another where the small image has padding.
    """

    def __init__(
        self,
        ab: Float[Tensor, "B 2 h w"],
        L: Float[Tensor, "B 1 h w"],
        size: tuple[int, int],
        scale: tuple[float, float] | None = None,
    ) -> None:
        small = torch.cat([_sharpened(ab), slope(ab, L), L], dim=1)
        self._wide = _Wide(small, size, scale, _cubic)
        self._range = _Wide(torch.cat(_around(ab), dim=1), size, scale, _linear)
        self._memory = _Memory()

    def rows(self, rows: slice, L: Float[Tensor, "B 1 n W"]) -> Float[Tensor, "B 2 n W"]:
        """ab of these rows of the large image, whose L is given.

        Each value lies within those of the 4 × 4 small pixels around it.
        """
        memory = self._memory.kept
        ab, A, smooth = self._wide.rows(rows, memory).split([2, 2, 1], dim=1)
        least, greatest = self._range.rows(rows, memory).split(2, dim=1)
        large = torch.empty(ab.shape, dtype=ab.dtype)  # in planes, which `rows` are not
        detail = torch.sub(L, smooth, out=smooth)
        return torch.addcmul(ab, A, detail, out=large).clamp_(least, greatest)


class Bilinear:
    """The same by bilinear interpolation of ab alone."""

    def __init__(
        self,
        ab: Float[Tensor, "B 2 h w"],
        size: tuple[int, int],
        scale: tuple[float, float] | None = None,
    ) -> None:
        self._wide = _Wide(ab, size, scale, _linear)

    def rows(self, rows: slice, L: Float[Tensor, "B 1 n W"]) -> Float[Tensor, "B 2 n W"]:
        """ab of these rows of the large image."""
        return self._wide.rows(rows)


def slope(ab: Float[Tensor, "B 2 h w"], L: Float[Tensor, "B 1 h w"]) -> Float[Tensor, "B 2 h w"]:
    """A: how much ab changes with L around each pixel."""
    mean_L, mean_ab = _mean(L), _mean(ab)
    variance = (_mean(L * L) - mean_L**2).clamp(min=0)
    return (_mean(ab * L) - mean_ab * mean_L) / (variance + _EPSILON)


def _mean(x: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C h w"]:
    """Around each pixel, weighed by a Gaussian over 5 × 5."""
    reach = torch.arange(-2.0, 3.0, device=x.device, dtype=x.dtype)
    weights = torch.softmax(-(reach**2) / (2 * _SPREAD**2), 0)
    channels = x.shape[1]
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    down = F.conv2d(padded, weights.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(down, weights.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


def _sharpened(ab: Float[Tensor, "B 2 h w"]) -> Float[Tensor, "B 2 h w"]:
    """s: ab with what going up and coming back loses of it."""
    height, width = ab.shape[-2:]
    large = _Wide(ab, (_BACK * height, _BACK * width), None, _cubic).rows(slice(0, None))
    back = F.interpolate(large, (height, width), mode="bilinear", antialias=True)
    return 2 * ab - back


def _around(ab: Float[Tensor, "B 2 h w"]) -> list[Float[Tensor, "B 2 h w"]]:
    """The least and the greatest of the 3 × 3 around each pixel."""
    least, greatest = (F.max_pool2d(sign * ab, 3, stride=1, padding=1) for sign in (-1, 1))
    return [-least, greatest]


class _Wide:
    """A small image, as wide as the large one already; its rows are made when asked for."""

    def __init__(
        self,
        small: Float[Tensor, "B C h w"],
        size: tuple[int, int],
        scale: tuple[float, float] | None,
        kernel: Kernel,
    ) -> None:
        h, w = small.shape[-2:]
        down, across = scale or (h / size[0], w / size[1])
        columns = _blocks(size[1], across, w, kernel, _COLUMNS, small.dtype)
        lines = small.movedim(2, 0).flatten(0, 2)
        made = [lines[:, each.places] @ each.weights.T for each in columns]
        self.wide = torch.cat(made, dim=1).view(h, -1)
        self.shape = (*small.shape[:2], size[1])
        self.height, self.blocks = size[0], _blocks(size[0], down, h, kernel, _BLOCK, small.dtype)

    def rows(
        self, rows: slice, memory: dict["_Wide", Tensor] | None = None
    ) -> Float[Tensor, "B C n W"]:
        """So many rows of the large image; they lie row by row in memory, not in planes.

        With `memory` they are in the same place of it each time, until the next are asked for: a
        system takes as long to give new memory as it takes to fill it.
        """
        start, stop, _ = rows.indices(self.height)
        first, last = start // _BLOCK, -(-stop // _BLOCK)
        place = None if memory is None else self._place(_BLOCK * (last - first), memory)
        made = _enlarged(self.wide, self.blocks[first:last], place)
        made = made[start - first * _BLOCK : stop - first * _BLOCK]
        planes: Tensor = made.unflatten(1, self.shape)
        return planes.movedim(0, 2)

    def _place(self, rows: int, memory: dict["_Wide", Tensor]) -> Float[Tensor, "m many"]:
        place = memory.get(self)
        if place is None or len(place) < rows:
            with torch.inference_mode(False):  # else it could be written to in that mode alone
                place = memory[self] = self.wide.new_empty(rows, self.wide.shape[1])
        return place


def _enlarged(
    small: Float[Tensor, "h many"],
    blocks: list[_Block],
    place: Float[Tensor, "m many"] | None = None,
) -> Float[Tensor, "n many"]:
    """The rows of these blocks, at the start of `place` if there is one."""
    count = sum(len(each.weights) for each in blocks)
    large = small.new_empty(count, small.shape[1]) if place is None else place[:count]
    rows = large.split([len(each.weights) for each in blocks])
    for each, out in zip(blocks, rows, strict=True):
        torch.mm(each.weights, small[each.places], out=out)
    return large


def _blocks(
    large: int, scale: float, small: int, kernel: Kernel, length: int, dtype: torch.dtype
) -> list[_Block]:
    """Of each `length` large rows: the small ones that they are made of, and the weights."""
    at = (torch.arange(large, dtype=torch.float64) + 0.5) * scale - 0.5
    first = at.floor()
    offsets, weights = kernel(at - first)
    places = (first[:, None].long() + offsets).clamp(0, small - 1)
    starts, ends = places[::length, 0], places[length - 1 :: length, -1] + 1
    if len(ends) < len(starts):
        ends = torch.cat([ends, places[-1:, -1] + 1])
    begin = starts.repeat_interleave(length)[:large, None]
    dense = weights.new_zeros(large, int((ends - starts).max()))
    dense = dense.scatter_add_(1, places - begin, weights).to(dtype)
    return [
        _Block(slice(start, end), rows[:, : end - start])
        for start, end, rows in zip(
            starts.tolist(), ends.tolist(), dense.split(length), strict=True
        )
    ]


def _linear(part: Float[Tensor, " N"]) -> tuple[Int[Tensor, " 2"], Float[Tensor, "N 2"]]:
    return torch.tensor([0, 1]), torch.stack([1 - part, part], dim=1)


def _cubic(part: Float[Tensor, " N"]) -> tuple[Int[Tensor, " 4"], Float[Tensor, "N 4"]]:
    """Keys's equation 4."""
    offsets = torch.arange(-1, 3)
    s = (part[:, None] - offsets).abs()
    near = (_CUBIC + 2) * s**3 - (_CUBIC + 3) * s**2 + 1
    far = _CUBIC * (s**3 - 5 * s**2 + 8 * s - 4)
    return offsets, torch.where(s <= 1, near, far)
