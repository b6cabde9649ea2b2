"""The image sets of a study, and the receiver of its progress."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from photochrom.config import TrainConfig
from photochrom.errors import StudyError
from photochrom.image_io import SourceImage
from photochrom.report import build
from photochrom.storage.open import is_url
from photochrom.training import Progress


@runtime_checkable
class Reporter(build.Reporter, Protocol):
    """Receives the progress of a study; every method may do nothing."""

    def training(self, name: str, config: TrainConfig) -> Callable[[Progress], None]:
        """Return what is called after every step of a run."""


@dataclass(frozen=True)
class ImageSets:
    """The images of a study, by what they are for, and how they were named."""

    training: Sequence[SourceImage]
    test: Sequence[SourceImage]
    """Reported on; they choose nothing."""
    source: str
    select: Sequence[SourceImage] = ()
    """Options and decoding parameters are chosen on these; none: nothing is chosen."""
    val: Sequence[SourceImage] = ()
    """Watched during training; none: the first of the training images are."""
    held_out: bool = False
    """Whether `test` is a fraction of the same collection as `training`."""

    def __post_init__(self) -> None:
        test = {_place(image): image.name for image in self.test}
        for name in ("training", "select", "val"):
            shared = [test[at] for at in map(_place, getattr(self, name)) if at in test]
            if shared:
                raise StudyError(
                    f"expected test images that are not among the {name} images, got "
                    f"{len(shared)} that are (first: {min(shared)}): a score on them would "
                    "be no result"
                )


def _place(image: SourceImage) -> tuple[str, int, int | None]:
    """Return where an image is, whatever path it was found by."""
    path = image.path if is_url(image.path) else os.path.realpath(image.path)
    return path, image.offset, image.packed


def hold_out(
    images: Sequence[SourceImage], share: float, seed: int
) -> tuple[list[SourceImage], list[SourceImage]]:
    """Return training and held-out images: a seeded fraction, at least one, is held out."""
    if len(images) < 2:
        raise StudyError(
            f"expected 2 images or more to hold one out, got {len(images)}: add images or --test"
        )
    if not 0 < share < 1:
        raise StudyError(f"--test-fraction must be within 0 and 1, got {share:g}")
    count = min(len(images) - 1, max(1, round(share * len(images))))
    held = set(np.random.default_rng(seed).permutation(len(images))[:count].tolist())
    training = [image for place, image in enumerate(images) if place not in held]
    return training, [images[place] for place in sorted(held)]
