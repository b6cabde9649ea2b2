"""Places that bytes are read from: local paths, and URLs by fsspec (`s3://`, `gs://`, …)."""

import errno
import functools
import os
import stat
import threading
from collections.abc import Iterator
from io import BufferedReader
from typing import BinaryIO

from photochrom.storage import local
from photochrom.storage.remote import (
    StorageError as StorageError,
    filesystem,
    is_store,
    opened,
    reached,
    refuse_credentials as refuse_credentials,
    telling,
)

_KEPT = 16  # archives that stay open


def is_url(place: str) -> bool:
    """Whether it is a URL: `scheme://…`."""
    return "://" in place


def open_binary(place: str) -> BufferedReader:
    """The file at a place, open for reading at any position; `OSError` where there is none."""
    return opened(place) if is_url(place) else open(place, "rb")


def read_whole(place: str, most: int) -> bytes | None:
    """The bytes of a file; `None` if there are more than `most`.

    `OSError` for a pipe or a device, from which bytes may never come, or never end.
    """
    if is_url(place):
        files, path = filesystem(place)  # to ask for its size first takes as long
        data: bytes = reached(place, lambda: files.cat_file(path, start=0, end=most + 1))
    else:
        with _plain(place) as file:
            if os.fstat(file.fileno()).st_size > most:
                return None
            data = file.read(most + 1)
    return data if len(data) <= most else None


def read_end(place: str, length: int) -> bytes:
    """The last `length` bytes of a file, or all if it has fewer; `OSError` as of `read_whole`."""
    if is_url(place):
        files, path = filesystem(place)
        data: bytes = reached(place, lambda: files.cat_file(path, start=-length))
        return data[-length:]  # a server may know no ranges
    with _plain(place) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - length))
        return file.read(length)


def _plain(place: str) -> BinaryIO:
    number = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # not to wait for a writer
    try:
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "expected a file, found a folder", place)
        if not stat.S_ISREG(mode):
            raise StorageError(errno.EINVAL, "expected a file, found a pipe or a device", place)
        return open(number, "rb")
    except BaseException:
        os.close(number)
        raise


def put(url: str, data: bytes) -> None:
    """Write a file at a URL, whole or not at all, as object stores do; a bucket is never made."""
    files, path = filesystem(url)

    def write() -> None:
        if is_store(url):
            files.pipe_file(path, data)
            return
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        files.pipe_file(f"{path}.partial", data)
        files.mv(f"{path}.partial", path)

    reached(url, write, "written")


def read_range(place: str, offset: int, length: int) -> bytes:
    """`length` bytes from `offset` on, or as many as there are; the file stays open for more."""
    if is_url(place):
        file = _remote(place, threading.get_ident())
        file.seek(offset)
        return file.read(length)
    state = os.stat(place)
    kept = _local(place, state.st_mtime_ns, state.st_size)
    return os.pread(kept.number, length, offset)  # leaves no position that threads could share


@functools.lru_cache(maxsize=_KEPT)
def _remote(place: str, thread: int) -> BufferedReader:
    """The file at a URL, kept open with what it has read ahead."""
    return open_binary(place)


@functools.lru_cache(maxsize=_KEPT)
def _local(place: str, changed: int, size: int) -> "_Kept":
    """The file, kept open: opening costs more than reading; a changed one is opened anew."""
    return _Kept(os.open(place, os.O_RDONLY))


class _Kept:
    """A file descriptor that is closed when nobody needs it any more."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


def is_folder(place: str) -> bool:
    """Whether files lie below it."""
    if not is_url(place):
        return os.path.isdir(place)
    files, path = filesystem(place)
    return bool(reached(place, lambda: files.isdir(path)))


def is_special(place: str) -> bool:
    """Whether it is a pipe, a socket or a device: one may wait for its bytes for ever."""
    return not is_url(place) and os.path.exists(place) and not _is_plain(place)


def _is_plain(place: str) -> bool:
    return os.path.isfile(place) or os.path.isdir(place)


def exists(place: str) -> bool:
    """Whether there is a file or a folder."""
    if not is_url(place):
        return os.path.exists(place)
    files, path = filesystem(place)
    return bool(reached(place, lambda: files.exists(path)))


def size(place: str) -> int:
    """Bytes of a file."""
    if not is_url(place):
        return os.path.getsize(place)
    files, path = filesystem(place)
    return int(reached(place, lambda: files.size(path)))


def names(folder: str) -> list[str]:
    """The names of what lies directly in a folder, in order; none if there is no such folder."""
    try:
        if not is_url(folder):
            return sorted(os.listdir(folder))
        files, path = filesystem(folder)
        found = reached(folder, lambda: files.ls(path, detail=False))
    except FileNotFoundError:
        return []
    below = {str(one).rstrip("/").rpartition("/")[2] for one in found if one.rstrip("/") != path}
    return sorted(below)


def walk(folder: str) -> Iterator[str | OSError]:
    """All files below a folder, a folder at a time, in the order of their names.

    Never more than 100,000 names of a folder are held; beyond that the order is by such lots.
    A folder that may not be looked into is given as its error. Linked folders are not entered;
    pipes, sockets and devices are no files.
    """
    if not is_url(folder):
        yield from local.walk(folder)
        return
    files, path = filesystem(folder)
    with telling(folder):
        for root, _, names in files.walk(path, on_error="raise"):
            for name in sorted(names):
                yield files.unstrip_protocol(f"{root.rstrip('/')}/{name}")


def matches(pattern: str) -> Iterator[str]:
    """The places that a glob pattern names, in order; `**` enters no linked folder."""
    if not is_url(pattern):
        yield from local.matches(pattern)
        return
    files, path = filesystem(pattern)
    with telling(pattern):
        for match in sorted(files.glob(path)):
            yield files.unstrip_protocol(match)
