"""The scores of one batch of images, which add up: in one process or in several."""

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
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.config import EvaluateConfig
from photochrom.data import Batch
from photochrom.evaluation.baselines import Constant
from photochrom.evaluation.methods import Colors, Contender, Sweep, baselines, colors, first_runs
from photochrom.evaluation.squares import in_gamut, lab_of, read_page, scaled, square_of
from photochrom.image_io import ImageError, Page, Skipped, SourceImage
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
from photochrom.runtime.memory import keep_freed_memory
from photochrom.sampling import entropy_image

TRUTH = "truth"
_PIXELS = 32_000_000  # that are read at a time, beyond those of one image


@dataclass(eq=False)
class Part:
    """The scores of some images, in their order; what is by name is by contender or baseline."""

    most: int
    """How many images there is room for."""
    places: list[int] = field(default_factory=list)
    """Of the images that could be read, among all."""
    tallies: dict[str, Gathered[Tally]] = field(default_factory=dict)
    truth: Gathered[Truth] = field(init=False)
    counts: dict[str, AucCounts] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    checksums: list[bytes] = field(default_factory=list)
    """Of each true image as it is scored, in 8 bits."""

    def __post_init__(self) -> None:
        self.truth = Gathered(self.most)

    def add(self, name: str, tally: Tally) -> None:
        """Put a contender's or baseline's scores of more images after those it has."""
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
    images: Sequence[SourceImage]
    config: EvaluateConfig
    constant: Constant

    def __post_init__(self) -> None:
        self._gamut = Gamut.srgb()
        for contender in self.contenders.values():
            if isinstance(contender.source, Colorizer):
                contender.source.eval()

    def __len__(self) -> int:
        return -(-len(self.images) // self.config.batch_size)

    def __call__(self, number: int) -> Part:
        """The scores of the batch of that number."""
        first = number * self.config.batch_size
        places = range(first, min(first + self.config.batch_size, len(self.images)))
        part = Part(len(places))
        for some in self._read(places, part):
            part += self._scored(some)
        return part

    def _read(self, places: Sequence[int], part: Part) -> Iterator[dict[int, Page]]:
        """Read images whole, and hand them on some at a time, so that memory is bounded."""
        some: dict[int, Page] = {}
        for place in places:
            try:
                some[place] = read_page(self.images[place])
            except (ImageError, OSError) as error:
                part.skipped.append(Skipped(self.images[place].name, str(error)))
            if sum(page.height * page.width for page in some.values()) > _PIXELS:
                yield some
                some = {}
        if some:
            yield some

    @torch.inference_mode()
    def _scored(self, pages: Mapping[int, Page]) -> Part:
        part = Part(len(pages), list(pages))
        batch, rgb = self._batch(pages)
        true = Reference(batch.names, batch.L, batch.ab, rgb, self._gamut)
        part.truth.add(Truth.of(true))
        part.checksums += [hashlib.sha256(one.numpy().tobytes()).digest() for one in rgb]
        if self.config.frechet:
            part.moments[TRUTH] = Moments.of(lite0_features(rgb))
        for name, made in self.colors(batch, pages).items():
            self._judge(part, name, made, true)
        return part

    def _batch(self, pages: Mapping[int, Page]) -> tuple[Batch, UInt8[Tensor, "B 3 H W"]]:
        """The true squares of some images, as L and ab and as they are."""
        rgb = torch.stack([square_of(page, self.config.size) for page in pages.values()])
        lab = lab_of(rgb)
        names = tuple(self.images[place].name for place in pages)
        return Batch(lab[:, :1], lab[:, 1:], names, ()), rgb

    def colors(self, batch: Batch, pages: Mapping[int, Page]) -> dict[str, Colors]:
        """What every contender and baseline makes of some images."""
        places = list(pages)
        made = {
            name: colors(contender, list(pages.values()), batch, places, self._gamut)
            for name, contender in self.contenders.items()
        }
        seeds = [[self.config.seed, place] for place in places]
        borrowed = torch.cat([batch.ab[1:], self._next_ab(places[-1] + 1)])
        return made | dict(baselines(batch, borrowed, self._gamut, self.constant, seeds))

    def _next_ab(self, place: int) -> Float[Tensor, "1 2 H W"]:
        """The ab of the next image that can be read, from the first again after the last."""
        while True:
            for pages in self._read([place % len(self.images)], Part(1)):
                return self._batch(pages)[0].ab
            place += 1

    def _judge(self, part: Part, name: str, made: Colors, true: Reference) -> None:
        lab = made.lab()
        tally = Tally.of(true, lab[:, 1:], made.rgb, lab[:, :1])
        if made.likelihoods:
            tally = tally.with_likelihood(*made.likelihoods)
        part.add(name, tally)
        part.counts[name] = AucCounts.of(lab[:, 1:], true.ab, self._gamut)
        part.milliseconds[name] = made.milliseconds
        if made.sweep:
            part.sweeps[name] = made.sweep
        if self.config.frechet:
            part.moments[name] = Moments.of(lite0_features(made.rgb))

    @torch.inference_mode()
    def shown(self, place: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The image of that place as all show it, by title, and the classifiers' entropy.

        Entropy is told in 8 bits of gray, by `entropy_image`.
        """
        pages = {place: read_page(self.images[place])}
        batch, rgb = self._batch(pages)
        of = (list(pages.values()), batch, [place], self._gamut)
        made = {
            row: colors(contender, *of, swept=False)
            for row, contender in first_runs(self.contenders).items()
        }
        images = {
            "gray input": in_gamut(batch.L, torch.zeros_like(batch.ab)),
            TRUTH: rgb,
            **{name: one.rgb for name, one in made.items()},
        }
        entropy = {n: one.likelihoods[0].entropy for n, one in made.items() if one.likelihoods}
        return (
            {title: one[0].movedim(0, -1).contiguous().numpy() for title, one in images.items()},
            {name: self._entropy(bits, pages[place]) for name, bits in entropy.items()},
        )

    def _entropy(self, bits: Float[Tensor, "1 h w"], page: Page) -> UInt8[np.ndarray, "H W"]:
        """The centered square of an entropy map."""
        size = self.config.size
        whole = tuple(scaled(page, size).shape[-2:])
        shown = entropy_image(bits[:, None], (whole[0], whole[1]))[0, 0].numpy()
        top, left = ((side - size) // 2 for side in whole)
        square: np.ndarray = shown[top : top + size, left : left + size]
        return square


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
