"""Finished runs → evaluation → page: all that a study knows of how methods are scored."""

import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from photochrom import __version__
from photochrom.config import EvaluateConfig
from photochrom.evaluate import BASELINES, Contender, Evaluation, evaluate
from photochrom.images import Found, Picture
from photochrom.models import Colorizer, read_config
from photochrom.report import write_report
from photochrom.study.given import Pictures, Reporter
from photochrom.study.runs import Run
from photochrom.training import read_log


def report(
    runs: Sequence[Run],
    pictures: Pictures,
    config: EvaluateConfig,
    folder: Path,
    reporter: Reporter,
) -> Path:
    """Evaluate the finished runs of a study, and return the report's page."""
    folders = {run.name: run.folder for run in runs}
    scores = evaluated(folders, pictures.validation, config, reporter)
    reporter.skipped(scores.skipped, "evaluating")
    made = {
        **provenance(),
        "pictures": pictures.source,
        "trained on": f"{len(pictures.training)} pictures",
    }
    return write_report(replace(scores, curves=_curves(folders), provenance=made), folder)


def report_on(
    runs: Sequence[Path],
    found: Found,
    config: EvaluateConfig,
    folder: Path,
    source: str,
    reporter: Reporter,
) -> Path:
    """Evaluate finished runs on the pictures found, and return the report's page."""
    names = _distinct_names(runs)
    scores = evaluated(names, found.pictures, config, reporter)
    scores = replace(scores, skipped=[*found.skipped, *scores.skipped])
    reporter.skipped(scores.skipped, "evaluating")
    made = {**provenance(), "pictures": source}
    return write_report(replace(scores, curves=_curves(names), provenance=made), folder)


def evaluated(
    runs: Mapping[str, Path],
    pictures: Sequence[Picture],
    config: EvaluateConfig,
    reporter: Reporter,
) -> Evaluation:
    """The scores of run folders, by their names."""
    return evaluate(
        {name: contender(run) for name, run in runs.items()},
        pictures,
        config,
        track=lambda batches, total: reporter.track(batches, total, "evaluating"),
    )


def refuse_baselines(names: Collection[str]) -> None:
    """`ValueError` where a run or method is named as a baseline is."""
    taken = sorted(BASELINES.keys() & set(names))
    if taken:
        raise ValueError(f"expected no run named {taken[0]!r}, as a baseline is: rename it")


def _distinct_names(runs: Sequence[Path]) -> dict[str, Path]:
    """The runs by their folders' names, or by their paths where names repeat."""
    short = {run.resolve().name: run for run in runs}
    names = short if len(short) == len(runs) else {str(run): run for run in runs}
    refuse_baselines(names)
    return names


def contender(run: Path) -> Contender:
    """A finished run as `evaluate` takes it."""
    training = read_config(run).get("training", {})
    return Contender(
        Colorizer.load(run),
        label=str(training.get("label", "trained elsewhere")),
        steps=training.get("steps"),
        minutes=training.get("minutes"),
    )


def curve(run: Path) -> list[tuple[int, float]]:
    """The training loss of a run over its steps; empty where it has no log."""
    log = run / "log.csv"
    return [(int(row["step"]), row["loss"]) for row in read_log(log)] if log.exists() else []


def _curves(runs: Mapping[str, Path]) -> dict[str, list[tuple[int, float]]]:
    return {name: curve(run) for name, run in runs.items()}


def provenance() -> dict[str, str]:
    """What a report was made with."""
    return {
        "photochrom": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
    }
