"""Studies as pages of values: `photochrom/studies/*.toml`, and those that people write.

STUDY.toml
├── pictures, validate      sources, relative to the file's folder
├── seeds, hold_out         see `photochrom.config.StudyConfig`
├── [protocol]              what all methods share: keys of a `SharedConfig`
├── [evaluation]            keys of an `EvaluateConfig`
└── [methods.NAME]          keys of a `TrainConfig`, and recipe, from, uniform, step
"""

import glob
from pathlib import Path
from typing import Any, TypeVar

from photochrom.config import (
    EvaluateConfig,
    MethodConfig,
    SharedConfig,
    StudyConfig,
    TrainConfig,
    tables,
)
from photochrom.recipes import OF_THE_RUN
from photochrom.studies.methods import Method as Method, resolve as resolve

Config = TypeVar("Config", SharedConfig, EvaluateConfig)

_FOLDER = Path(__file__).parent
_PLAIN = ("pictures", "validate", "hold_out", "seeds")
_BESIDE = {"recipe": str, "from": str, "uniform": float, "step": float}
"""Keys of a method that are no values of its training."""


def names() -> list[str]:
    """The studies that come with photochrom."""
    return tables.names(_FOLDER)


def load(study: str) -> StudyConfig:
    """A study by the name of one that comes with photochrom, or by the path of a `.toml`.

    `ValueError` names file, table and key of what is unknown, of another type or in
    contradiction.
    """
    page = tables.page(_FOLDER, study, flag="--config", what="a study")
    values = {key: value for key, value in tables.parsed(study, page).items() if key != "about"}
    kinds = {name: kind for name, kind in tables.kinds(StudyConfig).items() if name in _PLAIN}
    tables.check(study, values, kinds | dict.fromkeys(("protocol", "evaluation", "methods"), dict))
    for key in {"pictures", "validate"} & values.keys():
        values[key] = tuple(_beside(Path(study).parent, source) for source in values[key])
    if "protocol" in values:
        _built(f"{study}: [protocol]", values["protocol"], SharedConfig)
    if "evaluation" in values:
        table = values["evaluation"]
        values["evaluation"] = _built(f"{study}: [evaluation]", table, EvaluateConfig)
    if "methods" in values:
        tables.check(
            f"{study}: [methods]", values["methods"], dict.fromkeys(values["methods"], dict)
        )
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
    tables.check(where, table, tables.kinds(config))
    lists = {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    try:
        return config(**{**table, **lists})
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _method(where: str, table: dict[str, Any]) -> MethodConfig:
    ours = OF_THE_RUN - {"minutes"}  # the study's own: the same for all of them
    trained = {name: kind for name, kind in tables.kinds(TrainConfig).items() if name not in ours}
    tables.check(where, table, {**trained, "pictures_seen": int, **_BESIDE})
    values = {name: value for name, value in table.items() if name not in _BESIDE}
    return MethodConfig(
        values, table.get("recipe"), table.get("from"), table.get("uniform"), table.get("step")
    )
