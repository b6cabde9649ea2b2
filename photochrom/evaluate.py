"""Methods × pictures → scores, with the rows that every table needs: grey, random, ceiling."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from photochrom.config import EvaluateConfig
from photochrom.images import Picture, Skipped
from photochrom.metrics import Scores
from photochrom.scoring import (
    BASELINES as BASELINES,
    Contender as Contender,
    Example as Example,
    Part,
    Scorer,
    scored,
)


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
    their number, to show progress. `config.devices` processes share the batches; their sums
    are added in the same order, so the scores are those of one process.
    """
    places = np.random.default_rng(config.seed).permutation(len(pictures))
    scorer = Scorer(contenders, [pictures[place] for place in places], config)
    run = Part()
    for part in track(scored(scorer), len(scorer)):
        run += part
        del run.examples[config.examples :]
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
