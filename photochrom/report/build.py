"""Evaluate models and external predictions on images, and write the report."""

import platform
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Protocol, runtime_checkable

import torch

from photochrom import __version__
from photochrom.config import EvaluateConfig, TrainConfig
from photochrom.data import read_sources
from photochrom.errors import EvaluationError
from photochrom.evaluation.evaluate import evaluate
from photochrom.evaluation.external_predictions import Predictions
from photochrom.evaluation.methods import BASELINES, Contender, trained
from photochrom.evaluation.results import Evaluation
from photochrom.image_io import Found, Skipped, SourceImage, digest
from photochrom.models import locate, read_config
from photochrom.prior import PriorFile
from photochrom.report.html import write_report
from photochrom.storage.open import is_url
from photochrom.training import read_log


@runtime_checkable
class Reporter(Protocol):
    """Receives progress and skipped images; every method may do nothing."""

    def track(self, items: Iterable[Any], total: int, what: str) -> Iterable[Any]:
        """Return the items, shown as they pass."""

    def skipped(self, images: Sequence[Skipped], what: str) -> None:
        """Receive the images that a stage skipped."""


def methods_of(
    models: Sequence[str],
    predictions: Sequence[str],
    images: Sequence[SourceImage],
    reporter: Reporter,
) -> dict[str, Contender]:
    """Return the rows of a report: one for each model, two for each folder of predictions.

    Raises:
        ValueError: If a prediction is missing, or if a name stands for two rows.
    """
    contenders = {name: trained(model) for name, model in _distinct_names(models).items()}
    for folder in predictions:
        contenders |= _external(folder, images, contenders, reporter)
    return contenders


def report_models(
    models: Sequence[str],
    contenders: Mapping[str, Contender],
    found: Found,
    config: EvaluateConfig,
    folder: Path,
    source: str,
    reporter: Reporter,
    *,
    sources: str | None = None,
    prior: str = "photographs",
) -> Path:
    """Evaluate methods on images, and write the report.

    Args:
        models: The models among the methods, as `methods_of` takes them.
        contenders: The methods, as `methods_of` returns them.
        found: The images; those that could not be listed are reported as skipped.
        config: How to evaluate.
        folder: The report's folder.
        source: Where the images come from, for the report.
        reporter: Receives progress.
        sources: A table with the group of each image: the main scores are also computed by group.
        prior: Prior of the training images, for the baselines.

    Returns:
        The report's page.

    Raises:
        ValueError: If the group of an image is missing.
    """
    names = _distinct_names(models)
    of_source = read_sources(sources, found.images) if sources else []
    counted = PriorFile.load(Path(prior))
    scores = evaluated(contenders, found.images, config, reporter, of_source, prior=counted)
    scores = replace(scores, skipped=[*found.skipped, *scores.skipped])
    reporter.skipped(scores.skipped, "evaluating")
    made = {
        "runs": "; ".join(f"{name}: {_trained_by(model)}" for name, model in names.items()),
        "prior of the baselines": prior,
        **({"sources": str(sources)} if sources else {}),
        **evaluated_with(scores, config, found.images, source),
    }
    curves = {name: curve(Path(locate(model))) for name, model in names.items()}
    return write_report(replace(scores, curves=curves, provenance=made), folder)


def _external(
    source: str, images: Sequence[SourceImage], taken: Collection[str], reporter: Reporter
) -> dict[str, Contender]:
    """Return the two rows of a folder of predictions: as they are, and their ab with the true L."""
    name = PurePath(source).name
    if name in taken or name in BASELINES:
        raise EvaluationError(
            f"{source}: expected predictions of another name than a row's: rename it"
        )
    made = Predictions.find(source, images)
    reporter.skipped([Skipped(one, "nobody's prediction") for one in made.surplus], source)
    return {
        name: Contender(made, "predictions with their own L", own_L=True),
        f"{name}, true L": Contender(made, "ab of predictions"),
    }


def evaluated(
    contenders: Mapping[str, Contender],
    images: Sequence[SourceImage],
    config: EvaluateConfig,
    reporter: Reporter,
    sources: Sequence[str] = (),
    prior: PriorFile | None = None,
) -> Evaluation:
    """Evaluate methods, and report progress."""
    return evaluate(
        contenders,
        images,
        config,
        sources=sources,
        prior=prior,
        track=lambda batches, total: reporter.track(batches, total, "evaluating"),
    )


def refuse_baselines(names: Collection[str]) -> None:
    """Raise `ValueError` if a run or method has the name of a baseline."""
    taken = sorted(BASELINES.keys() & set(names))
    if taken:
        raise EvaluationError(f"expected no run named {taken[0]!r}, as a baseline is: rename it")


def _distinct_names(models: Sequence[str]) -> dict[str, str]:
    """Return the models by the names of their folders, or by their whole paths if names repeat."""
    short = {
        (PurePath(model) if is_url(model) else Path(model).resolve()).name: model
        for model in models
    }
    names = short if len(short) == len(models) else {model: model for model in models}
    refuse_baselines(names)
    return names


def curve(run: Path) -> list[tuple[int, float]]:
    """Return the training loss of a run by step; empty if it has no log."""
    log = run / "log.csv"
    return [(int(row["step"]), row["loss"]) for row in read_log(log)] if log.exists() else []


def _trained_by(model: str) -> str:
    """Return the settings of a model's training that are not the defaults."""
    config = read_config(model).get("training", {}).get("config")
    return differing(config) if isinstance(config, dict) else "it does not say how"


def differing(config: Mapping[str, Any]) -> str:
    """Return the settings that are not the defaults."""
    usual = vars(TrainConfig())
    other = {name: value for name, value in config.items() if value != usual.get(name)}
    return ", ".join(f"{name} {value}" for name, value in other.items())


def evaluated_with(
    scores: Evaluation, config: EvaluateConfig, images: Sequence[SourceImage], source: str
) -> dict[str, str]:
    """Return the provenance that every report has."""
    return {
        **provenance(),
        "images": source,
        "evaluation": ", ".join(f"{name} {value}" for name, value in vars(config).items()),
        "checksum of the names of the images": digest(images),
        **scores.provenance,
    }


def provenance() -> dict[str, str]:
    """Return the versions and the machine that a report is made with."""
    return {
        "photochrom": ", commit ".join(filter(None, (__version__, _commit()))),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def _commit() -> str:
    """Return the commit of the code, with `-dirty` if files differ; empty outside a checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        commit, changed = (
            subprocess.run(["git", *words], cwd=root, capture_output=True, text=True).stdout
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "-uno"))
        )
    except OSError:  # without git
        return ""
    return commit.strip() and commit.strip() + ("-dirty" if changed else "")
