"""Images as a page embeds them, and the obvious fakes of attention checks."""

import base64
import io
import math

import numpy as np
from jaxtyping import UInt8
from PIL import Image

_PNG_BELOW = 192  # pixels of the longer side; larger images are JPEG, to keep the page small


class Sources:
    """Data URIs, each held once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def add(self, rgb: UInt8[np.ndarray, "_ _ 3"]) -> int:
        """Return the place of the image's data URI."""
        return self.places.setdefault(_data_uri(rgb), len(self.places))


def _data_uri(rgb: UInt8[np.ndarray, "_ _ 3"]) -> str:
    """Encode an image by its size alone, so that a pair is compressed alike."""
    buffer = io.BytesIO()
    kind = "PNG" if max(rgb.shape) < _PNG_BELOW else "JPEG"
    options = {} if kind == "PNG" else {"quality": 95, "subsampling": 0}
    Image.fromarray(rgb).save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def absurd(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Replace the colors of an image by a rainbow, an obvious fake whatever the image shows.

    Luma is kept; the hue goes round once along the diagonal, at high chroma (YCbCr, ITU-R BT.601).
    """
    height, width = rgb.shape[:2]
    turns = np.linspace(0, 1, height)[:, None] / 2 + np.linspace(0, 1, width) / 2
    planes = [128 + 90 * wave(2 * math.pi * turns) for wave in (np.cos, np.sin)]
    chroma = [Image.fromarray(plane.astype(np.uint8)) for plane in planes]
    luma = Image.fromarray(rgb).convert("L")
    return np.asarray(Image.merge("YCbCr", (luma, *chroma)).convert("RGB"))
