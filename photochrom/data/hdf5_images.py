"""Images → one packed file, resumably: see `photochrom.image_io.packed` for what it holds.

While it is made, PHOTOS.h5.parts/ holds what is done, in files that are each whole:

    pack.json     size and digest of the images: what a resume must match
    000000.h5     the images from number 0 on, as a packed file; and so on
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py

from photochrom import __version__
from photochrom.errors import DataError
from photochrom.image_io import ImageError, Skipped, SourceImage, digest, read_rgb
from photochrom.image_io.packed import FORMAT, VERSION
from photochrom.storage.atomic import read_json, replacing, write_json

_PART_SECONDS = 10.0  # what a kill loses at most
_PART_BYTES = 1 << 28  # what waits in memory at most, and one image


def pack(
    images: Sequence[SourceImage],
    size: int,
    output: Path,
    *,
    track: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, _: items,
) -> list[Skipped]:
    """Decode `images`, reduce them to the short side `size` and write them to `output`.

    What an earlier call had done when it was stopped is not done again. Returns what could
    not be read. `ValueError` if other images or another size were begun there, and if no
    image could be read. `track` wraps the work to show progress.
    """
    parts = output.with_name(f"{output.name}.parts")
    done = _open_parts(parts, {"size": size, "pictures": digest(images)})
    part: _Part | None = None
    for place, image in enumerate(track(images, len(images))):
        if place < done:
            continue
        part = part or _Part(parts / f"{place:06d}.h5", size)
        part.add(image)
        if part.is_full():
            part.close()
            part = None
    if part:
        part.close()
    skipped = _join(parts, size, output)
    shutil.rmtree(parts)
    return skipped


def _open_parts(parts: Path, settings: dict[str, Any]) -> int:
    """How many images are done in the folder, which is made if need be."""
    known = parts / "pack.json"
    if not known.exists():
        write_json(known, settings)
    if read_json(known, "the settings of a stopped photochrom pack") != settings:
        raise DataError(
            f"{parts}: expected the images and the size that packing began with, got others: "
            "repeat its command, or delete the folder"
        )
    done = 0
    while (part := parts / f"{done:06d}.h5").exists():
        with h5py.File(part, "r") as file:
            done += int(file.attrs["worked"])
    return done


class _Part:
    """A part in the making: images are collected in memory and written at once."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size = path, size
        self.pixels: list[Any] = []
        self.keys: list[str] = []
        self.sources: list[str] = []
        self.skipped: list[tuple[str, str]] = []
        self.bytes = 0
        self.began = time.monotonic()

    def add(self, image: SourceImage) -> None:
        try:
            pixels = read_rgb(image, self.size)
        except (ImageError, OSError) as error:
            self.skipped.append((image.name, str(error)))
            return
        self.pixels.append(pixels)
        self.bytes += pixels.nbytes
        self.keys.append(_text(image.name))
        self.sources.append(_text(os.path.basename(image.path)))

    def is_full(self) -> bool:
        return self.bytes >= _PART_BYTES or time.monotonic() - self.began >= _PART_SECONDS

    def close(self) -> None:
        with replacing(self.path) as partial, h5py.File(partial, "w", libver="latest") as file:
            _describe(file, self.size, self.keys, self.sources)
            file.attrs["worked"] = len(self.pixels) + len(self.skipped)
            file["skipped"] = json.dumps(self.skipped)
            for place, pixels in enumerate(self.pixels):
                file["pictures"].create_dataset(str(place), data=pixels)


def _join(parts: Path, size: int, output: Path) -> list[Skipped]:
    """Copy all parts into one file; returns what they left out."""
    paths = sorted(parts.glob("*.h5"), key=lambda path: int(path.stem))
    keys: list[str] = []
    sources: list[str] = []
    skipped: list[Skipped] = []
    for path in paths:  # one open at a time: there may be thousands
        with h5py.File(path, "r") as part:
            keys += part["key"].asstr()[:].tolist()
            sources += part["source"].asstr()[:].tolist()
            skipped += [Skipped(*one) for one in json.loads(part["skipped"][()])]
    if not keys:
        shutil.rmtree(parts)
        raise DataError(f"expected images that can be read_rgb, got none of {len(skipped)}")
    with replacing(output) as partial, h5py.File(partial, "w", libver="latest") as whole:
        _describe(whole, size, keys, sources)
        place = 0
        for path in paths:
            with h5py.File(path, "r") as part:
                for number in range(len(part["key"])):
                    part.copy(f"pictures/{number}", whole["pictures"], name=str(place))
                    place += 1
    return skipped


def _describe(file: h5py.File, size: int, keys: Sequence[str], sources: Sequence[str]) -> None:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    file.attrs.update(
        format=FORMAT, version=VERSION, size=size, created=created, photochrom=__version__
    )
    text = h5py.string_dtype()
    file.create_dataset("key", data=list(keys), dtype=text, shape=(len(keys),))
    file.create_dataset("source", data=list(sources), dtype=text, shape=(len(sources),))
    file.create_group("pictures")


def _text(name: str) -> str:
    """A file's name as UTF-8 can hold it: bytes that are no text become question marks."""
    return name.encode(errors="replace").decode()
