"""Where a colorized picture goes: the same place and name below a folder or URL, or beside it."""

from pathlib import Path, PurePosixPath

from photochrom.images import Picture, PictureError
from photochrom.originals import FORMATS, format_named
from photochrom.storage import is_url

_BESIDE = "-color"
_STAYS = {".tif": "TIFF", ".tiff": "TIFF"}


def format_of(picture: Picture, asked: str | None) -> str:
    """The format that a picture is written in: as asked, or without loss.

    `ValueError` for one that is not written.
    """
    if asked is None:
        return _STAYS.get(PurePosixPath(picture.name).suffix.lower(), "PNG")
    return format_named(asked)


def output_of(picture: Picture, out: str | None, format: str) -> str:
    """The path or URL of a picture's result.

    Below `out` it has the picture's own place and name; without `out`, `photo-color.png` lies
    beside `photo.jpg`. `PictureError` for a name that would leave the folder, as a tar's members
    may have, and for a picture that has no place beside it.
    """
    suffix = FORMATS[format].suffix
    if out is None:
        return str(_beside(picture, suffix))
    name = PurePosixPath(picture.name)
    if name.is_absolute() or ".." in name.parts:
        raise PictureError(f"expected a name below its source, got {picture.name!r}")
    return f"{out.rstrip('/')}/{name.with_suffix(suffix)}"


def _beside(picture: Picture, suffix: str) -> Path:
    if is_url(picture.path) or picture.length is not None or picture.packed is not None:
        raise PictureError("no place beside it to write to: name a folder with --output")
    path = Path(picture.path)
    if path.stem.endswith(_BESIDE):
        raise PictureError(f"its name ends in {_BESIDE}, as an output's: add --output")
    return path.with_name(path.stem + _BESIDE + suffix)
