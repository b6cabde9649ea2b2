"""What a study compares, and what its methods share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from photochrom.config.checks import at_least
from photochrom.config.evaluation import EvaluateConfig
from photochrom.config.training import ProtocolConfig
from photochrom.errors import ConfigError

BUDGETS = ("steps", "minutes", "images_seen")
"""What may say when a run ends: one of them."""
IMAGES_SEEN = 64_000
"""The budget of every run of a study that names none: the same number of images for all."""
OBJECTIVES = ("auc_rebalanced", "auc_raw")
"""Scores by which a selection chooses."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class SharedConfig(ProtocolConfig):
    """What all methods of a study share."""

    images_seen: int | None = None
    """Stop after so many images: their number by --batch-size in steps, rounded up."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images_seen is not None:
            at_least("images_seen", self.images_seen, 1)


@dataclass(frozen=True)
class MethodConfig:
    """One method, by what sets it apart from the others."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Of a `TrainConfig`, and `images_seen`."""
    recipe: str | None = None
    """The recipe whose values are its own where neither it nor the study says any."""
    start: str | None = None
    """The method whose finished run of the same seed it begins with, `from` in a file."""
    uniform: float | None = None
    """λ of its rebalancing weights."""
    step: float | None = None
    """Grid step of its gamut, in ab units."""
    sweep: Mapping[str, tuple[Any, ...]] | None = None
    """Values of its options to choose among, in place of the study's."""
    select_by: str | None = None
    """Score that its selection maximizes, in place of the study's."""


def _usual() -> dict[str, MethodConfig]:
    return {
        "regression": MethodConfig({"method": "regression"}),
        "classification": MethodConfig({"rebalance": False}),
        "classification-rebalanced": MethodConfig(),
    }


@dataclass(frozen=True)
class StudyConfig:
    """A whole study. `ValueError` names the table of a file that is in contradiction."""

    images: tuple[str, ...] = ()
    """Sources of images to train on."""
    val: tuple[str, ...] = ()
    """Sources of images that are watched during training; they choose nothing."""
    select: tuple[str, ...] = ()
    """Sources of images on which options and decoding parameters are chosen."""
    test: tuple[str, ...] = ()
    """Sources of images to report on; without, a fraction of the first is held out."""
    test_fraction: float = 0.1
    """That fraction; as many again are held out for selection if a sweep has no `select`."""
    sweep: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Values of options to choose among for every method: all combinations are tried."""
    sweep_share: float = 0.25
    """Budget of a trial of the sweep, as a fraction of a run's."""
    select_by: str = "auc_rebalanced"
    """Score that the selection maximizes, for every method that does not name its own."""
    seeds: int = 1
    """Seeds that each method is trained with, from the protocol's own on."""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    """Values of a `SharedConfig` that all methods share, whatever their recipes say."""
    evaluation: EvaluateConfig = field(default_factory=EvaluateConfig)
    methods: Mapping[str, MethodConfig] = field(default_factory=_usual)
    """In the order of the report; by default regression, plain and rebalanced classification."""
    file: str = ""
    """The file that says all this, if one does, for messages."""

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ConfigError(f"{self.place()}--seeds must be 1 or more, got {self.seeds}")
        if not 0 < self.test_fraction < 1:
            raise ConfigError(
                f"{self.place()}--test-fraction must be within 0 and 1, got {self.test_fraction:g}"
            )
        if not 0 < self.sweep_share <= 1:
            raise ConfigError(
                f"{self.place()}--sweep-share must be above 0 and at most 1, got "
                f"{self.sweep_share:g}"
            )
        self._refuse_objective("", self.select_by)
        if not self.methods:
            raise ConfigError(
                f"{self.place()}expected methods in [methods], got none: name one, [methods.mine]"
            )
        self._refuse_budgets("protocol" if self.file else "", self.protocol)
        for name, method in self.methods.items():
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"{self.place('methods')}expected names of letters, digits, - and _, got "
                    f"{name!r}"
                )
            self._refuse_budgets(f"methods.{name}", method.values)
            self._line(name)
            if method.select_by is not None:
                self._refuse_objective(f"methods.{name}", method.select_by)
        self._refuse_unequal_sweeps()

    def place(self, table: str = "") -> str:
        """How a message names the file and a table of it, with a colon and a space after each."""
        return "".join(f"{part}: " for part in (self.file, table and f"[{table}]") if part)

    def _refuse_budgets(self, table: str, values: Mapping[str, Any]) -> None:
        said = [name for name in BUDGETS if values.get(name) is not None]
        if len(said) > 1:
            raise ConfigError(
                f"{self.place(table)}expected one budget of {', '.join(BUDGETS)}, got "
                f"{' and '.join(said)}"
            )

    def _refuse_objective(self, table: str, objective: str) -> None:
        if objective not in OBJECTIVES:
            raise ConfigError(
                f"{self.place(table)}--select-by must be one of {', '.join(OBJECTIVES)}, got "
                f"{objective!r}"
            )

    def sweep_of(self, method: str) -> list[dict[str, Any]]:
        """Return the values of every trial of a method; none if nothing is swept."""
        own = self.methods[method].sweep
        options = self.sweep if own is None else own
        combined = product(*options.values())
        return [dict(zip(options, values, strict=True)) for values in combined] if options else []

    @property
    def sweeps(self) -> bool:
        """Whether any option is chosen among several values."""
        return any(self.sweep_of(name) for name in self.methods)

    def objective_of(self, method: str) -> str:
        """Return the score that a method's selection maximizes."""
        return self.methods[method].select_by or self.select_by

    def _refuse_unequal_sweeps(self) -> None:
        """Raise `ValueError` unless every method has the same number of trials."""
        counts = {name: len(self.sweep_of(name)) for name in self.methods}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{count} for {name}" for name, count in counts.items())
            raise ConfigError(
                f"{self.place()}expected the same number of trials for every method, got {told}: "
                "a comparison that tunes one method longer is not fair"
            )

    @property
    def first_seed(self) -> int:
        """The first of the seeds."""
        return int(self.protocol.get("seed", SharedConfig.seed))

    def by_start(self) -> list[str]:
        """The methods in an order of training: each after the one that it begins with."""
        return sorted(self.methods, key=lambda name: len(self._line(name)))

    def _line(self, name: str) -> list[str]:
        """The method, the one that it begins with, and so on."""
        line = [name]
        while (start := self.methods[line[-1]].start) is not None:
            where = self.place(f"methods.{line[-1]}")
            if start not in self.methods:
                others = ", ".join(other for other in self.methods if other != line[-1])
                raise ConfigError(f"{where}expected from to be one of {others}, got {start!r}")
            line.append(start)
            if line.count(start) > 1:
                told = " → ".join(line[line.index(start) :])
                raise ConfigError(
                    f"{where}expected from to lead to a method that begins anew, got a circle: "
                    f"{told}"
                )
        return line
