"""What a study will do and how long it will take, measured by a few steps of each method."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from photochrom.config import Architecture, StudyConfig, TrainConfig
from photochrom.evaluation.methods import trained
from photochrom.image_io import SourceImage
from photochrom.models import Colorizer, is_finished
from photochrom.prior import PriorFile, build_prior
from photochrom.report.build import evaluated
from photochrom.study.inputs import ImageSets, Reporter
from photochrom.study.run import PRIOR, planned, seen
from photochrom.study.runs import Run, flat_seed
from photochrom.study.selection import SELECTION, first_runs, trials_of, tuned
from photochrom.training import Progress, fit

_STEPS = 8  # of which the first begins everything and the second follows a look
_COUNTED = 64
_EVALUATED = 2  # batches
_LOOKS = 20  # of `photochrom.training.validation` in a run


@dataclass(frozen=True)
class Cost:
    """What a method's training costs."""

    begin: float
    """Seconds before the first step, and of it."""
    look: float
    """Seconds of a look at the watched images."""
    step: float
    """Seconds of a step, in the mean over the run."""
    parameters: int

    def seconds(self, config: TrainConfig) -> float:
        """Of a whole run, which ends by minutes or else by steps: never by both."""
        if config.minutes:
            return self.begin + 60 * config.minutes
        assert config.steps is not None
        return self.begin + config.steps * self.step + _LOOKS * self.look


@dataclass(frozen=True)
class Planned:
    """A run to come, or one that is there."""

    run: Run
    parameters: int
    seconds: float
    """0 where it is finished."""


@dataclass(frozen=True)
class Forecast:
    """What a study will do, with its seconds."""

    runs: list[Planned]
    prior: float
    """0 where it is there."""
    evaluation: float
    images: int
    """That are measured on."""
    trials: int = 0
    """Of the sweep, that are not finished."""
    sweep: float = 0.0
    """Seconds of training them."""
    selection: float = 0.0
    """Seconds of choosing decodings on the selection images, for trials and runs."""

    @property
    def total(self) -> float:
        """Seconds of the whole study."""
        trained = sum(one.seconds for one in self.runs)
        return self.prior + self.sweep + trained + self.selection + self.evaluation


class _EnoughError(Exception):
    """Ends a training that was to be measured."""


def forecast(
    images: ImageSets,
    config: StudyConfig,
    folder: Path,
    reporter: Reporter,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Forecast:
    """Measure each method for a few steps in a temporary folder; the study's own is untouched.

    `tell` is given a line before each measurement. `ValueError` as `study` has it.
    """
    runs, *_ = planned(images, config, folder)
    finished = [_is_there(run) for run in runs]
    prior = PriorFile.load(Path("photographs"))  # the weights' values take no time
    costs: dict[str, Cost] = {}
    trials = _trials(runs, config, folder)
    with tempfile.TemporaryDirectory() as scratch:
        at = Path(scratch)
        for run in runs:
            if run.method not in costs:
                tell(f"measuring {run.method}")
                costs[run.method] = _cost(run, images.training, prior, at / run.method)
        tell("measuring the evaluation")
        evaluation = _evaluation(runs, images.test, config, at, reporter)
        chosen = [*trials, *(run for run, there in zip(runs, finished, strict=True) if not there)]
        selection = _selection(chosen, images.select, prior, at)
    return Forecast(
        [
            Planned(run, cost.parameters, 0.0 if there else cost.seconds(run.config))
            for run, there in zip(runs, finished, strict=True)
            for cost in [costs[run.method]]
        ],
        prior=0.0 if (folder / "prior.h5").exists() else _counting(images.training),
        evaluation=evaluation,
        images=len(images.test),
        trials=len(trials),
        sweep=sum(costs[trial.method].seconds(trial.config) for trial in trials),
        selection=selection,
    )


def _trials(runs: Sequence[Run], config: StudyConfig, folder: Path) -> list[Run]:
    """Return the trials of the sweep that have not been scored."""
    return [
        trial.run
        for run in first_runs(runs).values()
        for trial in trials_of(run, config, folder)
        if not (trial.run.folder / SELECTION).exists()
    ]


def _selection(
    chosen: Sequence[Run], images: Sequence[SourceImage], prior: PriorFile, models: Path
) -> float:
    """Seconds of choosing the decodings of some runs, by a few images and untrained models."""
    few = images[:_EVALUATED]
    seconds: dict[str, float] = {}
    for run in chosen if few else ():
        if run.method not in seconds:
            began = time.monotonic()
            with contextlib.suppress(ValueError):  # none of the few can be read
                tuned(
                    Colorizer.load(models / run.method / "model"), run, seen(prior, run.view), few
                )
            seconds[run.method] = (time.monotonic() - began) * len(images) / len(few)
    return sum(seconds[run.method] for run in chosen if few)


def _is_there(run: Run) -> bool:
    """Whether a run is finished, also where it has yet to make room for others."""
    nested = run.folder.name == f"seed-{run.seed}"
    flat = nested and flat_seed(run.folder.parent) == run.seed
    return is_finished(run.folder.parent if flat else run.folder)


def _cost(run: Run, images: Sequence[SourceImage], prior: PriorFile, at: Path) -> Cost:
    """By a few steps; of a game that begins within the run, by as many before and after."""
    config, file = run.config, seen(prior, run.view)
    begin = config.adversarial_start if config.discriminator != "none" else 0.0
    initial = Colorizer(Architecture.of(config), file.prior.gamut, temperature=config.temperature)
    initial.save(at / "model", {})
    start = initial if run.start else None
    cost = _measured(images, file, config, at / "before", start, initial.parameters_count)
    if not 0 < begin < 1:
        return cost
    later = replace(config, adversarial_start=0.0)
    game = _measured(images, file, later, at / "after", start, initial.parameters_count)
    return replace(cost, step=begin * cost.step + (1 - begin) * game.step)


def _measured(
    images: Sequence[SourceImage],
    prior: PriorFile,
    config: TrainConfig,
    run: Path,
    initial: Colorizer | None,
    parameters: int,
) -> Cost:
    times: list[float] = []

    def note(_: Progress) -> None:
        times.append(time.monotonic())
        if len(times) == _STEPS:
            _enough()

    began = time.monotonic()
    with contextlib.suppress(_EnoughError):
        fit(images, prior, config, run, initial=initial, on_progress=note)
    begin = times[0] - began
    if len(times) < 3:  # a run so short has no look of its own
        return Cost(begin, 0.0, (times[-1] - began) / len(times), parameters)
    step = (times[-1] - times[1]) / (len(times) - 2)
    return Cost(begin, max(0.0, times[1] - times[0] - step), step, parameters)


def _enough() -> NoReturn:
    raise _EnoughError


def _evaluation(
    runs: Sequence[Run],
    images: Sequence[SourceImage],
    config: StudyConfig,
    models: Path,
    reporter: Reporter,
) -> float:
    """Seconds of scoring all runs on all images, by a few images and untrained models."""
    few = images[: _EVALUATED * config.evaluation.batch_size]
    untrained = {
        run.name: trained(models / run.method / "model", method=run.method, seed=run.seed)
        for run in runs
    }
    began = time.monotonic()
    evaluated(untrained, few, config.evaluation, reporter)
    return (time.monotonic() - began) * len(images) / len(few)


def _counting(images: Sequence[SourceImage]) -> float:
    """Seconds of counting the colors of all images, by a few."""
    few = images[:_COUNTED]
    began = time.monotonic()
    with contextlib.suppress(ValueError):  # none of the few has color
        build_prior(few, PRIOR, [])
    return (time.monotonic() - began) * len(images) / len(few)
