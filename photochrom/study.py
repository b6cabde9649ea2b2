"""The comparison: prior → train each method → evaluate → report, in one resumable folder.

STUDY/
├── study.json          settings and digests of the pictures: what a resume must match
├── prior.h5            of the training pictures
├── runs/<method>/      one training run each: see `photochrom.training.run`
└── report/             index.html, scores.json, scores.csv, pictures.csv
"""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from photochrom import __version__
from photochrom.config import EvaluateConfig, PriorConfig, ProtocolConfig, TrainConfig
from photochrom.evaluate import BASELINES, Contender, Evaluation, evaluate
from photochrom.files import read_json, write_json
from photochrom.images import Found, Picture, Skipped, digest
from photochrom.models import Colorizer, read_config
from photochrom.prior import PriorFile, build_prior
from photochrom.quantize import Gamut
from photochrom.report import PAGE, write_report
from photochrom.training import Progress, fit, read_log, refuse_unfit


@runtime_checkable
class Reporter(Protocol):
    """How a study tells what it does; every method may do nothing."""

    def track(self, items: Iterable[Any], total: int, what: str) -> Iterable[Any]:
        """The items, shown as they pass."""

    def training(self, name: str, config: TrainConfig) -> Callable[[Progress], None]:
        """What is called after every step of a run."""

    def skipped(self, pictures: Sequence[Skipped], what: str) -> None:
        """Pictures that a stage left out."""


@dataclass(frozen=True)
class Pictures:
    """What a study trains on and what it is measured on, and how both were named."""

    training: Sequence[Picture]
    validation: Sequence[Picture]
    source: str


def methods(protocol: ProtocolConfig) -> dict[str, TrainConfig]:
    """What is compared: the same network, data order, seed and budget under three losses."""
    shared = asdict(protocol)
    return {
        "regression": TrainConfig(**shared, method="regression"),
        "classification": TrainConfig(**shared, rebalance=False),
        "classification-rebalanced": TrainConfig(**shared),
    }


def hold_out(
    pictures: Sequence[Picture], share: float, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """Training and validation pictures: a seeded `share`, at least one, is held out."""
    if len(pictures) < 2:
        raise ValueError(
            f"expected 2 pictures or more to hold one out, got {len(pictures)}: add pictures or "
            "--validate"
        )
    if not 0 < share < 1:
        raise ValueError(f"--hold-out must be within 0 and 1, got {share:g}")
    count = min(len(pictures) - 1, max(1, round(share * len(pictures))))
    held = set(np.random.default_rng(seed).permutation(len(pictures))[:count].tolist())
    training = [picture for place, picture in enumerate(pictures) if place not in held]
    return training, [pictures[place] for place in sorted(held)]


def study(
    pictures: Pictures,
    protocol: ProtocolConfig,
    prior_config: PriorConfig,
    evaluation: EvaluateConfig,
    folder: Path,
    reporter: Reporter,
) -> Path:
    """Do what is missing in `folder`, and return the report's page.

    `ValueError` if the folder holds a study with other settings or pictures.
    """
    for config in methods(protocol).values():
        refuse_unfit(config, Gamut.srgb(prior_config.step))
    _open_study(folder, pictures, protocol, prior_config, evaluation)
    page = folder / "report" / PAGE
    if page.exists():  # it is written last of all
        return page
    prior = _prior(folder / "prior.h5", pictures, prior_config, reporter)
    contenders, curves = {}, {}
    for name, config in methods(protocol).items():
        run = folder / "runs" / name
        left_out = fit(
            pictures.training,
            prior,
            config,
            run,
            resume=True,
            on_progress=reporter.training(name, config),
        )
        reporter.skipped(left_out, f"training {name}")
        contenders[name] = contender(run)
        curves[name] = curve(run)
    scores = evaluate(
        contenders,
        pictures.validation,
        evaluation,
        track=lambda batches, total: reporter.track(batches, total, "evaluating"),
    )
    reporter.skipped(scores.skipped, "evaluating")
    return write_report(_with_provenance(scores, curves, pictures), folder / "report")


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
    scores = evaluate(
        {name: contender(run) for name, run in names.items()},
        found.pictures,
        config,
        track=lambda batches, total: reporter.track(batches, total, "evaluating"),
    )
    scores = replace(scores, skipped=[*found.skipped, *scores.skipped])
    reporter.skipped(scores.skipped, "evaluating")
    curves = {name: curve(run) for name, run in names.items()}
    made = {**provenance(), "pictures": source}
    return write_report(replace(scores, curves=curves, provenance=made), folder)


def _distinct_names(runs: Sequence[Path]) -> dict[str, Path]:
    """The runs by their folders' names, or by their paths where names repeat."""
    short = {run.resolve().name: run for run in runs}
    names = short if len(short) == len(runs) else {str(run): run for run in runs}
    taken = BASELINES.keys() & names.keys()
    if taken:
        raise ValueError(f"expected no run named {taken.pop()!r}, as a baseline is: rename it")
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


def _open_study(
    folder: Path,
    pictures: Pictures,
    protocol: ProtocolConfig,
    prior: PriorConfig,
    evaluation: EvaluateConfig,
) -> None:
    settings = {
        "format": "photochrom study",
        "training": digest(pictures.training),
        "validation": digest(pictures.validation),
        "protocol": asdict(protocol),
        "prior": asdict(prior),
        "evaluation": asdict(evaluation),
    }
    known = folder / "study.json"
    if not known.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(
                f"{folder}: expected a new folder or a study to continue, found something else"
            )
        write_json(known, settings)
        return
    earlier = read_json(known, "the settings of a study")
    for name, value in settings.items():
        if earlier.get(name) != value:
            raise ValueError(
                f"{folder}: expected the {name} settings or pictures that this study began with, "
                "got others: repeat its command to continue it, or name another folder"
            )


def _prior(path: Path, pictures: Pictures, config: PriorConfig, reporter: Reporter) -> PriorFile:
    if path.exists():
        return PriorFile.load(path)
    counted = reporter.track(pictures.training, len(pictures.training), "counting colours")
    prior = build_prior(counted, config, [pictures.source])
    failed = prior.histogram.failures.items()
    skipped = [Skipped(name, reason) for reason, (count, name) in failed for _ in range(count)]
    reporter.skipped(skipped, "counting colours")
    prior.save(path)
    return prior


def _with_provenance(
    scores: Evaluation, curves: Mapping[str, list[tuple[int, float]]], pictures: Pictures
) -> Evaluation:
    return replace(
        scores,
        curves=dict(curves),
        provenance={
            **provenance(),
            "pictures": pictures.source,
            "trained on": f"{len(pictures.training)} pictures",
        },
    )


def provenance() -> dict[str, str]:
    """What a report was made with."""
    return {
        "photochrom": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
    }
