"""The known systems as pages of values: `photochrom/recipes/*.toml`.

A recipe is a `TrainConfig` and nothing else. What depends on machine and hour (seed, minutes,
workers, devices, precision) is not in it.
"""

from pathlib import Path
from typing import Any

from photochrom.config import TrainConfig, toml
from photochrom.errors import ConfigError
from photochrom.recipes.finetune import (
    follow as follow,
    follow_model as follow_model,
)

_FOLDER = Path(__file__).parent
OF_THE_RUN = frozenset({"minutes", "seed", "workers", "precision", "devices", "nodes"})
"""Fields of a `TrainConfig` that no recipe says."""
DEFAULT = "classification"


def names() -> list[str]:
    """The recipes that come with photochrom."""
    return toml.names(_FOLDER)


def page(recipe: str) -> str:
    """The text of a recipe, by its name or the path of a `.toml` of one's own."""
    return toml.page(_FOLDER, recipe, flag="--recipe", what="a recipe")


def about(recipe: str) -> str:
    """What a recipe is, in one line: its key `about`."""
    return str(_values(recipe).get("about", ""))


def load(recipe: str) -> TrainConfig:
    """The recipe's values, the defaults where it has none.

    `ValueError` names the key that is unknown, of another type or in contradiction.
    """
    values = {key: value for key, value in _values(recipe).items() if key != "about"}
    toml.check(recipe, values, toml.kinds(TrainConfig))
    try:
        return TrainConfig(**values)
    except ValueError as error:
        raise ConfigError(f"{recipe}: {error}") from None


def _values(recipe: str) -> dict[str, Any]:
    return toml.parsed(recipe, page(recipe))
