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
    if not storage.is_url(place) or not re.fullmatch("[0-9a-f]{64}", sha256 or ""):
        return storage.read_whole(place, most)
    kept = cache_folder() / f"{sha256}.safetensors"
    with contextlib.suppress(OSError):
        data = storage.read_whole(str(kept), most)
        if data is not None and checksum(data) == sha256:
            return data
    data = storage.read_whole(place, most)
    if data is not None and checksum(data) == sha256:
        with contextlib.suppress(OSError):
            write_whole(kept, data)
    return data


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/photochrom`, or `~/.cache/photochrom`; it may be removed at any time."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "photochrom"


def checksum(data: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
