"""A gallery: images, what became of them and by which settings, in a folder or at a URL.

    PLACE/
    ├── gallery.json            says that this is a gallery
    └── 2026-11-22/             a day, in UTC
        ├── NAME.image.jpg    the image as it came
        ├── NAME.result.png     the same in color
        └── NAME.json           settings, sizes, times; written last

`NAME.json` is written last, so an entry that has it is whole; files without it are never listed.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, get_args

import photochrom
from photochrom import storage
from photochrom.errors import FormatError, NoEntryError as NoEntryError
from photochrom.storage.atomic import parse_json, write_anywhere

FORMAT, ENTRY, VERSION = "photochrom gallery", "photochrom gallery entry", 1
What = Literal["picture", "result"]
_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)T\d{12}Z-[0-9a-f]{12}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_MOST_SETTINGS, _MOST_IMAGE = 2**16, 2**30  # bytes; larger files are refused before they are read


class Stored(NamedTuple):
    """An image's file, and the suffix that tells what it is."""

    data: bytes
    suffix: str


@dataclass(frozen=True)
class Entry:
    """What a gallery's `NAME.json` tells."""

    name: str
    created: str
    """Time in UTC, ISO 8601."""
    photochrom: str
    """The version that made it."""
    settings: dict[str, Any]
    """Model, temperature, …: as they were given to `Gallery.add`."""
    suffixes: dict[What, str]
    """Of its two files, such as `.jpg`."""
    bytes: dict[What, int]
    """Sizes of its two files."""


class Gallery:
    """Entries in a folder or at a URL; names are made here, and never a path from outside."""

    def __init__(self, place: str) -> None:
        """`StorageError` for a URL with credentials in it; nothing is read or written yet."""
        if storage.is_url(place):
            storage.refuse_credentials(place)
        self.place = place.rstrip("/") or "/"

    def begin(self) -> None:
        """Write `gallery.json`, so that a place of no use is known before the first image.

        `ValueError` where another kind of gallery is, `OSError` where none can be.
        """
        path = f"{self.place}/gallery.json"
        told = {"format": FORMAT, "version": VERSION}
        try:
            found = _parsed(path, "a gallery")
        except FileNotFoundError:
            write_anywhere(path, _text(told))
            return
        if {key: found.get(key) for key in told} != told:
            what = f"{found.get('format')!r} version {found.get('version')!r}"
            raise FormatError(f"{path}: expected {FORMAT} version {VERSION}, got {what}")

    def add(
        self, image: bytes, result: bytes, settings: dict[str, Any], suffixes: tuple[str, str]
    ) -> Entry:
        """Keep an image, its result and how it was made; the suffixes tell what the two are.

        `OSError` if it cannot be kept: then there is no such entry. `ValueError` for settings
        that are no JSON of at most 64 KiB.
        """
        for suffix in suffixes:
            if not _SUFFIX.fullmatch(suffix):
                raise FormatError(f"expected a suffix such as .jpg, got {suffix!r}")
        now = datetime.now(UTC)
        entry = Entry(
            name=f"{now:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(6)}",
            created=now.isoformat(timespec="seconds"),
            photochrom=photochrom.__version__,
            settings=settings,
            suffixes={"picture": suffixes[0], "result": suffixes[1]},
            bytes={"picture": len(image), "result": len(result)},
        )
        text = _text({"format": ENTRY, "version": VERSION, **vars(entry)})
        if len(text) > _MOST_SETTINGS:
            raise FormatError(f"expected settings of at most {_MOST_SETTINGS} bytes, got more")
        write_anywhere(self._path(entry, "picture"), image)
        write_anywhere(self._path(entry, "result"), result)
        write_anywhere(f"{self._start(entry.name)}.json", text)
        return entry

    def entries(self, most: int | None = None, before: str | None = None) -> Iterator[Entry]:
        """Entries, newest first, a day and an entry at a time: `most`, older than `before`.

        What is damaged, or no entry, is passed over.
        """
        if before is not None:
            self._start(before)
        given = 0
        for day in reversed(storage.names(self.place)):
            if not _DAY.fullmatch(day) or (before and day.replace("-", "") > before[:8]):
                continue
            for file in reversed(storage.names(f"{self.place}/{day}")):
                name = file.removesuffix(".json")
                if name == file or (before and name >= before):
                    continue
                if most is not None and given == most:
                    return
                try:
                    entry = self.entry(name)
                except ValueError:
                    continue
                given += 1
                yield entry

    def entry(self, name: str) -> Entry:
        """The entry of a name; `NoEntryError` if there is none, `ValueError` for a damaged one."""
        path = f"{self._start(name)}.json"
        try:
            told = _parsed(path, "an entry of a gallery")
        except FileNotFoundError:
            raise NoEntryError(f"expected an entry's name, got {name!r}, which is none") from None
        return _checked(told, name, path)

    def read(self, name: str, what: What, most: int = _MOST_IMAGE) -> Stored:
        """An entry's image or result; `NoEntryError`, or `ValueError` where it is damaged.

        So is one of more than `most` bytes, before it is read.
        """
        if what not in get_args(What):
            raise FormatError(f"expected image or result, got {what!r}")
        entry = self.entry(name)
        if entry.bytes[what] > most:
            raise FormatError(f"expected a file of at most {most} bytes, got {entry.bytes[what]}")
        path = self._path(entry, what)
        try:
            data = storage.read_whole(path, entry.bytes[what])
        except FileNotFoundError:
            data = b""
        if data is None or len(data) != entry.bytes[what]:
            raise FormatError(f"{path}: expected a file of {entry.bytes[what]} bytes, got another")
        return Stored(data, entry.suffixes[what])

    def _path(self, entry: Entry, what: What) -> str:
        return f"{self._start(entry.name)}.{what}{entry.suffixes[what]}"

    def _start(self, name: str) -> str:
        """What the paths of an entry begin with; `NoEntryError` for what is no entry's name."""
        found = _NAME.fullmatch(name)
        if not found:
            example = "20261122T042841123456Z-0123456789ab"
            raise NoEntryError(f"expected an entry's name such as {example}, got {name[:80]!r}")
        return f"{self.place}/{'-'.join(found.groups())}/{name}"


