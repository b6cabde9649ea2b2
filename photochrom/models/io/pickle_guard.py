"""Models of other programs: pickles, which run the code that they hold, and are never opened."""

import json
import os
import shlex
from pathlib import PurePosixPath

from photochrom import storage
from photochrom.errors import ModelError

_ENDINGS = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle"}
_ZIP = b"PK\x03\x04"  # as torch.save writes since 1.6
_PROTO, _NEWEST = 0x80, 5  # how a pickle begins: this byte, then its protocol
_OURS = ("model.safetensors", "train.json")  # a finished run, or one that can be continued


def refuse_pickle(place: str) -> None:
    """`ValueError` if what is named as a model is a pickle, or a folder with no other model."""
    found = _pickle_at(place)
    if found is None:
        return
    folder = os.path.dirname(found) or os.curdir
    if found == place and any(storage.exists(f"{folder}/{name}") for name in _OURS):
        raise ModelError(f"{place}: expected the folder of a run, got a file in it: name {folder}")
    raise ModelError(
        f"{place}: expected a folder of config.json and model.safetensors, as photochrom train "
        "writes it, got a pickle, which is never opened, as it may run any code: only if you trust "
        f"whom it is from, make safetensors of its tensors by {_conversion(found)}"
    )


def _pickle_at(place: str) -> str | None:
    """The path of the pickle: the place, or the first in a folder that is no model of ours."""
    if storage.is_url(place):
        return place if _suffix(place) in _ENDINGS else None
    if os.path.isfile(place):
        return place if _suffix(place) in _ENDINGS or _begins_as_pickle(place) else None
    if not os.path.isdir(place) or any(os.path.exists(f"{place}/{name}") for name in _OURS):
        return None
    names = sorted(name for name in os.listdir(place) if _suffix(name) in _ENDINGS)
    return os.path.join(place, names[0]) if names else None


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _begins_as_pickle(path: str) -> bool:
    with open(path, "rb") as file:
        start = file.read(4)
    return start == _ZIP or (len(start) > 1 and start[0] == _PROTO and start[1] <= _NEWEST)


def _conversion(path: str) -> str:
    """What its owner may run. Double quotes within, so that a shell takes it in single ones."""
    old, new = (
        json.dumps(str(name), ensure_ascii=False)
        for name in (path, PurePosixPath(path).with_suffix(".safetensors"))
    )
    load = f"torch.load({old}, weights_only=False)"
    code = f"import torch; from safetensors.torch import save_file; save_file({load}, {new})"
    return f"python -c {shlex.quote(code)}"
