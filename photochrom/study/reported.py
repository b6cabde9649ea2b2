"""Finished runs → evaluation → page: all that a study knows of how methods are scored."""

import platform
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import torch

from photochrom import __version__
from photochrom.config import EvaluateConfig, StudyConfig, TrainConfig
from photochrom.contenders import BASELINES, Contender, images_for_raters, trained
from photochrom.data import read_sources
from photochrom.evaluate import evaluate
from photochrom.human_study import write_human_study
from photochrom.images import Found, Picture, Skipped, digest
from photochrom.models import locate, read_config
from photochrom.predictions import Predictions
from photochrom.prior import PriorFile
from photochrom.report import write_report
from photochrom.results import Evaluation, Trial
from photochrom.storage import is_url
from photochrom.study.given import Pictures, Reporter
from photochrom.study.runs import Run
from photochrom.training import read_log


def report(
    runs: Sequence[Run],
    models: Mapping[str, Path],
    trials: Sequence[Trial],
    prior: PriorFile,
    pictures: Pictures,
    config: StudyConfig,
    folder: Path,
    reporter: Reporter,
) -> Path:
    """Evaluate the models of a study's finished runs, and return the report's page."""
    contenders = {
        run.name: trained(models[run.name], method=run.method, seed=run.seed) for run in runs
    }
    scores = evaluated(contenders, pictures.test, config.evaluation, reporter, prior=prior)
    reporter.skipped(scores.skipped, "evaluating")
    made = {
        "trained on": f"{len(pictures.training):,} images",
        "selected on": _selected_on(pictures, config),
        "tested on": f"{len(pictures.test):,} images{_held_out(pictures)}",
        "methods": "; ".join(f"{run.name}: {_told(vars(run.config))}" for run in runs),
        **_made(scores, config.evaluation, pictures.test, pictures.source),
    }
    curves = {run.name: curve(run.folder) for run in runs}
    return write_report(
        replace(scores, curves=curves, trials=list(trials), provenance=made), folder
    )


def _selected_on(pictures: Pictures, config: StudyConfig) -> str:
    if not pictures.select:
        return "nothing: options and decoding parameters are those of the study"
    by = sorted({config.objective_of(name) for name in config.methods})
    return f"{len(pictures.select):,} other images, by {' and '.join(by)}"


def _held_out(pictures: Pictures) -> str:
    return " held out of the training collection" if pictures.held_out else ""


def report_on(
    models: Sequence[str],
    predictions: Sequence[str],
    found: Found,
    config: EvaluateConfig,
    folder: Path,
    source: str,
    reporter: Reporter,
    *,
    sources: str | None = None,
    prior: str = "photographs",
    human_study: Path | None = None,
) -> Path:
    """Evaluate models, and pictures that others made, on the pictures found.

    `sources` is a table of where each is from: scores are told by source, too. `ValueError` where
    a prediction or a source is missing, or where a name stands for two rows. Returns the report's
    page.
    """
    names = _distinct_names(models)
    of_source = read_sources(sources, found.pictures) if sources else []
    contenders = {name: trained(model) for name, model in names.items()}
    for given in predictions:
        contenders |= _of_others(given, found.pictures, contenders, reporter)
    counted = PriorFile.load(Path(prior))
    scores = evaluated(contenders, found.pictures, config, reporter, of_source, prior=counted)
    scores = replace(scores, skipped=[*found.skipped, *scores.skipped])
    reporter.skipped(scores.skipped, "evaluating")
    made = {
        "runs": "; ".join(f"{name}: {_trained_by(model)}" for name, model in names.items()),
        "prior of the baselines": prior,
        **({"sources": str(sources)} if sources else {}),
        **_made(scores, config, found.pictures, source),
    }
    if human_study is not None:
        write_human_study(
            *images_for_raters(contenders, found.pictures, seed=config.seed),
            human_study,
            seed=config.seed,
        )
    curves = {name: curve(Path(locate(model))) for name, model in names.items()}
    return write_report(replace(scores, curves=curves, provenance=made), folder)


def _of_others(
    source: str, pictures: Sequence[Picture], taken: Collection[str], reporter: Reporter
) -> dict[str, Contender]:
    """The two rows of a folder of predictions: as they are, and their ab with the true L."""
    name = PurePath(source).name
    if name in taken or name in BASELINES:
        raise ValueError(f"{source}: expected predictions of another name than a row's: rename it")
    made = Predictions.find(source, pictures)
    reporter.skipped([Skipped(one, "nobody's prediction") for one in made.surplus], source)
    return {
        name: Contender(made, "predictions with their own L", own_L=True),
        f"{name}, true L": Contender(made, "ab of predictions"),
    }


def evaluated(
    contenders: Mapping[str, Contender],
    pictures: Sequence[Picture],
    config: EvaluateConfig,
    reporter: Reporter,
    sources: Sequence[str] = (),
    prior: PriorFile | None = None,
) -> Evaluation:
    """The scores of contenders, told as they are made."""
    return evaluate(
        contenders,
        pictures,
        config,
        sources=sources,
        prior=prior,
        track=lambda batches, total: reporter.track(batches, total, "evaluating"),
    )


def refuse_baselines(names: Collection[str]) -> None:
    """`ValueError` where a run or method is named as a baseline is."""
    taken = sorted(BASELINES.keys() & set(names))
    if taken:
        raise ValueError(f"expected no run named {taken[0]!r}, as a baseline is: rename it")


def _distinct_names(models: Sequence[str]) -> dict[str, str]:
    """The models by their folders' names, or as they were given where names repeat."""
    short = {
        (PurePath(model) if is_url(model) else Path(model).resolve()).name: model
        for model in models
    }
    names = short if len(short) == len(models) else {model: model for model in models}
    refuse_baselines(names)
    return names


def curve(run: Path) -> list[tuple[int, float]]:
    """The training loss of a run over its steps; empty where it has no log."""
    log = run / "log.csv"
    return [(int(row["step"]), row["loss"]) for row in read_log(log)] if log.exists() else []


def _trained_by(model: str) -> str:
    """How a model says that it was trained, where that is not the default."""
    config = read_config(model).get("training", {}).get("config")
    return _told(config) if isinstance(config, dict) else "it does not say how"


def _told(config: Mapping[str, Any]) -> str:
    usual = vars(TrainConfig())
    other = {name: value for name, value in config.items() if value != usual.get(name)}
    return ", ".join(f"{name} {value}" for name, value in other.items())


def _made(
    scores: Evaluation, config: EvaluateConfig, pictures: Sequence[Picture], source: str
) -> dict[str, str]:
    """What every report was made with and of."""
    return {
        **provenance(),
        "pictures": source,
        "evaluation": ", ".join(f"{name} {value}" for name, value in vars(config).items()),
        "checksum of the names of the pictures": digest(pictures),
        **scores.provenance,
    }


def provenance() -> dict[str, str]:
    """What a report was made with."""
    return {
        "photochrom": ", commit ".join(filter(None, (__version__, _commit()))),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def _commit() -> str:
    """Of the code, and whether the code differs from it; empty where it is no checkout."""
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
