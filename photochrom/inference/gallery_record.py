"""What a gallery is told of an image besides its bytes: how it was colorized, what its file is."""

from typing import Any

from PIL import Image

from photochrom.config import Decoder
from photochrom.image_io import FORMATS, OriginalFile
from photochrom.models import AnyColorizer
from photochrom.storage.gallery import plain_name

_UNKNOWN = ".bin"


def settings_of(
    original: str,
    name: str,
    model: AnyColorizer,
    file: OriginalFile,
    *,
    decoder: Decoder,
    temperature: float | None,
    quality: int | None = None,
) -> dict[str, Any]:
    """What is told of an image that was colorized: `null` for what does not apply.

    A regression has no decoder, only annealing has a temperature, by default the model's own.
    `original` is the file's name from outside, and `name` the model's.
    """
    classifies = model.method == "classification"
    annealed = classifies and decoder == "annealed"
    return {
        "original": plain_name(original),
        "model": name,
        "decoder": decoder if classifies else None,
        "temperature": (temperature or model.temperature) if annealed else None,
        "quality": quality,
        "width": file.pages[0].width,
        "height": file.pages[0].height,
        "pages": len(file.pages),
    }


def suffix_of(format: str) -> str:
    """`.jpg` of Pillow's `JPEG`; `.bin` of what has none."""
    if format in FORMATS:
        return FORMATS[format].suffix
    known = Image.registered_extensions()
    return next((suffix for suffix, name in known.items() if name == format), _UNKNOWN)
