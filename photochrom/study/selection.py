"""What a study chooses on its selection images: options by a sweep, and decoding parameters.

    STUDY/sweep/METHOD/TRIAL/
    ├── …                 the run of a trial: see `photochrom.training.fit`
    └── selection.json    its best decoding and the score of it

    STUDY/runs/…/tuned/   a finished run as a model with its best decoding

Every method has the same number of trials, each with the same fraction of a run's budget and the
study's first seed, and the trial whose score is highest is taken. The score of a trial is that of
its best decoding, so no method is judged by a decoding that suits another.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from photochrom.config import StudyConfig, TrainConfig
from photochrom.errors import StudyError
from photochrom.evaluation.results import Trial
from photochrom.evaluation.tuning import Decoding, Objective, Tuned, apply, tune
from photochrom.image_io import SourceImage, digest
from photochrom.models import Colorizer, is_finished, read_config
from photochrom.prior import PriorFile
from photochrom.storage.atomic import read_json, write_json
from photochrom.study.inputs import ImageSets, Reporter
from photochrom.study.methods import with_values
from photochrom.study.runs import Run
from photochrom.training import DivergedError

SELECTION = "selection.json"
TUNED = "tuned"
_TRIALS = "sweep"


@dataclass(frozen=True)
class Planned:
    """A trial of a method: a short run with its own values."""

    run: Run
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The values as a folder is named: `lr-0.001` or `lr-0.001,k-5`."""
        return trial_name(self.values)


def trial_name(values: Mapping[str, Any]) -> str:
    """Return a name that is unique among the trials of a method."""
    return ",".join(
        f"{option}-{value:g}" if isinstance(value, float) else f"{option}-{value}"
        for option, value in values.items()
    )


def first_runs(runs: Sequence[Run]) -> dict[str, Run]:
    """Return each method's run of the first seed, in the order of the methods."""
    first: dict[str, Run] = {}
    for run in runs:
        first.setdefault(run.method, run)
    return first


def trials_of(
    run: Run,
    config: StudyConfig,
    folder: Path,
    chosen: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Planned]:
    """Return the trials of a method, whose first-seed run is `run`; none where nothing is swept.

    `chosen` has the values that earlier sweeps chose for the methods that it may begin with.
    """
    planned = []
    for values in config.sweep_of(run.method):
        method = with_values(config, run.method, values, chosen)
        short = _shortened(replace(method.config, seed=run.seed), config.sweep_share)
        name = trial_name(values)
        trial = replace(
            run,
            config=short,
            view=method.view,
            folder=folder / _TRIALS / run.method / name,
            name=f"{run.method}, {name}",
        )
        planned.append(Planned(trial, values))
    return planned


def _shortened(config: TrainConfig, share: float) -> TrainConfig:
    """Return the same training with a fraction of its budget."""
    steps = None if config.steps is None else max(1, math.ceil(share * config.steps))
    minutes = None if config.minutes is None else share * config.minutes
    return replace(config, steps=steps, minutes=minutes)


def choose(
    trials: Sequence[Planned],
    train: Callable[[Run], PriorFile],
    images: ImageSets,
    config: StudyConfig,
    reporter: Reporter,
) -> Mapping[str, Any]:
    """Train what is missing of the trials, score them, and return the values of the best.

    Args:
        trials: The trials of one method.
        train: Trains a run if it is not finished, and returns the prior as the run saw it.
        images: Of which `select` chooses.
        config: The study.
        reporter: Shows progress.

    Returns:
        The values of the trial with the highest score; those of the first among equal ones.

    Raises:
        ValueError: If every trial diverged.
    """
    for trial in trials:
        _score(trial.run, train, images, config, reporter)
    scores = [float(_selected(trial.run)["score"]) for trial in trials]
    if all(math.isnan(score) for score in scores):
        raise StudyError(
            f"expected a trial of {trials[0].run.method} that trains, got {len(trials)} that "
            "diverged: sweep smaller learning rates"
        )
    return trials[int(np.nanargmax(scores))].values


