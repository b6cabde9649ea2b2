"""A page's colors: brought from the network's size to the page's own, and painted in strips."""

from collections.abc import Sequence
from itertools import groupby, islice
from math import sqrt
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from photochrom.config import ColorizeConfig, Decoder
from photochrom.image_io import Page
from photochrom.rendering.input_size import working_side
from photochrom.rendering.upsample import Bilinear, EdgeAware

_BATCH = 8  # pages
_KEPT = 16_000_000  # pixels; of fewer L is kept until they are painted, for a tenth of the time
_MOST = 8  # times the working size squared is the largest area that the network sees: 64 : 1

Enlarged = EdgeAware | Bilinear


@runtime_checkable
class Model(Protocol):
    """What colorizes: a network by torch, or by onnxruntime."""

    @property
    def size(self) -> int:
        """The short side that it was trained on, in pixels."""

    @property
    def stride(self) -> int:
        """How many of L's pixels are one of its ab, across and down."""

    def small(
        self, L: Float[Tensor, "B 1 H W"], temperature: float | None, how: Decoder
    ) -> Float[Tensor, "B 2 h w"]:
        """ab of L in 0–100, at 1 / stride of its size."""


def predicted(pages: Sequence[Page], model: Model, config: ColorizeConfig) -> list[Enlarged]:
    """ab of every page, small still: the network's part. Pages of one size go through together."""
    size = config.input_size or model.size
    with torch.inference_mode():
        keep = sum(page.height * page.width for page in pages) <= _KEPT
        sides = [side_seen(page, size, model.stride) for page in pages]
        Ls = [
            page.scaled_lightness(side, keep=keep) for page, side in zip(pages, sides, strict=True)
        ]
        found: list[Enlarged] = []
        for _, alike in groupby(zip(pages, Ls, strict=True), key=lambda one: one[1].shape):
            while some := list(islice(alike, _BATCH)):
                together = torch.cat([L for _, L in some])
                ab = model.small(together, config.temperature, config.decoder)
                found += [
                    enlarged(of[None], L, model.stride, page, config)
                    for (page, L), of in zip(some, ab, strict=True)
                ]
    return found


def side_seen(page: Page, size: int, stride: int) -> float:
    """The short side that a network of this size sees: less of a page that is very long."""
    short, area = min(page.height, page.width), page.height * page.width
    return min(working_side(short, size, stride), _MOST * size * short / sqrt(area))


def enlarged(
    ab: Float[Tensor, "1 2 h w"],
    L: Float[Tensor, "1 1 H W"],
    stride: int,
    page: Page,
    config: ColorizeConfig,
) -> Enlarged:
    """What gives ab at a page's size; L is the page's at the size that the network saw."""
    size = (page.height, page.width)
    scale = (L.shape[-2] / size[0] / stride, L.shape[-1] / size[1] / stride)
    if config.upsample == "bilinear":
        return Bilinear(ab, size, scale)
    return EdgeAware(ab, F.avg_pool2d(L, stride, ceil_mode=True), size, scale)


def paint(page: Page, colors: Enlarged, threads: int | None = None) -> None:
    """Color a page, strip by strip, in so many threads: by default as many as torch has."""

    page.paint_by(colors.rows, threads)
