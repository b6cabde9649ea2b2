"""Pictures → counts."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import torch

from photochrom.color import lab_from_rgb
from photochrom.config import PriorConfig
from photochrom.images import GREY_REACH, Picture, PictureError, Skipped, read
from photochrom.prior.histogram import AbHistogram
from photochrom.prior.prior import ColorPrior
from photochrom.prior.store import PriorFile
from photochrom.quantize import Gamut


def count(picture: Picture, size: int) -> AbHistogram:
    """The colours of one picture, reduced to the short side `size`; a grey one is only noted."""
    rgb = torch.from_numpy(read(picture, size).copy()).movedim(-1, 0).double() / 255
    ab = lab_from_rgb(rgb)[1:].numpy()
    if abs(ab).max() <= GREY_REACH:
        return AbHistogram(grey=1)
    return AbHistogram.of(ab)


def build(
    pictures: Iterable[Picture], size: int, *, on_skip: Callable[[Skipped], None] = lambda _: None
) -> AbHistogram:
    """The sum of `count` over `pictures`; those that cannot be read are told to `on_skip`.

    `ValueError` if no colour picture is among them.
    """
    total = AbHistogram()
    for picture in pictures:
        try:
            total += count(picture, size)
        except (PictureError, OSError) as error:
            on_skip(Skipped(picture.name, str(error)))
            total += AbHistogram(failed=1)
    if total.pictures == 0:
        raise ValueError(
            f"expected colour pictures, got {total.grey} grey and {total.failed} unreadable ones: "
            "a prior needs colour"
        )
    return total


def build_prior(
    pictures: Iterable[Picture],
    config: PriorConfig,
    source: str,
    on_skip: Callable[[Skipped], None],
) -> PriorFile:
    """Count `pictures` and see the counts through the gamut that `config` describes."""
    gamut = Gamut.srgb(config.step)
    histogram = build(pictures, config.size, on_skip=on_skip)
    return PriorFile(
        ColorPrior.of(histogram, gamut, k=config.k, sigma=config.sigma),
        histogram,
        uniform=config.uniform,
        size=config.size,
        source=source,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
