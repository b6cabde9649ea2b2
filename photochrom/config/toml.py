"""What people write into a TOML file, refused by file, table, key and value where it is wrong."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from photochrom.errors import ConfigError

_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    dict: "a table",
}


def page(folder: Path, name: str, *, flag: str, what: str) -> str:
    """The text of a `.toml` that comes with photochrom in `folder`, or of one by its path.

    `ValueError` says by which `flag` it was named, and `what` was expected.
    """
    shipped = names(folder)
    path = folder / f"{name}.toml" if name in shipped else Path(name)
    if path.suffix != ".toml":
        raise ConfigError(
            f"{flag} must be one of {', '.join(shipped)} or a .toml file, got {name!r}"
        )
    if not path.is_file():
        raise ConfigError(f"{path}: expected {what}, found no such file")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected a text in UTF-8, got other bytes ({error})") from None


def names(folder: Path) -> list[str]:
    """The pages in a folder of photochrom's."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def parsed(name: str, text: str) -> dict[str, Any]:
    """The values of a page; `ValueError` if it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: expected TOML, got something else ({error})") from None


def kinds(config: Any) -> dict[str, Any]:
    """The type of each field of a config."""
    hints = get_type_hints(config)
    return {field.name: hints[field.name] for field in fields(config)}


def check(where: str, values: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """`ValueError` for a key that is not known or a value that is not of its type.

    `where` is the file, and the table if there is one.
    """
    for key, value in values.items():
        if key not in known:
            told = ", ".join(sorted(known))
            raise ConfigError(f"{where}: expected keys among {told}, got {key!r}")
        sound, wanted = _judged(value, known[key])
        if not sound:
            raise ConfigError(f"{where}: expected {key} to be {wanted}, got {value!r}")


def _judged(value: Any, kind: Any) -> tuple[bool, str]:
    """Whether the value is of that type, and the type in words."""
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return value in choices, f"one of {', '.join(map(str, choices))}"
    if get_origin(kind) is tuple:
        one = get_args(kind)[0]
        sound = type(value) is list and all(_judged(member, one)[0] for member in value)
        return sound, f"a list, each {_WORDS[one]}"
    first = next(one for one in get_args(kind) or (kind,) if one is not type(None))
    sound = type(value) is first or (first is float and type(value) is int)
    return sound, _WORDS[first]
