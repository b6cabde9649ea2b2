"""Studies as pages of values: `photochrom/studies/*.toml`, and those that people write.

STUDY.toml
├── images, val, select, test   sources, relative to the file's folder
├── seeds, test_fraction, sweep_share, select_by   see `photochrom.config.StudyConfig`
├── [sweep]                 lists of values by keys of a `TrainConfig`
├── [protocol]              what all methods share: keys of a `SharedConfig`
├── [evaluation]            keys of an `EvaluateConfig`
└── [methods.NAME]          keys of a `TrainConfig`, and recipe, from, uniform, step, select_by
    └── [methods.NAME.sweep]   as [sweep], for this method
"""

import glob
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from photochrom.config import (
    BUDGETS,
    Architecture,
    EvaluateConfig,
    MethodConfig,
    SharedConfig,
    StudyConfig,
    TrainConfig,
    toml,
)
from photochrom.errors import StudyError
from photochrom.recipes import OF_THE_RUN
from photochrom.study.methods import Method as Method, resolve as resolve

Config = TypeVar("Config", SharedConfig, EvaluateConfig)

_FOLDER = Path(__file__).parent / "presets"
_SOURCES = ("images", "val", "select", "test")
_PLAIN = (*_SOURCES, "test_fraction", "seeds", "sweep_share", "select_by")
_TABLES = ("protocol", "evaluation", "methods", "sweep")
_BESIDE = {
    "recipe": str,
    "from": str,
    "uniform": float,
    "step": float,
    "select_by": str,
    "sweep": dict,
}
"""Keys of a method that are no values of its training."""


def names() -> list[str]:
    """The studies that come with photochrom."""
    return toml.names(_FOLDER)


def load(study: str) -> StudyConfig:
    """A study by the name of one that comes with photochrom, or by the path of a `.toml`.

    `ValueError` names file, table and key of what is unknown, of another type or in
    contradiction.
    """
    page = toml.page(_FOLDER, study, flag="--config", what="a study")
    values = {key: value for key, value in toml.parsed(study, page).items() if key != "about"}
    kinds = {name: kind for name, kind in toml.kinds(StudyConfig).items() if name in _PLAIN}
    toml.check(study, values, kinds | dict.fromkeys(_TABLES, dict))
    for key in set(_SOURCES) & values.keys():
        values[key] = tuple(_beside(Path(study).parent, source) for source in values[key])
    if "protocol" in values:
        _built(f"{study}: [protocol]", values["protocol"], SharedConfig)
    if "evaluation" in values:
        table = values["evaluation"]
        values["evaluation"] = _built(f"{study}: [evaluation]", table, EvaluateConfig)
    if "sweep" in values:
        values["sweep"] = _sweep(f"{study}: [sweep]", values["sweep"])
    if "methods" in values:
        toml.check(f"{study}: [methods]", values["methods"], dict.fromkeys(values["methods"], dict))
        values["methods"] = {
            name: _method(f"{study}: [methods.{name}]", table)
            for name, table in values["methods"].items()
        }
    return StudyConfig(**values, file=study)


def _beside(folder: Path, source: str) -> str:
    """A source as a file in `folder` names it; absolute paths and URLs are as they are."""
    if "://" in source:
        return source
    # The folder's own name is no pattern, whatever characters it has.
    return str(Path(glob.escape(str(folder)) if glob.has_magic(source) else folder, source))


def _built(where: str, table: dict[str, Any], config: type[Config]) -> Config:
    """A config of a table's values."""
    toml.check(where, table, toml.kinds(config))
    lists = {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    try:
        return config(**{**table, **lists})
    except ValueError as error:
        raise StudyError(f"{where}: {error}") from None


def _trained() -> dict[str, Any]:
    """Return the type of each value that a method may have of its own."""
    ours = OF_THE_RUN - {"minutes"}  # the study's own: the same for all of them
    return {name: kind for name, kind in toml.kinds(TrainConfig).items() if name not in ours}


def _method(where: str, table: dict[str, Any]) -> MethodConfig:
    toml.check(where, table, {**_trained(), "images_seen": int, **_BESIDE})
    values = {name: value for name, value in table.items() if name not in _BESIDE}
    sweep = table.get("sweep")
    return MethodConfig(
        values,
        table.get("recipe"),
        table.get("from"),
        table.get("uniform"),
        table.get("step"),
        None if sweep is None else _sweep(f"{where[:-1]}.sweep]", sweep),
        table.get("select_by"),
    )


def _sweep(where: str, table: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return the values of each option to choose among; `ValueError` names the wrong one."""
    for option, values in table.items():
        if not isinstance(values, list) or not values:
            raise StudyError(f"{where}: expected {option} to be a list of values, got {values!r}")
        for value in values:
            toml.check(where, {option: value}, swept())
    return {option: tuple(values) for option, values in table.items()}


def swept() -> dict[str, Any]:
    """Return the type of each option that a sweep may vary: all but budgets and networks.

    A method keeps its budget, so that trials are equal, and its network, which is what a study
    compares or holds constant.
    """
    network = toml.kinds(Architecture)
    return {n: k for n, k in _trained().items() if n not in {*BUDGETS, *network}}


def parse_sweep(texts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return what flags such as `lr=3e-4,1e-3,3e-3` say; `ValueError` names the wrong one."""
    found: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        option, equals, values = text.partition("=")
        name = option.replace("-", "_")
        if not equals or not values or name not in swept():
            known = ", ".join(sorted(swept()))
            raise StudyError(
                f"expected --sweep OPTION=VALUE,VALUE with one of {known}, got {text!r}"
            )
        found |= _sweep("--sweep", {name: [_value(word) for word in values.split(",")]})
    return found


def _value(word: str) -> Any:
    """Return a word as TOML has it, or as text if it is none of its values."""
    try:
        return tomllib.loads(f"value = {word}")["value"]
    except tomllib.TOMLDecodeError:
        return word
