"""What a study is given: its pictures, and whom it tells what it does."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from photochrom.config import TrainConfig
from photochrom.images import Picture, Skipped
from photochrom.training import Progress


@runtime_checkable
class Reporter(Protocol):
    """How a study tells what it does; every method may do nothing."""

    def track(self, items: Iterable[Any], total: int, what: str) -> Iterable[Any]:
        """The items, shown as they pass."""

    def training(self, name: str, config: TrainConfig) -> Callable[[Progress], None]:
        """What is called after every step of a run."""

    def skipped(self, pictures: Sequence[Skipped], what: str) -> None:
        """Pictures that a stage left out."""


@dataclass(frozen=True)
class Pictures:
    """What a study trains on and what it is measured on, and how both were named."""

    training: Sequence[Picture]
    validation: Sequence[Picture]
    source: str


def hold_out(
    pictures: Sequence[Picture], share: float, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """Training and validation pictures: a seeded `share`, at least one, is held out."""
    if len(pictures) < 2:
        raise ValueError(
            f"expected 2 pictures or more to hold one out, got {len(pictures)}: add pictures or "
            "--validate"
        )
    if not 0 < share < 1:
        raise ValueError(f"--hold-out must be within 0 and 1, got {share:g}")
    count = min(len(pictures) - 1, max(1, round(share * len(pictures))))
    held = set(np.random.default_rng(seed).permutation(len(pictures))[:count].tolist())
    training = [picture for place, picture in enumerate(pictures) if place not in held]
    return training, [pictures[place] for place in sorted(held)]
