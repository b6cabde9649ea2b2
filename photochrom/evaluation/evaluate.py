"""Methods × images → scores with intervals, with the rows that every table needs.

from photochrom.evaluation.evaluate import evaluate, trained
from photochrom.image_io import find

found = evaluate({"mine": trained("run")}, find(["photos/"]).images)
found.rows[0].scores["auc_raw"]
"""

import hashlib
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from photochrom.config import EvaluateConfig
from photochrom.errors import EvaluationError
from photochrom.evaluation.baselines import Constant
from photochrom.evaluation.batch_scoring import TRUTH, Part, Scorer, scored
from photochrom.evaluation.examples import chosen
from photochrom.evaluation.groups import by_source
from photochrom.evaluation.methods import (
    BASELINES,
    SWEEP,
    Contender as Contender,
    Sweep,
    bins_of,
    by_row,
    first_runs,
    trained as trained,
)
from photochrom.evaluation.pairwise import compare
from photochrom.evaluation.results import (
    CalibrationBin,
    Estimate,
    Evaluation,
    Example,
    ImageScore,
    Row,
    SweepPoint,
    Thresholds,
)
from photochrom.image_io import SourceImage, digest
from photochrom.metrics import (
    AucCounts,
    Tally,
    Truth,
    chroma_shares,
    frechet_distance,
    hue_shares,
    readings,
)
from photochrom.models import Colorizer
from photochrom.prior import PriorFile
from photochrom.quantize import Gamut


def evaluate(
    contenders: Mapping[str, Contender],
    images: Sequence[SourceImage],
    config: EvaluateConfig | None = None,
    *,
    sources: Sequence[str] = (),
    prior: PriorFile | None = None,
    track: Callable[[Iterable[Any], int], Iterable[Any]] = lambda batches, _: batches,
) -> Evaluation:
    """Score every contender and the baselines on the centerd squares of `images`.

    Contenders of one `method` are runs of one row, and its scores the mean of theirs. Images
    that cannot be read are skipped and listed; `ValueError` if none can be. Scores by bin are
    over the 313-bin gamut whatever the models' own. `sources`, one for each image, has the main
    scores told by source, too. `prior`, by default the shipped counts of photographs, is that of
    the training images: it gives the best constant and what pixels are drawn from. `track` wraps
    the batches, given their number, to show progress. `config.devices` processes share the batches;
    their sums are added in the same order, so the scores are those of one process.
    """
    config = config or EvaluateConfig()
    if sources and len(sources) != len(images):
        raise EvaluationError(f"expected {len(images)} sources, one an image, got {len(sources)}")
    order = np.random.default_rng(config.seed).permutation(len(images)).tolist()
    reordered = {name: contender.reordered(order) for name, contender in contenders.items()}
    prior = prior or PriorFile.load(Path("photographs"))
    constant = Constant.of(prior, config.primary)
    scorer = Scorer(reordered, [images[place] for place in order], config, constant)
    part = Part(len(images))
    for later in track(scored(scorer), len(scorer)):
        part += later
    if not part.places:
        raise EvaluationError(
            f"expected images that can be read, got none of {len(images)}: the first, "
            f"{part.skipped[0].name}, is {part.skipped[0].reason}"
        )
    return _told(scorer, part, prior, [sources[order[place]] for place in part.places if sources])


def _told(scorer: Scorer, part: Part, prior: PriorFile, sources: Sequence[str]) -> Evaluation:
    config, contenders = scorer.config, scorer.contenders
    tallies = {name: gathered.all() for name, gathered in part.tallies.items()}
    if len(part.places) == 1:
        del tallies["random-image"]  # there is no other image to borrow from
    truth = part.truth.all()
    rows = by_row(contenders) | {name: [name] for name in BASELINES if name in tallies}
    runs = {row: [tallies[name] for name in names] for row, names in rows.items()}
    p = _prior_of_readings(prior)
    bins = {name: bins_of(one) for name, one in first_runs(contenders).items()}
    compared = compare(
        runs,
        truth,
        trained=bins,
        seed=config.seed,
    )
    return Evaluation(
        rows=[_row(row, names, scorer, part, compared.scores[row]) for row, names in rows.items()],
        pairs=compared.pairs,
        images=[
            score for name, tally in tallies.items() for score in _images(name, tally, contenders)
        ],
        examples=_examples(scorer, part, tallies),
        skipped=part.skipped,
        truth={"colorfulness": float(truth.colorfulness.mean())},
        counted=len(part.places),
        size=config.size,
        primary=config.primary,
        selected=_selected(contenders, scorer.images),
        thresholds={row: _thresholds(_sum(part.counts, names)) for row, names in rows.items()},
        sweeps={
            row: _sweep(_sum(part.sweeps, names))
            for row, names in rows.items()
            if names[0] in part.sweeps
        },
        chroma={TRUTH: chroma_shares(truth).tolist()}
        | {
            row: np.mean([chroma_shares(one) for one in runs[row]], axis=0).tolist() for row in rows
        },
        hue={
            row: np.mean([hue_shares(one, truth) for one in runs[row]], axis=0).tolist()
            for row in by_row(contenders)
        },
        readings={
            row: _readings([(tallies[run], part.counts[run]) for run in names], truth, p)
            for row, names in rows.items()
        },
        calibration=_calibrations(runs),
        sources=by_source(runs, truth, sources, bins, config.primary, config.seed),
        provenance={"checksum of the images as scored": _checksum(part.checksums)},
    )


