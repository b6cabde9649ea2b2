"""Models by name: those that come with photochrom, and those that lie in folders and buckets."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from photochrom import storage
from photochrom.models.fetched import is_kept
from photochrom.models.saved import CONFIG, WEIGHTS, locate, names, read_config


def find_models(places: Iterable[str] = ()) -> dict[str, str]:
    """Where each model is, by its name; the first is the default.

    A place is what `Colorizer.load` takes, or a folder or URL of such: each model directly below
    it has the name of its own folder. Without places, the models that come with photochrom.
    `ValueError` for a place that holds none, and for two of one name.
    """
    found: dict[str, str] = {}
    for place in places or names():
        for name, model in _models(place):
            if name in found:
                raise ValueError(
                    f"{model}: expected models of different names, got {name!r} from "
                    f"{found[name]}, too: rename its folder"
                )
            found[name] = model
    return found


def described(name: str, place: str) -> str:
    """One line on the model at a place: its method, its size, and whether it need be fetched."""
    config = read_config(place)
    size = storage.size(f"{locate(place)}/{WEIGHTS}")
    told = f"{name:<16} {config['network']['method']}; {size / 2**20:.1f} MiB"
    if storage.is_url(locate(place)):
        told += "; cached" if is_kept(config.get("sha256"), size) else "; not fetched yet"
    return f"{told}; {place}"


def _models(place: str) -> Iterator[tuple[str, str]]:
    located = locate(place)
    if storage.exists(f"{located}/{CONFIG}"):
        yield _name(place), place
        return
    try:
        below = list(storage.matches(f"{_escaped(located)}/*/{CONFIG}"))
    except FileNotFoundError:  # a bucket that is missing
        below = []
    if not below:
        raise ValueError(
            f"{place}: expected a model, its name ({', '.join(names())}), or a folder of models, "
            "found none"
        )
    for config in below:
        folder = config.removesuffix(f"/{CONFIG}")
        yield _name(folder), folder


def _name(place: str) -> str:
    if storage.is_url(place):
        return PurePosixPath(place.partition("://")[2]).name
    return Path(os.path.abspath(place)).name


def _escaped(folder: str) -> str:
    """A folder as a pattern that matches itself alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in folder)
