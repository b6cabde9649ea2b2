"""The image sets of a study, and the receiver of its progress."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from photochrom.config import TrainConfig
from photochrom.image_io import Picture
from photochrom.report import build
from photochrom.storage.open import is_url
from photochrom.training import Progress


@runtime_checkable
class Reporter(build.Reporter, Protocol):
    """Receives the progress of a study; every method may do nothing."""

    def training(self, name: str, config: TrainConfig) -> Callable[[Progress], None]:
        """Return what is called after every step of a run."""


@dataclass(frozen=True)
class Pictures:
    """The images of a study, by what they are for, and how they were named."""

    training: Sequence[Picture]
    test: Sequence[Picture]
    """Reported on; they choose nothing."""
    source: str
    select: Sequence[Picture] = ()
    """Options and decoding parameters are chosen on these; none: nothing is chosen."""
    val: Sequence[Picture] = ()
    """Watched during training; none: the first of the training images are."""
    held_out: bool = False
    """Whether `test` is a fraction of the same collection as `training`."""

    def __post_init__(self) -> None:
        test = {_place(picture): picture.name for picture in self.test}
        for name in ("training", "select", "val"):
            shared = [test[at] for at in map(_place, getattr(self, name)) if at in test]
            if shared:
                raise ValueError(
                    f"expected test images that are not among the {name} images, got "
                    f"{len(shared)} that are (first: {min(shared)}): a score on them would "
                    "be no result"
                )


def _place(picture: Picture) -> tuple[str, int, int | None]:
    """Return where an image is, whatever path it was found by."""
    path = picture.path if is_url(picture.path) else os.path.realpath(picture.path)
    return path, picture.offset, picture.packed


def hold_out(
    pictures: Sequence[Picture], share: float, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """Return training and held-out images: a seeded fraction, at least one, is held out."""
    if len(pictures) < 2:
        raise ValueError(
            f"expected 2 images or more to hold one out, got {len(pictures)}: add images or --test"
        )
    if not 0 < share < 1:
        raise ValueError(f"--hold-out must be within 0 and 1, got {share:g}")
    count = min(len(pictures) - 1, max(1, round(share * len(pictures))))
    held = set(np.random.default_rng(seed).permutation(len(pictures))[:count].tolist())
    training = [picture for place, picture in enumerate(pictures) if place not in held]
    return training, [pictures[place] for place in sorted(held)]
