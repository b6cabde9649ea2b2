"""The known systems as pages of values: `photochrom/recipes/*.toml`.

A recipe is a `TrainConfig` and nothing else. What depends on machine and hour (seed, minutes,
workers, devices, precision) is not in it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from photochrom.config import TrainConfig

_FOLDER = Path(__file__).parent
OF_THE_RUN = frozenset({"minutes", "seed", "workers", "precision", "devices", "nodes"})
"""Fields of a `TrainConfig` that no recipe says."""
DEFAULT = "classification"


def names() -> list[str]:
    """The recipes that come with photochrom."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def page(recipe: str) -> str:
    """The text of a recipe, by its name or the path of a `.toml` of one's own."""
    path = _FOLDER / f"{recipe}.toml" if recipe in names() else Path(recipe)
    if path.suffix != ".toml":
        told = ", ".join(names())
        raise ValueError(f"--recipe must be one of {told} or a .toml file, got {recipe!r}")
    if not path.is_file():
        raise ValueError(f"{path}: expected a recipe, found no such file")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a text in UTF-8, got other bytes ({error})") from None


def about(recipe: str) -> str:
    """What a recipe is, in one line: its key `about`."""
    return str(_values(recipe).get("about", ""))


def load(recipe: str) -> TrainConfig:
    """The recipe's values, the defaults where it has none.

    `ValueError` names the key that is unknown, of another type or in contradiction.
    """
    values = {key: value for key, value in _values(recipe).items() if key != "about"}
    hints = get_type_hints(TrainConfig)
    known = {field.name: hints[field.name] for field in fields(TrainConfig)}
    for key, value in values.items():
        _check(recipe, key, value, known)
    try:
        return TrainConfig(**values)
    except ValueError as error:
        raise ValueError(f"{recipe}: {error}") from None


def _values(recipe: str) -> dict[str, Any]:
    try:
        return tomllib.loads(page(recipe))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{recipe}: expected TOML, got something else ({error})") from None


def _check(recipe: str, key: str, value: Any, known: Mapping[str, Any]) -> None:
    if key not in known:
        told = ", ".join(sorted(known))
        raise ValueError(f"{recipe}: expected keys among {told}, got {key!r}")
    kind = known[key]
    if get_origin(kind) is Literal:
        sound, wanted = value in get_args(kind), f"one of {', '.join(map(str, get_args(kind)))}"
    else:
        kinds = [one for one in get_args(kind) or (kind,) if one is not type(None)]
        wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[
            kinds[0]
        ]
        sound = type(value) is kinds[0] or (kinds[0] is float and type(value) is int)
    if not sound:
        raise ValueError(f"{recipe}: expected {key} to be {wanted}, got {value!r}")
