"""Which files a set of images becomes, before any is read; and what became of each."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from photochrom.config import ExtrasConfig
from photochrom.image_io import ImageError, Skipped, SourceImage
from photochrom.inference.output_paths import (
    OutputError,
    extras_of,
    format_of,
    output_of,
    places_of,
)
from photochrom.storage.open import exists


@dataclass(frozen=True)
class Outcome:
    """What became of one image."""

    image: SourceImage
    output: str | None
    """The path or URL of its result; `None` where it has no place to go."""
    became: Literal["done", "skipped", "failed"]
    reason: str = ""
    """Why it was skipped, or failed."""
    notes: tuple[str, ...] = ()
    """What its new file could not carry, and what else is to be known."""
    extras: tuple[str, ...] = ()
    """The paths or URLs of what goes beside its result."""

    @property
    def failed(self) -> bool:
        return self.became == "failed"


@dataclass(frozen=True)
class Job:
    """One image to colorize, and the files that it becomes."""

    image: SourceImage
    output: str
    format: str
    extras: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Those of its files that exist and are not to be replaced."""

    def done(self, notes: Sequence[str] = ()) -> Outcome:
        kept = [f"{len(self.kept)} of its files existed: --overwrite replaces them"]
        notes = (*notes, *(kept if self.kept else ()))
        return Outcome(self.image, self.output, "done", notes=notes, extras=self.extras)

    def failed(self, reason: str) -> Outcome:
        return Outcome(self.image, self.output, "failed", reason)


def not_found(skipped: Skipped) -> Outcome:
    """Of a source that could not be looked into."""
    return Outcome(SourceImage(skipped.name, skipped.name), None, "failed", skipped.reason)


def planned(
    images: Iterable[SourceImage],
    out: str | None,
    format: str | None,
    extras: ExtrasConfig,
    overwrite: bool,
) -> Iterator[Job | Outcome]:
    """What is to be done to each image, or why nothing is.

    No two of them share a file, and with `overwrite` none is one of the images.
    """
    taken: set[str] = set()
    inputs: frozenset[str] = frozenset()
    if out and overwrite:
        images = list(images)
        inputs = places_of(images)
    for image in images:
        output = None
        try:
            format_ = format_of(image, format)
            output = output_of(image, out, format_)
            beside = extras_of(output, extras)
            _take((*beside, output), taken)
            if not inputs.isdisjoint(map(os.path.realpath, (*beside, output))):
                raise ImageError("its output would replace an original: name another --output")
        except OutputError as error:
            yield Outcome(image, None, "skipped", str(error))
            continue
        except ImageError as error:
            yield Outcome(image, output, "failed", str(error))
            continue
        files = (output, *beside)
        kept = () if overwrite else tuple(place for place in files if exists(place))
        if len(kept) == len(files):
            reason = "its output exists: --overwrite replaces it"
            yield Outcome(image, output, "skipped", reason, extras=beside)
        else:
            yield Job(image, output, format_, beside, kept)


def _take(files: tuple[str, ...], taken: set[str]) -> None:
    """`ImageError` if another image has a file of these."""
    if not taken.isdisjoint(files):
        if len(files) == 1:
            raise ImageError("another image has the same output")
        raise ImageError("another image has a file of the same name: rename one of the two")
    taken.update(files)
