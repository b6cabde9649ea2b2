"""Weights that lie at a URL are fetched once: kept by their checksum in the user's cache folder."""

import contextlib
import hashlib
import os
import re
from pathlib import Path, PurePosixPath

from photochrom import storage
from photochrom.storage.atomic import write_whole


def fetched(place: str, sha256: str | None, most: int, first: int | None = None) -> bytes | None:
    """`storage.read_whole`, of a URL from the cache if what has this checksum is there.

    With `first` the checksum is that of so many bytes, which alone are kept and given. A file in
    the cache that is damaged is fetched anew. Where there is no room for it the file is used and
    not kept.
    """
    kept = _kept(place, sha256) if storage.is_url(place) else None
    if kept is not None:
        with contextlib.suppress(OSError):
            data = storage.read_whole(str(kept), most)
            if data is not None and checksum(data) == sha256:
                return data
    data = storage.read_whole(place, most)
    if data is None:
        return None
    data = data[:first]
    if kept is not None and checksum(data) == sha256:
        with contextlib.suppress(OSError):
            write_whole(kept, data)
    return data


def is_kept(place: str, sha256: str | None, size: int) -> bool:
    """Whether what `fetched` keeps of a file of this checksum and size is in the cache."""
    kept = _kept(place, sha256)
    return kept is not None and kept.is_file() and kept.stat().st_size == size


def _kept(place: str, sha256: str | None) -> Path | None:
    """Where it would be in the cache; `None` of what is no checksum, and so no path."""
    if not re.fullmatch("[0-9a-f]{64}", sha256 or ""):
        return None
    return cache_folder() / f"{sha256}{PurePosixPath(place).suffix}"


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/photochrom`, or `~/.cache/photochrom`; it may be removed at any time."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "photochrom"


def checksum(data: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
