"""Suffixes and media types of picture files."""

from PIL import Image

from photochrom.originals import FORMATS

_UNKNOWN = ".bin"


def suffix_of(format: str) -> str:
    """`.jpg` of Pillow's `JPEG`; `.bin` of what has none."""
    if format in FORMATS:
        return FORMATS[format].suffix
    known = Image.registered_extensions()
    return next((suffix for suffix, name in known.items() if name == format), _UNKNOWN)


def media_type(suffix: str) -> str:
    """`image/jpeg` of `.jpg`; what is no picture's is only to be kept, never to be shown."""
    told = Image.MIME.get(Image.registered_extensions().get(suffix, ""), "")
    return told if told.startswith("image/") else "application/octet-stream"
