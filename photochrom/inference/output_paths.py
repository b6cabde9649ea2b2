"""Where a colorized image goes: the same place and name below a folder or URL, or beside it."""

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from photochrom.config import ExtrasConfig
from photochrom.errors import OutputError as OutputError
from photochrom.image_io import FORMATS, ImageError, SourceImage, format_named
from photochrom.storage.open import is_url, refuse_credentials

_BESIDE = "-color"
_OURS = re.compile(rf"{_BESIDE}(-entropy|-[0-9]+)?$")
_STAYS = {".tif": "TIFF", ".tiff": "TIFF"}
_OF_A_NAME = {"ENAMETOOLONG", "EISDIR", "ENOTDIR", "EEXIST", "ELOOP", "EINVAL", "EILSEQ"}
_OF_ONE = {getattr(errno, name) for name in _OF_A_NAME | {"EACCES", "EPERM"}}


def check_folder(out: str) -> None:
    """`OSError` if `out` is no folder that can be written to, or made, or tells credentials."""
    if is_url(out):
        refuse_credentials(out)
        return
    place = next(place for place in (Path(out), *Path(out).absolute().parents) if place.exists())
    if not place.is_dir():
        raise NotADirectoryError(f"{place}: expected a folder to write to, found a file")
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(f"{place}: expected a folder that may be written to: name another")


def places_of(images: Iterable[SourceImage]) -> frozenset[str]:
    """The files that images lie in, which no output may replace."""
    return frozenset(os.path.realpath(image.path) for image in images)


def of_one_image(error: OSError) -> bool:
    """Whether what could not be written is due to this output's name or folder, not the disk."""
    return error.errno in _OF_ONE


def format_of(image: SourceImage, asked: str | None) -> str:
    """The format that an image is written in: as asked, or without loss.

    `ValueError` for one that is not written.
    """
    if asked is None:
        return _STAYS.get(PurePosixPath(image.name).suffix.lower(), "PNG")
    return format_named(asked)


def output_of(image: SourceImage, out: str | None, format: str) -> str:
    """The path or URL of an image's result.

    Below `out` it has the image's own place and name; without `out`, `photo-color.png` lies
    beside `photo.jpg`. `ImageError` for a name that would leave the folder, as a tar's members
    may have, and for an image that has no place beside it.
    """
    suffix = FORMATS[format].suffix
    if out is None:
        return str(_beside(image, suffix))
    name = PurePosixPath(image.name)
    if name.is_absolute() or ".." in name.parts or "\0" in image.name:
        raise ImageError(f"expected a name below its source, got {image.name!r}")
    return f"{out.rstrip('/')}/{name.with_suffix(suffix)}"


def _beside(image: SourceImage, suffix: str) -> Path:
    if is_url(image.path) or image.length is not None or image.packed is not None:
        raise ImageError("no place beside it to write to: name a folder with --output")
    path = Path(image.path)
    if ending := _OURS.search(path.stem):
        raise OutputError(f"its name ends in {ending[0]}, as an output's: add --output")
    return path.with_name(path.stem + _BESIDE + suffix)


def extras_of(output: str, extras: ExtrasConfig) -> tuple[str, ...]:
    """The paths or URLs of what goes beside an output: alternatives, entropy, palette.

    >>> extras_of("out/photo.jpg", ExtrasConfig(alternatives=2, entropy=True))
    ('out/photo-1.jpg', 'out/photo-2.jpg', 'out/photo-entropy.png')
    """
    stem, _, suffix = output.rpartition(".")
    places = [f"{stem}-{number}.{suffix}" for number in range(1, extras.alternatives + 1)]
    if extras.entropy:
        places.append(f"{stem}-entropy.png")
    if extras.palette:
        places.append(f"{stem}-palette.json")
    return tuple(places)
