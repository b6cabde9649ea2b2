"""Models by name: those that come with photochrom, and those that lie in folders and buckets."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from photochrom import storage
from photochrom.errors import ModelError
from photochrom.models.io.cache import is_kept
from photochrom.models.io.checkpoint import CONFIG, WEIGHTS, locate, names, read_config
from photochrom.models.onnx.metadata import ENDING, count, is_exported, read_metadata


def find_models(places: Iterable[str] = ()) -> dict[str, str]:
    """Where each model is, by its name; the first is the default.

    A place is what `load_model` takes, or a folder or URL of such: each model directly below it
    has the name of its own folder or, with the ending, .onnx file. Without places, the models that
    come with photochrom. `ValueError` for a place that holds none, and for two of one name.
    """
    found: dict[str, str] = {}
    for place in places or names():
        for name, model in _models(place):
            if name in found:
                raise ModelError(
                    f"{model}: expected models of different names, got {name!r} from "
                    f"{found[name]}, too: rename it"
                )
            found[name] = model
    return found


def described(name: str, place: str) -> str:
    """One line on the model at a place: its method, its size, and whether it need be fetched."""
    if is_exported(place):
        told = read_metadata(place)
        method, sha256, file = told.get("method", ""), told.get("sha256"), place
        size, length = storage.size(file), count(place, told, "bytes")
    else:
        config = read_config(place)
        method, sha256 = config["network"]["method"], config.get("sha256")
        file = f"{locate(place)}/{WEIGHTS}"
        size = length = storage.size(file)
    line = f"{name:<16} {method}; {size / 2**20:.1f} MiB"
    if storage.is_url(file):
        line += "; cached" if is_kept(file, sha256, length) else "; not fetched yet"
    return f"{line}; {place}"


def _models(place: str) -> Iterator[tuple[str, str]]:
    located = locate(place)
    if is_exported(place) or storage.exists(f"{located}/{CONFIG}"):
        yield _name(place), place
        return
    folder = _escaped(located)
    below = [config.removesuffix(f"/{CONFIG}") for config in _matches(f"{folder}/*/{CONFIG}")]
    below += [file for file in _matches(f"{folder}/*{ENDING}") if file not in below]
    if not below:
        raise ModelError(
            f"{place}: expected a model, its name ({', '.join(names())}), or a folder of models, "
            "found none"
        )
    for model in below:
        yield _name(model), model


def _matches(pattern: str) -> list[str]:
    try:
        return list(storage.matches(pattern))
    except FileNotFoundError:  # a bucket that is missing
        return []


def _name(place: str) -> str:
    if storage.is_url(place):
        return PurePosixPath(place.partition("://")[2]).name
    return Path(os.path.abspath(place)).name


def _escaped(folder: str) -> str:
    """A folder as a pattern that matches itself alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in folder)
