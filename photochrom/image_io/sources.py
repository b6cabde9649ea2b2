"""Names of sources → the images in them, one by one, without a list of them all.

A source is an image, a folder (searched to its depths), a glob pattern, a `.tar` or `.zip` of
images, an `.h5` made by `photochrom pack`, a `.txt` that lists such sources line by line, or
the URL of any of these (`s3://…`, `gs://…`). Images are found first and read later, so that a
bad file among many can be reported and skipped.
"""

import glob
import os
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from photochrom import storage
from photochrom.image_io import packed
from photochrom.image_io.source_image import ImageError, Skipped, SourceImage

_ENDINGS = (
    "jpg jpeg jpe jfif mpo png webp tif tiff bmp dib gif ppm pgm pbm pnm pfm jp2 j2k jpf jpx "
    "avif heic heif hif tga sgi pcx qoi"
)
SUFFIXES = frozenset(f".{ending}" for ending in _ENDINGS.split())
Entry = SourceImage | Skipped


@dataclass
class Found:
    """The images of some sources, in a stable order, and what could not be looked into."""

    images: list[SourceImage] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def find(sources: Sequence[str]) -> Found:
    """All images of `sources` as lists; `ImageError` if there are none."""
    found = Found()
    for entry in iterate(sources):
        if isinstance(entry, Skipped):
            found.skipped.append(entry)
        else:
            found.images.append(entry)
    if not found.images:
        first = found.skipped[0]
        raise ImageError(f"{first.name}: expected images, found none ({first.reason})")
    return found


def total(sources: Sequence[str]) -> int:
    """How many images `iterate` gives, and how many `Skipped`."""
    return sum(1 for _ in iterate(sources))


def iterate(sources: Sequence[str]) -> Iterator[Entry]:
    """The images of `sources`, known by their suffix, in a stable order, as they are found.

    What cannot be looked into comes as `Skipped`, and so does a source without images where
    there are others. `ImageError` for a source that does not exist, or an only one without.
    """
    if not sources:
        raise ImageError(
            "expected images, got none: name folders, files, .tar, .zip, .h5 or .txt files"
        )
    for source in sources:  # before hours of work on the first
        _check(source)
    for source in sources:
        empty = True
        for entry in _source(source):
            empty = False
            yield entry
        if empty and len(sources) > 1:  # hours of work on the others may lie before
            yield Skipped(source, "no image in it")
        elif empty:
            raise ImageError(
                f"{source}: expected images ({', '.join(sorted(SUFFIXES))}), an archive or a "
                "list of images, found none: name a folder, a file or a pattern that holds some"
            )


def _check(source: str) -> None:
    """`ImageError` if there is no such source."""
    if storage.exists(source) or glob.has_magic(source):
        return
    if storage.exists(f"{source}.parts"):
        raise ImageError(
            f"{source}: expected images, found a stopped photochrom pack: repeat its command"
        )
    raise ImageError(f"{source}: expected images, found no such file or folder")


def _source(source: str) -> Iterator[Entry]:
    _check(source)
    places = [source] if storage.exists(source) else storage.matches(source)
    for place in places:
        yield from _place(place)


def _place(place: str) -> Iterator[Entry]:
    """What lies at a place that exists."""
    suffix = _suffix(place)
    if storage.is_folder(place):
        yield from _folder(place)
    elif storage.is_special(place):
        yield Skipped(place, "not an image: a pipe, a socket or a device")
    elif suffix in SUFFIXES:
        yield SourceImage(os.path.basename(place), place)
    elif suffix in _ARCHIVES:
        try:
            yield from _ARCHIVES[suffix](place)
        except (OSError, packed.PackedError) as error:
            yield Skipped(place, getattr(error, "strerror", None) or str(error))
    else:
        yield Skipped(place, f"not an image: its name ends in {suffix!r}")


def _suffix(name: str) -> str:
    """`.jpg` of `a/b.JPG`, as `os.path.splitext` has it: nothing of `.jpg` alone."""
    return os.path.splitext(name)[1].lower()


def _folder(folder: str) -> Iterator[Entry]:
    start = len(folder.rstrip("/")) + 1
    for path in storage.walk(folder):
        if isinstance(path, OSError):
            yield Skipped(path.filename or folder, path.strerror or str(path))
        elif _suffix(path) in SUFFIXES:
            yield SourceImage(path[start:], path)


def _tar(path: str) -> Iterator[Entry]:
    try:
        with storage.open_binary(path) as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it would remember them all
                if member.isfile() and _suffix(member.name) in SUFFIXES:
                    yield SourceImage(member.name, path, member.offset_data, member.size)
            raw.seek(tar.offset)  # tarfile takes any end between two members for whole
            if not raw.read(1):
                raise tarfile.ReadError("no end mark")
    except tarfile.TarError as error:
        yield Skipped(path, f"not a whole uncompressed tar ({error})")


def _zip(path: str) -> Iterator[Entry]:
    try:
        with storage.open_binary(path) as raw, zipfile.ZipFile(raw) as archive:
            for member in archive.infolist():
                if member.is_dir() or _suffix(member.filename) not in SUFFIXES:
                    continue
                if member.flag_bits & 1:
                    yield Skipped(f"{path}/{member.filename}", "encrypted")
                    continue
                place, length = member.header_offset, member.compress_size
                yield SourceImage(member.filename, path, place, length, inflated=member.file_size)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield Skipped(path, f"not a whole zip ({error})")


def _packed(path: str) -> Iterator[Entry]:
    for place, name in enumerate(packed.keys(path)):
        yield SourceImage(name, path, packed=place)


def _list(path: str) -> Iterator[Entry]:
    """A source a line, relative to the list's folder; a list in a list is not followed.

    Images are not looked for here: a file that is missing is found out when it is read.
    """
    folder = os.path.dirname(path)
    with storage.open_binary(path) as file:
        for number, line in enumerate(file, 1):
            name = line.decode("utf-8", "surrogateescape").strip()
            if not name or name.startswith("#"):
                continue
            if "\0" in name:
                yield Skipped(f"{path}, line {number}", "a name with a zero byte")
                continue
            place = name if storage.is_url(name) else os.path.join(folder, name)
            suffix = _suffix(place)
            where = f"{path}, line {number}"
            if suffix in SUFFIXES and not glob.has_magic(place):
                yield from _checked(name, place, where)
            elif suffix == ".txt":
                yield Skipped(where, "a list in a list")
            else:
                yield from _line(place, where)


def _checked(name: str, place: str, where: str) -> Iterator[Entry]:
    """An image that a line names; its URL is not opened yet."""
    try:
        if storage.is_url(place):
            storage.refuse_credentials(place)
        yield SourceImage(name, place)
    except OSError as error:
        yield Skipped(where, str(error))


def _line(place: str, where: str) -> Iterator[Entry]:
    """What a line names, or why there is nothing: another line may still be good."""
    empty = True
    try:
        for entry in _source(place):
            empty = False
            yield entry
    except (ImageError, OSError) as error:
        yield Skipped(where, str(error))
        return
    if empty:
        yield Skipped(where, f"{place}: no image in it")


_ARCHIVES = {".tar": _tar, ".zip": _zip, ".h5": _packed, ".txt": _list}
