"""What a run's folder says of how the run began, so that it goes on as it began."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from photochrom.config import TrainConfig
from photochrom.errors import TrainingError
from photochrom.image_io import SourceImage, digest
from photochrom.models import Colorizer
from photochrom.prior import PriorFile
from photochrom.quantize import Gamut
from photochrom.storage.atomic import read_json, write_json

_FREE = frozenset({"workers", "precision", "devices", "nodes"})  # do not change what a run is
_SAME = {name: name for name in ("images", "watched", "sources", "gamut", "prior")}
_SAME["initial"] = "model"


def fingerprint(
    images: Sequence[SourceImage],
    watched: Sequence[SourceImage],
    sources: Sequence[str] | None,
    prior: PriorFile | None,
    initial: Colorizer | None,
    config: TrainConfig,
    gamut: Gamut,
) -> dict[str, Any]:
    """All that a run follows from."""
    weights = [prior.prior.weights(prior.uniform).tobytes()] if prior and config.rebalance else []
    first = initial.state_dict().values() if initial else []
    return {
        "config": asdict(config),
        "images": digest(images),
        "watched": digest(watched),
        "sources": _sha256([] if sources is None else ["\0".join(sources).encode()]),
        "prior": _sha256(weights),
        "gamut": _sha256([gamut.bins.numpy().tobytes()]),
        "initial": _sha256(value.contiguous().numpy().tobytes() for value in first),
    }


def _sha256(parts: Any) -> str:
    sum_of = hashlib.sha256()
    for part in parts:
        sum_of.update(part)
    return sum_of.hexdigest()


def open_run(run: Path, now: dict[str, Any], *, resume: bool) -> None:
    """Begin a run in a new folder, or check that the one there began like this.

    `FileExistsError` or `ValueError` says why it cannot be.
    """
    known = run / "train.json"
    if not known.exists():
        if run.exists() and (not run.is_dir() or any(run.iterdir())):
            raise FileExistsError(
                f"{run}: expected a new folder or a run of photochrom train, found something else"
            )
        write_json(known, now)
        return
    if not resume:
        raise FileExistsError(
            f"{run}: expected a new run, found one that exists: add --resume or name another"
        )
    earlier = read_json(known, "the settings of a run")
    began = earlier.get("config")
    if not isinstance(began, dict):
        raise TrainingError(f"{known}: expected the settings of a run, got {began!r}: name another")
    began = asdict(TrainConfig()) | began  # what was not known then was as it is by default
    for name, value in now["config"].items():
        if name not in _FREE and began[name] != value:
            flag = f"--{name.replace('_', '-')}"
            raise TrainingError(
                f"{run}: expected {flag} {began[name]} as the run began, got {value}: repeat "
                "its flags or name another"
            )
    for name in _SAME:
        if earlier.get(name, _sha256([])) != now[name]:
            raise TrainingError(
                f"{run}: expected the {_SAME[name]} that the run began with, got others: repeat "
                "its command or name another"
            )


def checkpoint_step(checkpoint: Path) -> int:
    """The steps done in a checkpoint, 0 if there is none; `ValueError` if it is damaged."""
    if not checkpoint.exists():
        return 0
    try:
        return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["steps_done"])
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingError(
            f"{checkpoint}: expected the checkpoint of a run, got a damaged file: delete it to "
            "start the run anew"
        ) from error
