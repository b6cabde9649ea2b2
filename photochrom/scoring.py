"""The scores of one batch of pictures, which add up: in one process or in several."""

import hashlib
import os
import pickle
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.choices import entropy_picture
from photochrom.color import compose
from photochrom.config import EvaluateConfig
from photochrom.contenders import Colors, Contender, Sweep, baselines, colors, first_runs
from photochrom.data import Batch, CentreSquares, collate
from photochrom.images import Picture, Skipped
from photochrom.memory import keep_freed_memory
from photochrom.metrics import (
    AucCounts,
    Gathered,
    Moments,
    Reference,
    Tally,
    Truth,
    lite0_features,
)
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

TRUTH = "truth"


@dataclass(eq=False)
class Part:
    """The scores of some pictures, in their order; what is by name is by contender or baseline."""

    most: int
    """How many pictures there is room for."""
    places: list[int] = field(default_factory=list)
    """Of the pictures that could be read, among all."""
    tallies: dict[str, Gathered[Tally]] = field(default_factory=dict)
    truth: Gathered[Truth] = field(init=False)
    counts: dict[str, AucCounts] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    checksums: list[bytes] = field(default_factory=list)
    """Of each true picture as it is scored, in 8 bits."""

    def __post_init__(self) -> None:
        self.truth = Gathered(self.most)

    def add(self, name: str, tally: Tally) -> None:
        """Put a contender's or baseline's scores of more pictures after those it has."""
        self.tallies.setdefault(name, Gathered(self.most)).add(tally)

    def __iadd__(self, later: "Part") -> "Part":
        self.places += later.places
        self.skipped += later.skipped
        self.checksums += later.checksums
        if later.places:
            self.truth.add(later.truth.all())
        for name, tallies in later.tallies.items():
            self.add(name, tallies.all())
        _add(self.counts, later.counts)
        _add(self.moments, later.moments)
        _add(self.sweeps, later.sweeps)
        _add(self.milliseconds, later.milliseconds)
        return self


def _add(sums: dict[str, Any], later: Mapping[str, Any]) -> None:
    for name, value in later.items():
        sums[name] = sums[name] + value if name in sums else value


@dataclass(eq=False)
class Scorer:
    """Scores the contenders and the baselines on one batch at a time."""

    contenders: Mapping[str, Contender]
    pictures: Sequence[Picture]
    config: EvaluateConfig

    def __post_init__(self) -> None:
        self._squares = CentreSquares(self.pictures, size=self.config.size)
        self._gamut = Gamut.srgb()
        for contender in self.contenders.values():
            if isinstance(contender.source, Colorizer):
                contender.source.eval()

    def __len__(self) -> int:
        return -(-len(self.pictures) // self.config.batch)

    def __call__(self, number: int) -> Part:
        """The scores of the batch of that number."""
        first = number * self.config.batch
        places = range(first, min(first + self.config.batch, len(self.pictures)))
        batch, read = self._batch(places)
        part = Part(len(read), read, skipped=[Skipped(*one) for one in batch.skipped])
        if not read:
            return part
        with torch.inference_mode():
            rgb = compose(batch.L, batch.ab)
            true = Reference(batch.names, batch.L, batch.ab, rgb, self._gamut)
            part.truth.add(Truth.of(true))
            part.checksums += [hashlib.sha256(one.cpu().numpy().tobytes()).digest() for one in rgb]
            if self.config.frechet:
                part.moments[TRUTH] = Moments.of(lite0_features(rgb))
            for name, made in self.colors(batch, read).items():
                self._judge(part, name, made, true)
        return part

    def _batch(self, places: Sequence[int]) -> tuple[Batch, list[int]]:
        """The pictures of those places that can be read, and their places."""
        squares = [self._squares[place] for place in places]
        pairs = zip(places, squares, strict=True)
        return collate(squares), [place for place, square in pairs if square.rgb is not None]

    def colors(self, batch: Batch, places: Sequence[int]) -> dict[str, Colors]:
        """What every contender and baseline makes of a batch."""
        borrowed = torch.cat([batch.ab[1:], self._next_ab(places[-1] + 1)])
        made = {
            name: colors(contender, batch, places, self._gamut)
            for name, contender in self.contenders.items()
        }
        return made | dict(baselines(batch, borrowed, self._gamut))

    def _next_ab(self, place: int) -> Float[Tensor, "1 2 H W"]:
        """The ab of the next picture that can be read, from the first again after the last."""
        while True:
            batch, read = self._batch([place % len(self.pictures)])
            if read:
                return batch.ab
            place += 1

    def _judge(self, part: Part, name: str, made: Colors, true: Reference) -> None:
        tally = Tally.of(true, made.ab, made.rgb, None if made.L is true.L else made.L)
        if made.likelihood:
            tally = tally.with_likelihood(made.likelihood)
        part.add(name, tally)
        part.counts[name] = AucCounts.of(made.ab, true.ab, self._gamut)
        part.milliseconds[name] = made.milliseconds
        if made.sweep:
            part.sweeps[name] = made.sweep
        if self.config.frechet:
            part.moments[name] = Moments.of(lite0_features(made.rgb))

    def shown(self, place: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The picture of that place as all show it, by title, and the classifiers' entropy.

        Entropy is told in 8 bits of grey, by `entropy_picture`.
        """
        with torch.inference_mode():
            batch, read = self._batch([place])
            made = {
                row: colors(contender, batch, read, self._gamut, swept=False)
                for row, contender in first_runs(self.contenders).items()
            }
            images = {
                "grey input": compose(batch.L, torch.zeros_like(batch.ab)),
                TRUTH: compose(batch.L, batch.ab),
                **{name: one.rgb for name, one in made.items()},
            }
        told = {name: one.likelihood.entropy for name, one in made.items() if one.likelihood}
        size = (batch.L.shape[-2], batch.L.shape[-1])
        return (
            {title: rgb[0].movedim(0, -1).contiguous().numpy() for title, rgb in images.items()},
            {
                name: entropy_picture(bits[:, None], size)[0, 0].numpy()
                for name, bits in told.items()
            },
        )


def scored(scorer: Scorer) -> Iterator[Part]:
    """The parts in their order, by as many processes as the config says."""
    devices = scorer.config.devices
    if devices == 1:
        keep_freed_memory()
        yield from map(scorer, range(len(scorer)))
        return
    # As bytes: the processes would otherwise share the weights' memory with this one.
    sent = pickle.dumps(scorer)
    with ProcessPoolExecutor(devices, get_context("spawn"), _begin, (sent, devices)) as executor:
        yield from executor.map(_score, range(len(scorer)))


_scorer: Scorer


def _begin(sent: bytes, devices: int) -> None:
    global _scorer
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for this process ends it
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // devices))
    _scorer = pickle.loads(sent)


def _score(number: int) -> Part:
    return _scorer(number)