def plain_name(name: str) -> str:
    """A file's name from outside as text to be shown: no folders, nothing that does not print.

    >>> plain_name("../../etc/my photo\\x07.jpg")
    'my photo.jpg'
    """
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[:200]


def _parsed(path: str, what: str) -> dict[str, Any]:
    data = storage.read_whole(path, _MOST_SETTINGS)
    if data is None:
        raise FormatError(f"{path}: expected {what} of at most {_MOST_SETTINGS} bytes, got more")
    return parse_json(data, path, what)


def _checked(told: dict[str, Any], name: str, path: str) -> Entry:
    """The entry that a JSON tells of, if it may be relied upon."""
    created, version = told.get("created"), told.get("photochrom")
    suffixes, sizes = told.get("suffixes"), told.get("bytes")
    sound = (
        (told.get("format"), told.get("version"), told.get("name")) == (ENTRY, VERSION, name)
        and isinstance(created, str)
        and isinstance(version, str)
        and isinstance(told.get("settings"), dict)
        and _of_both(suffixes, lambda value: isinstance(value, str) and _SUFFIX.fullmatch(value))
        and _of_both(sizes, lambda value: type(value) is int and 0 <= value <= _MOST_IMAGE)
    )
    if not sound:
        raise FormatError(f"{path}: expected an entry of a gallery, got another JSON: remove it")
    _text(told)  # raises a ValueError for NaN and halves of characters, which JSON may hold
    return Entry(
        name, str(created), str(version), told["settings"], told["suffixes"], told["bytes"]
    )


def _of_both(values: Any, sound: Callable[[Any], object]) -> bool:
    both = set(get_args(What))
    return isinstance(values, dict) and set(values) == both and all(map(sound, values.values()))


def _text(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
