"""Methods × pictures → scores, with the rows that every table needs: grey, random, ceiling."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.config import EvaluateConfig
from photochrom.data import Batch, centre_loader, compose
from photochrom.images import Picture, Skipped
from photochrom.metrics import Scores, colorfulness
from photochrom.models import Colorizer
from photochrom.quantize import Gamut, soft_encode, soft_mean

Predict = Callable[[Batch, Tensor], Float[Tensor, "B 2 H W"]]
"""A method: a batch, and the ab of another picture each, to ab."""

_CEILING = {"k": 5, "sigma": 5.0, "temperature": 0.38}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    method: str
    """How its colours were made."""
    baseline: bool
    auc_raw: float
    """Percent."""
    auc_rebalanced: float
    """Percent."""
    colorfulness: float
    psnr: float
    """dB."""
    ssim: float
    parameters: int | None = None
    steps: int | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class PictureScore:
    """One method's scores on one picture."""

    picture: str
    row: str
    auc_raw: float
    colorfulness: float
    psnr: float
    ssim: float


@dataclass(frozen=True, eq=False)
class Example:
    """One picture as every method shows it, by title: grey input and truth first."""

    picture: str
    images: dict[str, UInt8[np.ndarray, "H W 3"]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a report tells."""

    rows: list[Row]
    pictures: list[PictureScore]
    examples: list[Example]
    skipped: list[Skipped]
    truth_colorfulness: float
    counted: int
    size: int
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """Training loss over steps, by row."""
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Contender:
    """A trained model in the comparison, and what is told about its training."""

    colorizer: Colorizer
    label: str
    steps: int | None = None
    minutes: float | None = None


def evaluate(
    contenders: Mapping[str, Contender],
    pictures: Sequence[Picture],
    config: EvaluateConfig,
    *,
    track: Callable[[Iterable[Any], int], Iterable[Any]] = lambda batches, _: batches,
) -> Evaluation:
    """Score every contender and the baselines on the centred squares of `pictures`.

    Pictures that cannot be read are skipped and listed; `ValueError` if none can be. Rebalanced
    AuC is over the 313-bin gamut whatever the models' own. `track` wraps the batches, given
    their number, to show progress.
    """
    gamut = Gamut.srgb()
    order = np.random.default_rng(config.seed).permutation(len(pictures))
    loader = centre_loader(
        [pictures[place] for place in order],
        size=config.size,
        batch=config.batch,
        workers=config.workers,
    )
    methods = _methods(contenders, gamut)
    run = _Run({name: Scores(gamut) for name in methods}, config.examples)
    with torch.inference_mode():
        for batch, borrowed in _with_borrowed(run.noting_skipped(track(loader, len(loader)))):
            run.add(batch, {name: predict(batch, borrowed) for name, predict in methods.items()})
    if not run.truth:
        raise ValueError(
            f"expected pictures that can be read, got none of {len(pictures)}: the first, "
            f"{run.skipped[0].name}, is {run.skipped[0].reason}"
        )
    if len(run.truth) == 1:
        del run.scores["random"]  # there is no other picture to borrow from
    return Evaluation(
        rows=_rows(run.scores, contenders),
        pictures=[
            PictureScore(picture[0], name, *picture[1:])
            for name, scores in run.scores.items()
            for picture in scores.pictures
        ],
        examples=run.examples,
        skipped=run.skipped,
        truth_colorfulness=float(np.mean(run.truth)),
        counted=len(run.truth),
        size=config.size,
    )


def _methods(contenders: Mapping[str, Contender], gamut: Gamut) -> dict[str, Predict]:
    def ceiling(batch: Batch, _: Tensor) -> Float[Tensor, "B 2 H W"]:
        code = soft_encode(batch.ab, gamut, k=int(_CEILING["k"]), sigma=_CEILING["sigma"])
        return soft_mean(code, gamut, _CEILING["temperature"])

    def trained(colorizer: Colorizer) -> Predict:
        colorizer.eval()
        return lambda batch, _: colorizer(batch.L)

    return {
        **{name: trained(contender.colorizer) for name, contender in contenders.items()},
        "grey": lambda batch, _: torch.zeros_like(batch.ab),
        "random": lambda _, borrowed: borrowed,
        "ceiling": ceiling,
    }


BASELINES = {
    "grey": "ab = 0",
    "random": "another picture's ab",
    "ceiling": "true ab, encoded and decoded (k = 5, σ = 5, T = 0.38)",
}


def _with_borrowed(batches: Iterable[Batch]) -> Iterator[tuple[Batch, Tensor]]:
    """Each batch with the ab of the next picture for each; the last borrows from the first."""
    held: Batch | None = None
    first: Tensor | None = None
    for batch in batches:
        if held is None:
            first = batch.ab[:1]
        else:
            yield held, torch.cat([held.ab[1:], batch.ab[:1]])
        held = batch
    if held is not None and first is not None:
        yield held, torch.cat([held.ab[1:], first])


@dataclass(eq=False)
class _Run:
    scores: dict[str, Scores]
    wanted: int
    examples: list[Example] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    truth: list[float] = field(default_factory=list)

    def noting_skipped(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.skipped += [Skipped(*one) for one in batch.skipped]
            if batch.names:
                yield batch

    def add(self, batch: Batch, predicted: Mapping[str, Tensor]) -> None:
        true_rgb = compose(batch.L, batch.ab)
        self.truth += colorfulness(true_rgb).tolist()
        shown = {"grey input": compose(batch.L, torch.zeros_like(batch.ab)), "truth": true_rgb}
        for name, ab in predicted.items():
            rgb = compose(batch.L, ab.nan_to_num())
            self.scores[name].update(batch.names, ab, batch.ab, rgb, true_rgb)
            if name not in BASELINES:
                shown[name] = rgb
        for place, name in enumerate(batch.names[: self.wanted - len(self.examples)]):
            images = {title: _array(rgb[place]) for title, rgb in shown.items()}
            self.examples.append(Example(name, images))


def _array(rgb: UInt8[Tensor, "3 H W"]) -> UInt8[np.ndarray, "H W 3"]:
    array: np.ndarray = rgb.movedim(0, -1).contiguous().numpy()
    return array


def _rows(scores: Mapping[str, Scores], contenders: Mapping[str, Contender]) -> list[Row]:
    rows = []
    for name, score in scores.items():
        contender = contenders.get(name)
        rows.append(
            Row(
                name=name,
                method=contender.label if contender else BASELINES[name],
                baseline=contender is None,
                auc_raw=score.auc.raw(),
                auc_rebalanced=score.auc.rebalanced(),
                colorfulness=score.mean(2),
                psnr=score.mean(3),
                ssim=score.mean(4),
                parameters=contender.colorizer.parameters_count if contender else None,
                steps=contender.steps if contender else None,
                minutes=contender.minutes if contender else None,
            )
        )
    return rows
