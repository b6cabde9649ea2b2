"""Evaluate the models of a study's finished runs, and write its report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from photochrom.config import StudyConfig
from photochrom.evaluation.methods import trained
from photochrom.evaluation.results import Trial
from photochrom.prior import PriorFile
from photochrom.report import write_report
from photochrom.report.build import curve, differing, evaluated, evaluated_with
from photochrom.study.inputs import ImageSets, Reporter
from photochrom.study.runs import Run


def report(
    runs: Sequence[Run],
    models: Mapping[str, Path],
    trials: Sequence[Trial],
    prior: PriorFile,
    images: ImageSets,
    config: StudyConfig,
    folder: Path,
    reporter: Reporter,
) -> Path:
    """Evaluate the models of a study's finished runs, and return the report's page."""
    contenders = {
        run.name: trained(models[run.name], method=run.method, seed=run.seed) for run in runs
    }
    scores = evaluated(contenders, images.test, config.evaluation, reporter, prior=prior)
    reporter.skipped(scores.skipped, "evaluating")
    made = {
        "trained on": f"{len(images.training):,} images",
        "selected on": _selected_on(images, config),
        "tested on": f"{len(images.test):,} images{_held_out(images)}",
        "methods": "; ".join(f"{run.name}: {differing(vars(run.config))}" for run in runs),
        **evaluated_with(scores, config.evaluation, images.test, images.source),
    }
    curves = {run.name: curve(run.folder) for run in runs}
    return write_report(
        replace(scores, curves=curves, trials=list(trials), provenance=made), folder
    )


def _selected_on(images: ImageSets, config: StudyConfig) -> str:
    if not images.select:
        return "nothing: options and decoding parameters are those of the study"
    by = sorted({config.objective_of(name) for name in config.methods})
    return f"{len(images.select):,} other images, by {' and '.join(by)}"


def _held_out(images: ImageSets) -> str:
    return " held out of the training collection" if images.held_out else ""
