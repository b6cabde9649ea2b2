"""Priors from priors: other views of the same counts, and counts put together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from photochrom.config import PriorConfig, ViewConfig
from photochrom.errors import PriorError
from photochrom.prior.color_prior import ColorPrior
from photochrom.prior.hdf5 import PriorFile
from photochrom.prior.histogram import AbHistogram


def view(file: PriorFile, change: ViewConfig) -> PriorFile:
    """The same counts, seen otherwise where `change` says so: exactly as if counted so.

    `ValueError` for a step without a grid.
    """
    kind = change.gamut or file.kind
    if change.step is not None and kind != "srgb":
        raise PriorError(f"--step is that of a grid, got it for {kind}: add --gamut srgb")
    grid_before = file.prior.gamut.step if file.kind == "srgb" else PriorConfig().step
    config = PriorConfig(
        size=file.size,
        keep_gray=file.keep_gray,
        gamut=kind,
        step=grid_before if change.step is None else change.step,
        k=file.prior.k if change.k is None else change.k,
        sigma=file.prior.sigma if change.sigma is None else change.sigma,
        uniform=file.uniform if change.uniform is None else change.uniform,
    )
    if change.gamut is None and change.step is None:
        prior = ColorPrior.of(file.histogram, file.prior.gamut, k=config.k, sigma=config.sigma)
        return replace(file, prior=prior, uniform=config.uniform)
    return PriorFile.of(file.histogram, config, file.sources, file.created)


def merge(files: Sequence[PriorFile], *, allow_overlap: bool = False) -> PriorFile:
    """The prior of all images that `files` counted, in any order and grouping.

    `ValueError` if they were not counted and are not seen alike, and, unless `allow_overlap`,
    if two have an image in common, as far as their sketches tell: of up to 4,096 images
    each, for certain; of N, with one in N / 4,096 of those in common.
    """
    first = files[0]
    for other in files[1:]:
        _refuse_unlike(first, other)
    if not allow_overlap:
        _refuse_overlap(files)
    histogram = sum((file.histogram for file in files), AbHistogram())
    prior = ColorPrior.of(histogram, first.prior.gamut, k=first.prior.k, sigma=first.prior.sigma)
    sources = tuple(sorted({source for file in files for source in file.sources}))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return replace(first, prior=prior, histogram=histogram, sources=sources, created=created)


def _refuse_unlike(one: PriorFile, other: PriorFile) -> None:
    counted = {
        "size": (one.size, other.size),
        "keep-gray": (one.keep_gray, other.keep_gray),
    }
    for name, (ours, theirs) in counted.items():
        if ours != theirs:
            raise PriorError(
                f"expected priors counted with the same --{name}, got {ours} and {theirs}: "
                "build one of them again"
            )
    seen = [(f.kind, f.prior.gamut.step, f.prior.k, f.prior.sigma, f.uniform) for f in (one, other)]
    if seen[0] != seen[1] or not one.prior.gamut.same_as(other.prior.gamut):
        raise PriorError(
            "expected priors seen through the same gamut, k, σ and λ, got others: bring them "
            "together by photochrom prior view"
        )


def _refuse_overlap(files: Sequence[PriorFile]) -> None:
    for place, one in enumerate(files):
        for other in files[place + 1 :]:
            if shared := one.histogram.shared_with(other.histogram):
                sources = ", ".join(one.sources), ", ".join(other.sources)
                raise PriorError(
                    f"expected priors of different images, got at least {shared} in common "
                    f"({sources[0]}; {sources[1]}): leave one out, or add --allow-overlap to "
                    "count them twice"
                )
