"""`study.json`: what a study was begun with, and what it is compared with when it goes on."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from photochrom.config import PriorConfig, SharedConfig, StudyConfig
from photochrom.errors import StudyError
from photochrom.image_io import digest
from photochrom.storage.atomic import read_json, write_json
from photochrom.study.inputs import ImageSets
from photochrom.study.runs import Run

_FORMAT = "photochrom study"
_FREE = frozenset({"workers", "precision", "seed"})  # no other run, or a run more
VERSION = 2
_SAME = ("training", "test", "select", "val", "prior")


def settings_of(
    runs: Sequence[Run], config: StudyConfig, images: ImageSets, prior: PriorConfig
) -> dict[str, Any]:
    """All that the runs of a study and its report follow from."""
    protocol = asdict(SharedConfig(**config.protocol))
    settings = {
        "format": _FORMAT,
        "version": VERSION,
        "training": digest(images.training),
        "test": digest(images.test),
        "select": digest(images.select),
        "val": digest(images.val),
        "protocol": _kept(protocol),
        "prior": asdict(prior),
        "evaluation": asdict(config.evaluation),
        "methods": {run.method: _of_method(run, config) for run in runs},
        "runs": [[run.method, run.seed] for run in runs],
    }
    as_read: dict[str, Any] = json.loads(json.dumps(settings))  # a tuple comes back as a list
    return as_read


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _FREE}


def _of_method(run: Run, config: StudyConfig) -> dict[str, Any]:
    return {
        **_kept(asdict(run.config)),
        "step": run.view.step,
        "uniform": run.view.uniform,
        "from": config.methods[run.method].start,
        "select_by": config.objective_of(run.method),
        "sweep": config.sweep_of(run.method),
        "sweep_share": config.sweep_share,
    }


def refuse_other(folder: Path, now: dict[str, Any]) -> dict[str, Any] | None:
    """What the study in `folder` began with, `None` where there is none yet.

    `FileExistsError` or `ValueError` where it cannot be continued with the settings `now`:
    methods and seeds may be added or left out and the evaluation may change, but the images
    and what the methods share must be the same, and a method that it has must be as it was.
    """
    known = folder / "study.json"
    if not known.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(
                f"{folder}: expected a new folder or a study to continue, found something else"
            )
        return None
    earlier = read_json(known, "the settings of a study")
    if earlier.get("version") != VERSION:
        raise StudyError(
            f"{folder}: expected a study of version {VERSION}, got one of an earlier protocol, "
            f"whose runs do not compare with new ones: score them by photochrom evaluate "
            f"{folder}/runs/* or name another folder"
        )
    protocol = earlier.get("protocol")
    if not isinstance(protocol, dict):
        raise StudyError(f"{known}: expected the settings of a study, got {protocol!r}")
    differing = _differing(protocol, now["protocol"])
    differing = differing or next((name for name in _SAME if earlier.get(name) != now[name]), "")
    if differing:
        raise StudyError(
            f"{folder}: expected the protocol settings or images that this study began with, "
            f"got others ({differing}): repeat its command to continue it, or name another folder"
        )
    for method, began in earlier.get("methods", {}).items():
        changed = _differing(began, now["methods"].get(method, began))
        if changed:
            raise StudyError(
                f"{folder}: expected method {method} as this study began with it, got another "
                f"({changed}): give it another name, or name another folder"
            )
    return earlier


def _differing(began: dict[str, Any], now: dict[str, Any]) -> str:
    """The first value that is another: what it was and what it is."""
    for name, value in now.items():
        if name in began and began[name] != value:
            return f"{name} {began[name]}, now {value}"
    return ""


def keep(folder: Path, now: dict[str, Any], earlier: dict[str, Any] | None, page: Path) -> None:
    """Write the settings; a page that tells of other runs, or otherwise, goes before."""
    if earlier is None:
        write_json(folder / "study.json", now)
        return
    merged = {**now, "methods": {**earlier.get("methods", {}), **now["methods"]}}
    if merged != earlier:
        page.unlink(missing_ok=True)
        write_json(folder / "study.json", merged)