def _score(
    run: Run,
    train: Callable[[Run], PriorFile],
    images: ImageSets,
    config: StudyConfig,
    reporter: Reporter,
) -> None:
    """Write the selection of a trial, unless it is there for the same images and objective."""
    objective, path = config.objective_of(run.method), run.folder / SELECTION
    if path.exists():
        known = _selected(run)
        if (known["objective"], known["images"]) == (objective, digest(sorted(images.select))):
            return
    found: dict[str, Any] = {"score": math.nan, "decoding": None, "tried": []}
    try:
        prior = train(run)
        found = _tuned(Colorizer.load(run.folder), run, prior, images.select, objective, reporter)
    except DivergedError as error:
        found["reason"] = str(error)
    write_json(path, _with_source(found, images, objective))


def _selected(run: Run) -> dict[str, Any]:
    known = read_json(run.folder / SELECTION, "the selection of a trial")
    score = known.get("score")
    return {**known, "score": math.nan if score is None else score}


def _with_source(found: Mapping[str, Any], images: ImageSets, objective: str) -> dict[str, Any]:
    score = found["score"]
    return {
        **found,
        "score": None if math.isnan(score) else score,
        "objective": objective,
        "images": digest(sorted(images.select)),
        "count": len(images.select),
    }


def _tuned(
    model: Colorizer,
    run: Run,
    prior: PriorFile,
    images: Sequence[SourceImage],
    objective: str,
    reporter: Reporter,
) -> dict[str, Any]:
    found = tuned(model, run, prior, images, objective, reporter)
    tried = [[asdict(one), None if math.isnan(score) else score] for one, score in found.tried]
    return {"score": found.score, "decoding": asdict(found.decoding), "tried": tried}


def tuned(
    model: Colorizer,
    run: Run,
    prior: PriorFile,
    images: Sequence[SourceImage],
    objective: str = "auc_rebalanced",
    reporter: Reporter | None = None,
) -> Tuned:
    """Return the best decoding of a run's model on some images."""

    def track(items: Iterable[Any], total: int) -> Iterable[Any]:
        return items if reporter is None else reporter.track(items, total, f"selecting {run.name}")

    return tune(
        model,
        images,
        objective=_objective(objective),
        weights=_weights(run, prior),
        rebalanced=run.config.rebalance,
        track=track,
    )


def _objective(objective: str) -> Objective:
    return "auc_raw" if objective == "auc_raw" else "auc_rebalanced"


def _weights(run: Run, prior: PriorFile) -> Float[np.ndarray, " Q"] | None:
    if run.config.method != "classification":
        return None
    return prior.prior.weights(prior.uniform)


def tuned_model(
    run: Run, prior: PriorFile, images: ImageSets, config: StudyConfig, reporter: Reporter
) -> Path:
    """Return the folder of a finished run's model with its best decoding, made if it is missing.

    Without selection images it is the run itself.
    """
    if not images.select:
        return run.folder
    folder, objective = run.folder / TUNED, config.objective_of(run.method)
    if is_finished(folder):
        known = read_config(folder)["training"].get("selection", {})
        if (known.get("objective"), known.get("images")) == (
            objective,
            digest(sorted(images.select)),
        ):
            return folder
    model = Colorizer.load(run.folder)
    found = _tuned(model, run, prior, images.select, objective, reporter)
    apply(
        model,
        Decoding(**found["decoding"]),
        weights=_weights(run, prior),
        rebalanced=run.config.rebalance,
    )
    training = read_config(run.folder)["training"]
    model.save(folder, {**training, "selection": _with_source(found, images, objective)})
    return folder


def reported(runs: Sequence[Run], config: StudyConfig, folder: Path) -> list[Trial]:
    """Return what was tried and chosen, for the report: trials first, then decodings of runs."""
    found = []
    for method, run in first_runs(runs).items():
        trials = trials_of(run, config, folder)
        selected = [_selected(trial.run) for trial in trials]
        scores = [one["score"] for one in selected]
        best = int(np.nanargmax(scores)) if trials else None
        found += [
            Trial(method, trial.name, one["score"], _decoded(one["decoding"]), place == best)
            for place, (trial, one) in enumerate(zip(trials, selected, strict=True))
        ]
    for run in runs:
        if is_finished(run.folder / TUNED):
            one = read_config(run.folder / TUNED)["training"]["selection"]
            found.append(Trial(run.name, "", one["score"], _decoded(one["decoding"]), True))
    return found


def _decoded(decoding: Mapping[str, float | None] | None) -> str:
    if decoding is None:
        return "diverged"
    return ", ".join(f"{name} {value:g}" for name, value in decoding.items() if value is not None)
