"""JPEG's segments (ITU-T T.81, annex B): walked before anything is decoded, joined when encoded."""

import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PIL import Image

from photochrom.errors import ImageError
from photochrom.runtime.threads import in_threads

_MOST_SCANS = 500  # encoders make about ten; each walks the whole image, for as few as ten bytes
_BASELINE, _SCAN, _END, _RESTART = 0xC0, 0xDA, 0xD9, 0xD0
_TABLES = {0xC4, 0xDB, _SCAN}  # Huffman's, quantization's, and which of them each color has
_HEIGHT = 5  # where it is in the frame's segment, after marker, length and precision
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # not a stuffed byte, a restart, or padding
_BLOCK = 8  # pixels: a unit of coding, where all colors have the full size
_OF_SCANS = ("quality", "subsampling")  # the options that matter to more than the head
_MOST_UNITS = 65535  # between two restarts
_LONGEST = 65_500  # pixels of a side: libjpeg's limit, which it cannot see in strips


class _Segment(NamedTuple):
    kind: int
    start: int
    """Of its marker."""
    end: int


def check_scans(data: bytes) -> None:
    """`ImageError` for a progressive JPEG whose decoding would have no end."""
    scans, found = 0, _MARKER.search(data, 2)
    while found and (kind := found[0][1]) != _END:
        scans += kind == _SCAN
        if scans > _MOST_SCANS:
            raise ImageError(f"expected a JPEG of at most {_MOST_SCANS} scans, got more")
        size = int.from_bytes(data[found.end() : found.end() + 2], "big")
        found = _MARKER.search(data, found.end() + size)


def encode_jpeg(
    strip: Callable[[slice], Image.Image],
    size: tuple[int, int],
    slices: Sequence[slice],
    options: dict[str, Any],
    threads: int,
) -> bytes:
    """What Pillow's encoder makes of an image that comes in strips, in so many threads.

    `strip` gives the rows of each of `slices`, which are all of them in order, of one height but
    for the last; `options` are those of `Image.save`. Where they ask for colors at full size
    (`subsampling` 0), each strip is encoded by itself, and its scan becomes a restart interval,
    which begins as a scan does, and ends as one, too (section E.1.4): the file decodes to the very
    same pixels, and no more than a strip for each thread is ever in memory. `ValueError` for sides
    that JPEG's decoders refuse.
    """
    if max(size) > _LONGEST:
        raise ImageError(f"expected sides of at most {_LONGEST} pixels, got {max(size)}")
    if len(slices) == 1:
        return _saved(strip(slices[0]), options)
    rows = slices[0].stop
    if rows % _BLOCK == 0 and options.get("subsampling") == 0:
        bare = {name: value for name, value in options.items() if name in _OF_SCANS}
        head = _saved(Image.new("RGB", (size[0], _BLOCK)), options)
        strips = in_threads(lambda some: _scanned(strip(some), bare), slices, threads)
        if joined := _joined(head, strips, size, rows):
            return joined
    whole = Image.new("RGB", size)
    for some in slices:
        whole.paste(strip(some).convert("RGB"), (0, some.start))
    return _saved(whole, options)


def _scanned(strip: Image.Image, options: dict[str, Any]) -> bytes:
    """One strip, by way of a file: only then does Pillow let other threads work meanwhile.

    A file in memory: of what a server was sent nothing may lie on a disk.
    """
    if sys.platform != "linux":
        return _saved(strip, options)
    with open(os.memfd_create("strip"), "w+b", buffering=0) as file:
        strip.save(file, "JPEG", **options)
        file.seek(0)
        return file.read()


def _saved(image: Image.Image, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def _joined(head: bytes, strips: list[bytes], size: tuple[int, int], rows: int) -> bytes | None:
    """The scans of strips of so many rows as one, under the segments of `head`.

    `None` where that cannot be: an encoder that makes tables, or several scans, for each image.
    """
    segments = _segments(head)
    scan = segments[-1]
    frame = next((each for each in segments if each.kind == _BASELINE), None)
    tables = _tables(head, segments)
    if frame is None or any(_tables(strip, _segments(strip)) != tables for strip in strips):
        return None
    height = frame.start + _HEIGHT
    units = rows // _BLOCK * -(-size[0] // _BLOCK)
    if units > _MOST_UNITS:
        return None
    parts = [head[:height], size[1].to_bytes(2, "big"), head[height + 2 : scan.start]]
    parts += [b"\xff\xdd\0\4" + units.to_bytes(2, "big"), head[scan.start : scan.end]]
    for number, strip in enumerate(strips):
        parts += [strip[_segments(strip)[-1].end : -2], bytes([0xFF, _RESTART + number % 8])]
    return b"".join([*parts[:-1], bytes([0xFF, _END])])


def _segments(data: bytes) -> list[_Segment]:
    """All up to what stands before the first scan, itself one."""
    segments: list[_Segment] = []
    at = 2
    while not segments or segments[-1].kind != _SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append(_Segment(data[at + 1], at, end))
        at = end
    return segments


def _tables(data: bytes, segments: list[_Segment]) -> list[bytes]:
    """What says how a scan is to be decoded, without the height."""
    found = []
    for kind, start, end in segments:
        if kind == _BASELINE:
            found.append(data[start : start + _HEIGHT] + data[start + _HEIGHT + 2 : end])
        elif kind in _TABLES:
            found.append(data[start:end])
    return found
