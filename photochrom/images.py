"""Any source of pictures → sRGB arrays: the one place that knows where pictures come from.

A source is a picture, a folder (searched to its depths), a glob pattern, a `.tar` of pictures,
or an `.h5` made by `photochrom pack`. Pictures are found first and read later, one by one, so
that a bad file among many can be reported and skipped.
"""

import glob
import hashlib
import io
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from photochrom import packed
from photochrom.files import write_whole

_ENDINGS = "jpg jpeg jpe jfif png webp tif tiff bmp gif ppm pgm pbm pnm jp2 avif"
SUFFIXES = frozenset(f".{ending}" for ending in _ENDINGS.split())
MAX_PIXELS = 200_000_000
"""A picture that declares more is refused before it is decoded."""
MAX_BYTES = 2_000_000_000
"""A file that is larger is refused before it is read."""
GREY_REACH = 5.0
"""A picture is grey where no |a| or |b| is above this (the mask of Zhang et al. 2016)."""

Fit = Literal["reduce", "scale"]


class PictureError(ValueError):
    """A picture, or a source of pictures, that cannot be read."""


@dataclass(frozen=True)
class Picture:
    """Where one picture lies: a file, `length` bytes at `offset` of a tar, or in a packed file."""

    name: str
    """Its path below the source that it was found in, with forward slashes."""
    path: Path
    offset: int = 0
    length: int | None = None
    packed: int | None = None
    """Its place in a packed file."""

    def read_bytes(self) -> bytes:
        """The encoded picture; `PictureError` where it is too large or cut short."""
        length = self.path.stat().st_size if self.length is None else self.length
        if length > MAX_BYTES:
            raise PictureError(f"expected at most {MAX_BYTES} bytes, got {length}")
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            data = file.read(length)
        if len(data) < length:
            raise PictureError(f"expected {length} bytes, got {len(data)}: the file is cut short")
        return data


@dataclass(frozen=True)
class Skipped:
    """A picture that was left out, and why."""

    name: str
    reason: str


@dataclass
class Found:
    """The pictures of some sources, in a stable order, and what could not be looked into."""

    pictures: list[Picture] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def find(sources: Sequence[str]) -> Found:
    """All pictures of `sources`, known by their suffix; `PictureError` if there are none."""
    if not sources:
        raise PictureError("expected pictures, got none: name folders, files, .tar or .h5 files")
    found = Found()
    for source in sources:
        before = len(found.pictures)
        for path in _expand(source):
            _look_into(path, found)
        if len(found.pictures) == before and not found.skipped:
            raise PictureError(
                f"{source}: expected pictures ({', '.join(sorted(SUFFIXES))}), a .tar of pictures "
                "or a packed .h5, found none: name a folder, a file or a pattern that holds some"
            )
    if not found.pictures:
        first = found.skipped[0]
        raise PictureError(f"{first.name}: expected pictures, found none ({first.reason})")
    return found


def _expand(source: str) -> list[Path]:
    path = Path(source)
    if path.exists():
        return [path]
    if glob.has_magic(source):
        return [Path(match) for match in sorted(glob.glob(source, recursive=True))]
    if path.with_name(f"{path.name}.parts").exists():
        raise PictureError(
            f"{source}: expected pictures, found a stopped photochrom pack: repeat its command"
        )
    raise PictureError(f"{source}: expected pictures, found no such file or folder")


def _look_into(path: Path, found: Found) -> None:
    if path.is_dir():
        for below in sorted(path.rglob("*")):
            if below.suffix.lower() in SUFFIXES and below.is_file():
                found.pictures.append(Picture(below.relative_to(path).as_posix(), below))
    elif path.suffix.lower() == ".tar":
        _index_tar(path, found)
    elif path.suffix.lower() == ".h5":
        _index_packed(path, found)
    elif path.suffix.lower() in SUFFIXES:
        found.pictures.append(Picture(path.name, path))
    else:
        found.skipped.append(Skipped(str(path), f"not a picture: its name ends in {path.suffix!r}"))


def _index_tar(path: Path, found: Found) -> None:
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES:
                    place = Picture(member.name, path, member.offset_data, member.size)
                    found.pictures.append(place)
            with open(path, "rb") as file:  # tarfile takes any end between two members for whole
                file.seek(tar.offset)
                if not file.read(1):
                    raise tarfile.ReadError("no end mark")
    except tarfile.TarError as error:
        found.skipped.append(Skipped(str(path), f"not a whole uncompressed tar ({error})"))


def _index_packed(path: Path, found: Found) -> None:
    try:
        names = packed.keys(path)
    except packed.PackedError as error:
        found.skipped.append(Skipped(str(path), str(error)))
        return
    found.pictures += [Picture(name, path, packed=place) for place, name in enumerate(names)]


def read(
    picture: Picture, size: int | None = None, *, fit: Fit = "reduce"
) -> UInt8[np.ndarray, "H W 3"]:
    """The picture as 8-bit sRGB, turned as its EXIF says, its short side brought to `size`.

    `reduce` leaves a smaller picture as it is; `scale` enlarges it. `PictureError` says
    what is wrong with a picture that cannot be read.
    """
    if picture.packed is not None:
        return _read_packed(picture.path, picture.packed, size, fit)
    try:
        with Image.open(io.BytesIO(picture.read_bytes())) as image:
            return np.asarray(_resized(_to_rgb(image), size, fit))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(f"expected at most {MAX_PIXELS} pixels: {error}") from None
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError) as error:
        # What Pillow's many decoders raise on damaged files.
        reason = "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
        raise PictureError(reason.splitlines()[0] if reason else type(error).__name__) from None


def _read_packed(path: Path, place: int, size: int | None, fit: Fit) -> UInt8[np.ndarray, "H W 3"]:
    try:
        pixels = packed.read(path, place)
    except packed.PackedError as error:
        raise PictureError(str(error)) from None
    if size is None or min(pixels.shape[:2]) == size:
        return pixels
    return np.asarray(_resized(Image.fromarray(pixels), size, fit))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width} × {image.height}"
        raise PictureError(f"expected at most {MAX_PIXELS} pixels, got {size}")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":  # Pillow would clip these at 255
        grey = np.asarray(image).astype(np.float64) * (255 / 65535)
        return Image.fromarray(grey.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def _resized(image: Image.Image, size: int | None, fit: Fit) -> Image.Image:
    short = min(image.size)
    if size is None or short == size or (fit == "reduce" and short < size):
        return image
    width, height = (max(1, round(side * size / short)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def save_png(rgb: UInt8[np.ndarray, "H W 3"], path: Path) -> None:
    """Write a picture as PNG, whole or not at all."""
    write_whole(path, png_bytes(rgb))


def png_bytes(rgb: UInt8[np.ndarray, "H W 3"]) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def digest(pictures: Sequence[Picture]) -> str:
    """A fingerprint of which pictures these are, in which order: by their names, not contents."""
    names = "\n".join(f"{picture.path.name}:{picture.name}" for picture in pictures)
    return hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()


def summary(skipped: Iterable[Skipped]) -> str:
    """One line on what was skipped, by reason: the most frequent reason first."""
    reasons: dict[str, list[str]] = {}
    for one in skipped:
        reasons.setdefault(one.reason, []).append(one.name)
    ordered = sorted(reasons.items(), key=lambda item: -len(item[1]))
    return "; ".join(f"{len(names)} × {reason} (first: {names[0]})" for reason, names in ordered)
