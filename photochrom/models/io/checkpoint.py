"""A model's files, wherever they are: beside the package, in a run's folder, at a URL.

    MODEL/
    ├── config.json         format, version, network, temperature, checksum, how it was trained
    └── model.safetensors   the network's weights, and the gamut's bins as "bins"

`model.safetensors` is written last, so a folder that has it has the whole model. Nothing is
ever unpickled: of pickles `foreign` says what to do.
"""

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from photochrom import storage
from photochrom.config import Architecture
from photochrom.errors import ModelError
from photochrom.models.io.cache import checksum, fetched
from photochrom.models.io.pickle_guard import refuse_pickle
from photochrom.storage.atomic import parse_json, write_json, write_whole

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
FORMAT = "photochrom model"
VERSION = 2
SHIPPED = Path(__file__).parents[2] / "assets" / "models"
_TOLD = {
    "auc_raw": "raw AuC",
    "auc_rebalanced": "rebalanced AuC",
    "colorfulness": "colorfulness",
}
_OF_CONVOLUTIONS = 4  # axes of their weights: out, in, height, width
_MOST_CONFIG, _MOST_WEIGHTS = 2**20, 2**31  # bytes; larger files are refused before they are read


def names() -> list[str]:
    """The models that come with photochrom."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{WEIGHTS}"))


def card(name: str) -> str:
    """What a model that comes with photochrom says of itself; `ValueError` for another name."""
    if name not in names():
        raise ModelError(f"expected a model's name ({', '.join(names())}), got {name!r}")
    return (SHIPPED / name / CARD).read_text(encoding="utf-8")


def summary(name: str) -> str:
    """One line on a model that comes with photochrom: size, data and scores."""
    config, size = read_config(SHIPPED / name), (SHIPPED / name / WEIGHTS).stat().st_size
    training, scores = config["training"], config["scores"]
    told = ", ".join(f"{what} {scores[key]['value']:.1f}" for key, what in _TOLD.items())
    return (
        f"{name:<16} {training['label']}; {size / 2**20:.1f} MiB; "
        f"{training.get('images', training.get('pictures', 0)):,} photographs; {told}"
    )


def locate(model: str | Path) -> str:
    """The folder or URL of a model: as it was given, or of a name that comes with photochrom.

    A folder of that name that holds a model goes before the name.
    """
    place = str(model).rstrip("/") or "/"
    if place in names() and not storage.exists(f"{place}/{CONFIG}"):
        return str(SHIPPED / place)
    return place


def is_finished(folder: Path) -> bool:
    """Whether the run in `folder` has written its model."""
    return (folder / WEIGHTS).is_file()


def read_config(model: str | Path) -> dict[str, Any]:
    """A model's `config.json`; `ValueError` if what is named is no model of ours."""
    place = locate(model)
    refuse_pickle(place)
    if not storage.is_url(place) and not storage.is_folder(place):
        known, found = ", ".join(names()), "a file" if storage.exists(place) else "no such folder"
        raise ModelError(
            f"{place}: expected the folder of a run, its URL or a model's name ({known}), found "
            f"{found}"
        )
    config = _parsed(f"{place}/{CONFIG}")
    if config.get("format") != FORMAT or config.get("version") != VERSION:
        found = f"{config.get('format')!r} version {config.get('version')!r}"
        raise ModelError(f"{place}: expected {FORMAT} version {VERSION}, got {found}")
    for name, value, sound in _judged(config):
        if not sound:
            raise ModelError(
                f"{place}/{CONFIG}: expected a {name} as photochrom train writes it, got "
                f"{value!r}: restore the file or train anew"
            )
    return config


def read_weights(model: str | Path, config: dict[str, Any]) -> dict[str, Tensor]:
    """The tensors of a model that has this config.

    `ValueError` where the file is missing, damaged, or not the one whose checksum the config
    tells.
    """
    path = f"{locate(model)}/{WEIGHTS}"
    try:
        data = fetched(path, config.get("sha256"), _MOST_WEIGHTS)
    except FileNotFoundError:
        raise ModelError(
            f"{locate(model)}: expected a finished run with {WEIGHTS}, found none: "
            "continue it with photochrom train … --resume"
        ) from None
    if data is None:
        raise ModelError(f"{path}: expected at most {_MOST_WEIGHTS} bytes, got more")
    if "sha256" in config and checksum(data) != config["sha256"]:
        raise ModelError(
            f"{path}: expected the weights whose checksum {CONFIG} tells, got a damaged file or "
            "another model's: restore it, or install photochrom anew if it came with it"
        )
    try:
        return load(data)
    except SafetensorError as error:
        raise ModelError(f"{path}: expected weights, got a damaged file ({error})") from None


def write_model(
    folder: Path, tensors: dict[str, Tensor], told: dict[str, Any], *, half: bool
) -> None:
    """Write a model's two files: its tensors, and `told` with format, version and checksum.

    With `half` the weights of convolutions are written in 16 bit. Norms, biases and bins stay
    in 32: they are few, and variances may leave the range of 16.
    """
    kept = {
        name: value.half() if half and value.ndim == _OF_CONVOLUTIONS else value
        for name, value in tensors.items()
    }
    data = save({name: value.contiguous() for name, value in kept.items()})
    config = {"format": FORMAT, "version": VERSION, **told, "sha256": checksum(data)}
    write_json(folder / CONFIG, config)
    write_whole(folder / WEIGHTS, data)


def _parsed(path: str) -> dict[str, Any]:
    what = f"a run folder with {CONFIG}"
    try:
        data = storage.read_whole(path, _MOST_CONFIG)
    except FileNotFoundError:
        raise ModelError(f"{path}: expected {what}, found no such file") from None
    if data is None:
        raise ModelError(f"{path}: expected {what} of at most {_MOST_CONFIG} bytes, got more")
    return parse_json(data, path, what)


def _judged(config: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Each name of a `config.json` that is relied upon, its value, and whether it is usable."""
    network: Any = config.get("network")
    yield "network", network, isinstance(network, dict)
    hints = get_type_hints(Architecture)
    for name in (field.name for field in fields(Architecture)):
        value = network.get(name)
        kinds = get_args(hints[name])
        yield f"network: {name}", value, value in kinds if kinds else _fits(value, hints[name])
    usual = {"gain": 1.0, "temperature": 0.0, "step": 0.0}  # a gain was not known at first
    for name, missing in usual.items():
        value = config.get(name, missing)
        yield name, config.get(name), _fits(value, float) and value > 0
    for name in ("training", "scores"):
        value = config.get(name, {})
        yield name, value, isinstance(value, dict)
    for name in ("steps", "minutes", "megabytes"):
        value = config.get("training", {}).get(name)
        yield f"training: {name}", value, isinstance(value, int | float | None)


def _fits(value: Any, kind: type) -> bool:
    """Whether a value of JSON is a bool, a positive whole number or a finite number."""
    if kind is int:
        return type(value) is int and value > 0
    if kind is float:
        return type(value) in {int, float} and math.isfinite(value)
    return type(value) is kind
