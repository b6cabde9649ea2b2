"""Values that make no sense are refused, by the name of their flag."""

from collections.abc import Sequence
from typing import Any

from photochrom.errors import ConfigError


def at_least(name: str, value: float, least: float) -> None:
    """`ValueError` if `value` is below `least`."""
    if not value >= least:
        raise ConfigError(f"{flag(name)} must be {least:g} or more, got {value:g}")


def positive(name: str, value: float) -> None:
    """`ValueError` if `value` is 0 or below."""
    if not value > 0:
        raise ConfigError(f"{flag(name)} must be positive, got {value:g}")


def share(name: str, value: float) -> None:
    """`ValueError` if `value` is no share of a whole."""
    if not 0 <= value <= 1:
        raise ConfigError(f"{flag(name)} must be within 0 and 1, got {value:g}")


def one_of(name: str, value: Any, choices: Sequence[Any]) -> None:
    """`ValueError` if `value` is none of `choices`."""
    if value not in choices:
        told = ", ".join(map(str, choices))
        raise ConfigError(f"{flag(name)} must be one of {told}, got {value!r}")


def goes_with(name: str, value: Any, needed: str, got: Any) -> None:
    """`ValueError` that says what a value needs, and what it was given with."""
    raise ConfigError(f"{flag(name)} {value} needs {needed}, got {got}")


def flag(name: str) -> str:
    """`--discriminator-lr` of `discriminator_lr`."""
    return f"--{name.replace('_', '-')}"
