"""The runs of a study, and where each of them lies.

STUDY/runs/
├── METHOD/             the run of a method, in a study of one seed
└── METHOD/seed-S/      each run of a method, in a study of several

A study that grows from one seed to several takes the second form, and keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from photochrom.config import StudyConfig, TrainConfig, ViewConfig
from photochrom.storage.atomic import read_json
from photochrom.study.definition import resolve

_MOVING = ".moving"


@dataclass(frozen=True)
class Run:
    """One training: a method with a seed."""

    method: str
    seed: int
    config: TrainConfig
    folder: Path
    """Where it is trained."""
    name: str
    """The method's, and the seed where there are several: unique in its study."""
    view: ViewConfig
    """How it sees the study's prior."""
    start: str | None = None
    """The name of the run that it begins with."""


def runs_of(config: StudyConfig, folder: Path) -> list[Run]:
    """All runs of a study: methods in its order, seeds from the first on.

    `ValueError` as `photochrom.study.definition.resolve` has it.
    """
    seeds = range(config.first_seed, config.first_seed + config.seeds)
    nested = len(seeds) > 1 or _has_other_seeds(folder, seeds[0])

    def name_of(method: str, seed: int) -> str:
        return f"{method}/seed-{seed}" if len(seeds) > 1 else method

    return [
        Run(
            method=name,
            seed=seed,
            config=replace(method.config, seed=seed),
            folder=folder / "runs" / name / (f"seed-{seed}" if nested else ""),
            name=name_of(name, seed),
            view=method.view,
            start=name_of(method.start, seed) if method.start else None,
        )
        for name, method in resolve(config).items()
        for seed in seeds
    ]


def in_order(runs: Sequence[Run], config: StudyConfig) -> list[Run]:
    """The runs as they are trained: seed by seed, each after the one that it begins with."""
    methods = config.by_start()
    return sorted(runs, key=lambda run: (run.seed, methods.index(run.method)))


def _has_other_seeds(folder: Path, seed: int) -> bool:
    """Whether a study has runs of several seeds, or those of one that is not this."""
    if any(folder.glob("runs/*/seed-*")) or any(folder.glob(f"runs/*{_MOVING}")):
        return True
    return any(flat_seed(run) not in (None, seed) for run in folder.glob("runs/*"))


def flat_seed(run: Path) -> int | None:
    """The seed of a run that lies in its method's folder, if one does."""
    if not (run / "train.json").is_file():
        return None
    config = read_json(run / "train.json", "the settings of a run").get("config")
    seed = config.get("seed") if isinstance(config, dict) else None
    return seed if isinstance(seed, int) else None


def make_room(runs: Sequence[Run]) -> None:
    """Move what lies in a method's folder to its seed's, where the study has several by now."""
    for at in {run.folder.parent for run in runs if run.folder.name == f"seed-{run.seed}"}:
        beside = at.with_name(f"{at.name}{_MOVING}")  # no method's name has a dot
        if flat_seed(at) is not None:
            at.rename(beside)
        if beside.exists():  # also where the move was stopped between its two steps
            at.mkdir(exist_ok=True)
            beside.rename(at / f"seed-{flat_seed(beside)}")
