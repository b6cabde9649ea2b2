"""JPEG's segments, walked before anything is decoded (ITU-T T.81, annex B)."""

import re

from photochrom.images import PictureError

_MOST_SCANS = 500  # encoders make about ten; each walks the whole picture, for as few as ten bytes
_SCAN, _END = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # not a stuffed byte, a restart, or padding


def check_scans(data: bytes) -> None:
    """`PictureError` for a progressive JPEG whose decoding would have no end."""
    scans, found = 0, _MARKER.search(data, 2)
    while found and (kind := found[0][1]) != _END:
        scans += kind == _SCAN
        if scans > _MOST_SCANS:
            raise PictureError(f"expected a JPEG of at most {_MOST_SCANS} scans, got more")
        size = int.from_bytes(data[found.end() : found.end() + 2], "big")
        found = _MARKER.search(data, found.end() + size)