def _selected(contenders: Mapping[str, Contender], images: Sequence[SourceImage]) -> list[str]:
    """The methods that chose something on these images, whatever their order."""
    names = by_row(contenders)
    here = digest(sorted(images))
    chosen = {row: {contenders[run].selected_on for run in runs} for row, runs in names.items()}
    return [row for row, digests in chosen.items() if here in digests]


def _prior_of_readings(prior: PriorFile) -> Float[np.ndarray, " Q"]:
    """What the readings weigh pixels by: a prior over the 313 bins."""
    if prior.prior.gamut.same_as(Gamut.srgb()):
        return prior.prior.p
    return PriorFile.load(Path("photographs")).prior.p


def _checksum(images: Sequence[bytes]) -> str:
    """One of all, whatever their order."""
    return hashlib.sha256(b"".join(sorted(images))).hexdigest()


def _sum(by_run: Mapping[str, Any], runs: Sequence[str]) -> Any:
    """What the runs of a row have together: the curves of their sum are the mean of theirs."""
    return reduce(operator.add, [by_run[run] for run in runs])


def _readings(
    runs: Sequence[tuple[Tally, AucCounts]], truth: Truth, p: Float[np.ndarray, " Q"]
) -> dict[str, float]:
    """The mean over a row's runs."""
    found = [readings(tally, truth, counts, p) for tally, counts in runs]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def _row(
    name: str, runs: Sequence[str], scorer: Scorer, part: Part, scores: Mapping[str, Estimate]
) -> Row:
    scores = dict(scores)
    if part.moments:
        truth = part.moments[TRUTH]
        distances = [frechet_distance(part.moments[run], truth) for run in runs]
        scores["fd_lite0"] = Estimate(float(np.mean(distances)))
    contenders = [scorer.contenders[run] for run in runs if run in scorer.contenders]
    if not contenders:
        return Row(name, _told_baseline(name, scorer), True, scores)
    first = contenders[0]
    model = first.source if isinstance(first.source, Colorizer) else None
    spent = np.mean([part.milliseconds[run] for run in runs]) / len(part.places)
    minutes = [one.minutes for one in contenders if one.minutes is not None]
    return Row(
        name=name,
        method=first.label,
        baseline=False,
        scores=scores,
        seeds=len(contenders),
        parameters=model.parameters_count if model else None,
        bins=bins_of(first),
        steps=first.steps,
        minutes=float(np.mean(minutes)) if minutes else None,
        images_seen=first.images_seen,
        clipped=_mean_known([one.clipped for one in contenders]),
        megabytes=first.megabytes,
        milliseconds=float(spent) if model else None,
    )


def _mean_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _told_baseline(name: str, scorer: Scorer) -> str:
    ab = ", ".join(f"{value:g}" for value in scorer.constant.ab)
    return BASELINES[name] + (f": ab = ({ab})" if name == "constant" else "")


def _images(name: str, tally: Tally, contenders: Mapping[str, Contender]) -> Iterator[ImageScore]:
    contender = contenders.get(name)
    row, seed = (contender.method or name, contender.seed) if contender else (name, 0)
    for place, image in enumerate(tally.names):
        scores = {key: float(values[place]) for key, values in tally.values.items()}
        yield ImageScore(image, row, seed, scores)


def _examples(scorer: Scorer, part: Part, tallies: Mapping[str, Tally]) -> list[Example]:
    rows = by_row(scorer.contenders)
    errors = [np.mean([tallies[run].values["ciede2000"] for run in rows[row]], 0) for row in rows]
    examples = []
    table = np.reshape(errors, (len(rows), len(part.places)))
    for why, place in chosen(table, scorer.config.examples):
        images, entropy = scorer.shown(part.places[place])
        scores = {
            row: {
                key: float(np.mean([tallies[run].values[key][place] for run in rows[row]]))
                for key in ("auc_raw", "delta_e")
            }
            for row in rows
        }
        name = tallies["gray"].names[place]
        examples.append(Example(name, why, images, scores, entropy))
    return examples


def _thresholds(counts: AucCounts) -> Thresholds:
    return Thresholds(counts.raw_curve().tolist(), counts.rebalanced_curve().tolist())


def _sweep(sweep: Sweep) -> list[SweepPoint]:
    return [
        SweepPoint(temperature, counts.raw(), counts.rebalanced(), float(np.mean(colorful)))
        for temperature, counts, colorful in zip(SWEEP, sweep.counts, sweep.colorful, strict=True)
    ]


def _calibrations(runs: Mapping[str, Sequence[Tally]]) -> dict[str, list[CalibrationBin]]:
    """Of every row that has distributions."""
    key = "calibration"
    return {
        row: _calibration(np.sum([one.counts[key] for one in tallies], axis=0))
        for row, tallies in runs.items()
        if key in tallies[0].counts
    }


def _calibration(counts: Float[np.ndarray, "N levels 3"]) -> list[CalibrationBin]:
    pixels, confidence, correct = counts.sum(axis=0).astype(float).T
    return [
        CalibrationBin(float(sure / count), float(right / count), float(count / pixels.sum()))
        for count, sure, right in zip(pixels, confidence, correct, strict=True)
        if count
    ]
