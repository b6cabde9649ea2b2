"""Weights that lie at a URL are fetched once: kept by their checksum in the user's cache folder."""

import contextlib
import hashlib
import os
import re
from pathlib import Path

from photochrom import storage
from photochrom.files import write_whole


def fetched(place: str, sha256: str | None, most: int) -> bytes | None:
    """`storage.read_whole`, of a URL from the cache if what has this checksum is there.

    A file in the cache that is damaged is fetched anew. Where there is no room for it the file
    is used and not kept.
    """
    kept = _kept(sha256)
    if kept is None or not storage.is_url(place):
        return storage.read_whole(place, most)
    with contextlib.suppress(OSError):
        data = storage.read_whole(str(kept), most)
        if data is not None and checksum(data) == sha256:
            return data
    data = storage.read_whole(place, most)
    if data is not None and checksum(data) == sha256:
        with contextlib.suppress(OSError):
            write_whole(kept, data)
    return data


def is_kept(sha256: str | None, size: int) -> bool:
    """Whether a file of this checksum and size is in the cache."""
    kept = _kept(sha256)
    return kept is not None and kept.is_file() and kept.stat().st_size == size


def _kept(sha256: str | None) -> Path | None:
    """Where it would be in the cache; `None` of what is no checksum, and so no path."""
    if not re.fullmatch("[0-9a-f]{64}", sha256 or ""):
        return None
    return cache_folder() / f"{sha256}.safetensors"


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/photochrom`, or `~/.cache/photochrom`; it may be removed at any time."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "photochrom"


def checksum(data: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
