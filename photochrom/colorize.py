"""Pictures in, the same pictures in colour out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from jaxtyping import UInt8

from photochrom.color import lab_from_rgb
from photochrom.data import compose
from photochrom.images import Picture, PictureError, read, save_png
from photochrom.models import Colorizer, Decoder, OnnxColorizer
from photochrom.storage import is_url

_ENDING = "-color.png"


@dataclass(frozen=True)
class Colorized:
    """What became of one picture: where its result was written, or why not."""

    picture: Picture
    output: Path
    problem: str | None = None


def colorize(
    rgb: UInt8[np.ndarray, "H W 3"],
    colorizer: Colorizer | OnnxColorizer,
    *,
    temperature: float | None = None,
    how: Decoder = "annealed",
) -> UInt8[np.ndarray, "H W 3"]:
    """The picture with predicted ab and its own L, at its own size.

    The picture's own colours are ignored.
    """
    L = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0)[None].float() / 255)[:, :1]
    with torch.inference_mode():
        ab = colorizer.predict(L, temperature, how)
        out: np.ndarray = compose(L, ab)[0].movedim(0, -1).contiguous().numpy()
    return out


def output_path(picture: Picture, out: Path | None) -> Path:
    """Where a picture's result goes, as PNG.

    Below the folder `out` it has the picture's own place and name; without `out`,
    `photo-color.png` lies beside `photo.jpg`. `PictureError` for a name that would leave the
    folder, as a tar's members may have, and for a picture that has no place beside it.
    """
    if out is None:
        return _beside(picture)
    name = PurePosixPath(picture.name)
    if name.is_absolute() or ".." in name.parts:
        raise PictureError(f"expected a name below its source, got {picture.name!r}")
    return out / name.with_suffix(".png")


def _beside(picture: Picture) -> Path:
    if is_url(picture.path) or picture.length is not None or picture.packed is not None:
        raise PictureError("no place beside it to write to: name a folder with --output")
    path = Path(picture.path)
    if path.name.endswith(_ENDING):
        raise PictureError(f"its name ends in {_ENDING}, as an output's: add --output")
    return path.with_name(path.stem + _ENDING)


def colorize_all(
    pictures: Iterable[Picture],
    colorizer: Colorizer | OnnxColorizer,
    out: Path | None = None,
    *,
    temperature: float | None = None,
    how: Decoder = "annealed",
    overwrite: bool = False,
) -> Iterator[Colorized]:
    """Colorize each picture to its `output_path`; one that fails is told and passed over.

    Two pictures never share an output: the second is not written. A full disk is no matter of
    one picture and raises `OSError`, and so does an `out` that is no folder.
    """
    if out and out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out}: expected a folder to write to, found a file")
    written: set[Path] = set()
    for picture in pictures:
        path = Path(picture.path)
        try:
            path = output_path(picture, out)
            if path in written:
                raise PictureError("another picture has the same name")
            if path.exists() and not overwrite:
                raise PictureError("its output exists: add --overwrite to replace it")
            rgb = _read(picture)
        except PictureError as error:
            yield Colorized(picture, path, str(error))
            continue
        save_png(colorize(rgb, colorizer, temperature=temperature, how=how), path)
        written.add(path)
        yield Colorized(picture, path)


def _read(picture: Picture) -> UInt8[np.ndarray, "H W 3"]:
    try:
        return read(picture)
    except OSError as error:
        raise PictureError(str(error)) from None
