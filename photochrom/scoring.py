"""The scores of one batch of pictures, which add up: in one process or in several."""

import os
import pickle
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.config import EvaluateConfig
from photochrom.data import Batch, CentreSquares, collate, compose
from photochrom.images import Picture, Skipped
from photochrom.metrics import Scores, colorfulness
from photochrom.models import Colorizer
from photochrom.quantize import Gamut, soft_encode, soft_mean

Predict = Callable[[Batch, Tensor], Float[Tensor, "B 2 H W"]]
"""A method: a batch, and the ab of another picture each, to ab."""

_CEILING = {"k": 5, "sigma": 5.0, "temperature": 0.38}
BASELINES = {
    "grey": "ab = 0",
    "random": "another picture's ab",
    "ceiling": "true ab, encoded and decoded (k = 5, σ = 5, T = 0.38)",
}


@dataclass(frozen=True, eq=False)
class Example:
    """One picture as every method shows it, by title: grey input and truth first."""

    picture: str
    images: dict[str, UInt8[np.ndarray, "H W 3"]]


@dataclass(frozen=True, eq=False)
class Contender:
    """A trained model in the comparison, and what is told about its training."""

    colorizer: Colorizer
    label: str
    steps: int | None = None
    minutes: float | None = None


@dataclass(eq=False)
class Part:
    """The scores of some pictures, in their order."""

    scores: dict[str, Scores] = field(default_factory=dict)
    truth: list[float] = field(default_factory=list)
    """Colourfulness of each true picture."""
    examples: list[Example] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def __iadd__(self, later: "Part") -> "Part":
        for name, scores in later.scores.items():
            self.scores[name] = self.scores[name] + scores if name in self.scores else scores
        self.truth += later.truth
        self.examples += later.examples
        self.skipped += later.skipped
        return self


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
            contender.colorizer.eval()

    def __len__(self) -> int:
        return -(-len(self.pictures) // self.config.batch)

    def __call__(self, number: int) -> Part:
        """The scores of the batch of that number."""
        first = number * self.config.batch
        last = min(first + self.config.batch, len(self.pictures))
        batch = collate([self._squares[place] for place in range(first, last)])
        part = Part(skipped=[Skipped(*one) for one in batch.skipped])
        if not batch.names:
            return part
        with torch.inference_mode():
            borrowed = torch.cat([batch.ab[1:], self._next_ab(last)])
            self._add(
                part, batch, {n: make(batch, borrowed) for n, make in self._methods().items()}
            )
        return part

    def _next_ab(self, place: int) -> Float[Tensor, "1 2 H W"]:
        """The ab of the next picture that can be read, from the first again after the last."""
        while True:
            batch = collate([self._squares[place % len(self.pictures)]])
            if batch.names:
                return batch.ab
            place += 1

    def _methods(self) -> dict[str, Predict]:
        def ceiling(batch: Batch, _: Tensor) -> Float[Tensor, "B 2 H W"]:
            code = soft_encode(batch.ab, self._gamut, k=int(_CEILING["k"]), sigma=_CEILING["sigma"])
            return soft_mean(code, self._gamut, _CEILING["temperature"])

        def trained(colorizer: Colorizer) -> Predict:
            return lambda batch, _: colorizer.predict(batch.L)

        return {
            **{name: trained(contender.colorizer) for name, contender in self.contenders.items()},
            "grey": lambda batch, _: torch.zeros_like(batch.ab),
            "random": lambda _, borrowed: borrowed,
            "ceiling": ceiling,
        }

    def _add(self, part: Part, batch: Batch, predicted: Mapping[str, Tensor]) -> None:
        true_rgb = compose(batch.L, batch.ab)
        part.truth += colorfulness(true_rgb).tolist()
        shown = {"grey input": compose(batch.L, torch.zeros_like(batch.ab)), "truth": true_rgb}
        for name, ab in predicted.items():
            rgb = compose(batch.L, ab.nan_to_num())
            part.scores[name] = Scores(self._gamut)
            part.scores[name].update(batch.names, ab, batch.ab, rgb, true_rgb)
            if name not in BASELINES:
                shown[name] = rgb
        for place, name in enumerate(batch.names[: self.config.examples]):
            images = {title: _array(rgb[place]) for title, rgb in shown.items()}
            part.examples.append(Example(name, images))


def _array(rgb: UInt8[Tensor, "3 H W"]) -> UInt8[np.ndarray, "H W 3"]:
    array: np.ndarray = rgb.movedim(0, -1).contiguous().numpy()
    return array


def scored(scorer: Scorer) -> Iterator[Part]:
    """The parts in their order, by as many processes as the config says."""
    devices = scorer.config.devices
    if devices == 1:
        yield from map(scorer, range(len(scorer)))
        return
    # As bytes: the processes would otherwise share the weights' memory with this one.
    sent = pickle.dumps(scorer)
    with ProcessPoolExecutor(devices, get_context("spawn"), _begin, (sent, devices)) as executor:
        yield from executor.map(_score, range(len(scorer)))


_scorer: Scorer


def _begin(sent: bytes, devices: int) -> None:
    global _scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for this process ends it
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // devices))
    _scorer = pickle.loads(sent)


def _score(number: int) -> Part:
    return _scorer(number)
