"""Local folders, walked to their depths and matched with patterns; no link leads astray."""

import glob
import os
from collections.abc import Iterator
from typing import Any

_SORTED = 100_000  # names of a folder that are held and sorted at a time


def walk(folder: str) -> Iterator[str | OSError]:
    """What `storage.walk` gives of a local folder."""
    open_folders = [_entries(folder)]  # no recursion: folders may lie deeper than Python calls
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
        elif isinstance(entry, OSError):
            yield entry
        elif entry.is_dir(follow_symlinks=False):
            open_folders.append(_entries(entry.path))
        elif _is_file(entry) or not os.path.exists(entry.path):  # or a dead link
            yield entry.path


def _entries(folder: str) -> Iterator["os.DirEntry[str] | OSError"]:
    try:
        with os.scandir(folder) as entries:
            for lot in _lots(entries):
                yield from sorted(lot, key=lambda entry: entry.name)
    except OSError as error:
        yield error


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself, or into a folder that may not be looked into
        return True


def matches(pattern: str) -> Iterator[str]:
    """The places that a glob pattern names, in order; `**` enters no linked folder."""
    for lot in _lots(_globbed(pattern)):
        yield from sorted(set(lot))


def _globbed(pattern: str) -> Iterator[str]:
    """`glob.iglob`, whose own `**` follows links: of two that lead back it would never return."""
    before, deep, after = _cut(pattern)
    if not deep:
        yield from glob.iglob(pattern)
        return
    for base in glob.iglob(before) if before else [os.curdir]:
        if not after and os.path.isdir(base):
            yield base
        for folder, inside, _ in os.walk(base) if after else ():
            inside[:] = [name for name in inside if not name.startswith(".")]
            yield from _globbed(os.path.join(glob.escape(folder), after))


def _cut(pattern: str) -> tuple[str, bool, str]:
    """What stands before the first `**` of a pattern, whether there is one, what stands after."""
    parts = pattern.split("/")
    if "**" not in parts:
        return pattern, False, ""
    place = parts.index("**")
    return "/".join([*parts[:place], ""]), True, "/".join(parts[place + 1 :])


def _lots(items: Iterator[Any]) -> Iterator[list[Any]]:
    lot = []
    for item in items:
        lot.append(item)
        if len(lot) == _SORTED:
            yield lot
            lot = []
    yield lot
