"""Where one image lies, and its bytes."""

import hashlib
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from photochrom import storage
from photochrom.errors import ImageError as ImageError, TooLargeError as TooLargeError

MAX_BYTES = 2_000_000_000
"""A file that is larger is refused before it is read."""
_BOMB_BYTES, _BOMB_RATIO = 50_000_000, 200  # no image is that large and shrinks so much
_HEADER = 30  # bytes of a zip member's own header, before its name


class SourceImage(NamedTuple):
    """Where one image lies: a file, or a place in a tar, a zip or a packed file."""

    name: str
    """Its path below the source that it was found in, with forward slashes."""
    path: str
    """The file that holds it: a local path or a URL."""
    offset: int = 0
    length: int | None = None
    """Bytes it takes there; `None` for the whole file."""
    packed: int | None = None
    """Its place in a packed file."""
    inflated: int | None = None
    """Its bytes once inflated, of a zip; then `offset` is that of the member's header."""

    def read_bytes(self) -> bytes:
        """The encoded image; `ImageError` where it is too large or cut short."""
        declared = max(self.length or 0, self.inflated or 0)
        if declared > MAX_BYTES:
            raise ImageError(f"expected at most {MAX_BYTES} bytes, got {declared}")
        if self.length is None:
            data = storage.read_whole(self.path, MAX_BYTES)
            if data is None:
                raise ImageError(f"expected at most {MAX_BYTES} bytes, got more")
            return data
        if self.inflated is not None:
            return _unzipped(self, self.length, self.inflated)
        return self._part(self.offset, self.length)

    def _part(self, offset: int, length: int) -> bytes:
        data = storage.read_range(self.path, offset, length)
        if len(data) < length:
            raise ImageError(f"expected {length} bytes, got {len(data)}: the file is cut short")
        return data


def _unzipped(image: SourceImage, length: int, inflated: int) -> bytes:
    if inflated > _BOMB_BYTES and inflated > _BOMB_RATIO * length:
        raise ImageError(f"expected an image, got {length} bytes that inflate to {inflated}")
    header = image._part(image.offset, _HEADER)
    if header[:4] != b"PK\x03\x04":
        raise ImageError("expected a member of a zip, got other bytes: the file is damaged")
    method, name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (8, 26, 28))
    data = image._part(image.offset + _HEADER + name + extra, length)
    if method == 0:
        return data
    if method != 8:
        raise ImageError(f"expected a stored or deflated member, got zip method {method}")
    try:
        whole = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, inflated + 1)
    except zlib.error as error:
        raise ImageError(f"expected a deflated member, got damaged bytes ({error})") from None
    if len(whole) != inflated:
        raise ImageError(f"expected {inflated} inflated bytes, got {len(whole)} or more")
    return whole


@dataclass(frozen=True)
class Skipped:
    """An image that was left out, and why."""

    name: str
    reason: str


def digest(images: Sequence[SourceImage]) -> str:
    """A fingerprint of which images these are, in which order: by their names, not contents."""
    names = "\n".join(f"{os.path.basename(image.path)}:{image.name}" for image in images)
    return hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()


def summary(skipped: Iterable[Skipped]) -> str:
    """One line on what was skipped, by reason: the most frequent reason first."""
    reasons: dict[str, list[str]] = {}
    for one in skipped:
        reasons.setdefault(one.reason, []).append(one.name)
    ordered = sorted(reasons.items(), key=lambda item: -len(item[1]))
    return "; ".join(
        f"{len(names)} × {printable(reason)} (first: {printable(names[0])})"
        for reason, names in ordered
    )


def printable(text: str) -> str:
    """Text from outside in one line, with nothing that a terminal would obey.

    >>> printable("a\\nb.png")
    'a\\\\nb.png'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
