"""The bytes of an image ↔ an sRGB array."""

import contextlib
import functools
import importlib
import io
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8, UInt32
from PIL import Image, ImageOps, UnidentifiedImageError

from photochrom.image_io import packed
from photochrom.image_io.source_image import ImageError, SourceImage
from photochrom.storage.atomic import write_whole

MAX_PIXELS = 200_000_000
"""An image that declares more is refused before it is decoded."""

_BY_PROGRAMS = {"EPS", "WMF", "IPTC"}
_PLUGINS = {"pillow_heif": "register_heif_opener", "pillow_avif": None}
_HEIC = (b"hei", b"hev", b"mif", b"msf")

Fit = Literal["reduce", "scale", "sample"]


def read_rgb(
    image: SourceImage, size: int | None = None, *, fit: Fit = "reduce"
) -> UInt8[np.ndarray, "H W 3"]:
    """The image as 8-bit sRGB, turned as its EXIF says, its short side brought to `size`.

    `reduce` leaves a smaller image as it is; `scale` enlarges it; `sample` is `reduce` by
    picking pixels, which keeps their colors. `ImageError` says what is wrong with an image
    that cannot be read.
    """
    if image.packed is not None:
        return _read_packed(image.path, image.packed, size, fit)
    return decode_rgb(image.read_bytes(), size, fit=fit)


def decode_rgb(
    data: bytes, size: int | None = None, *, fit: Fit = "reduce"
) -> UInt8[np.ndarray, "H W 3"]:
    """`read_rgb` of the bytes of an image file."""
    return np.asarray(_decoded(data, size, fit))


def sample(data: bytes, size: int) -> UInt32[np.ndarray, " P"]:
    """The `packed_colors` of an image file, its pixels picked as `decode_rgb` with `sample` does.

    Four bytes a pixel are what Pillow holds itself: to hand them out costs less than three.
    """
    return _words(_decoded(data, size, "sample"))


def packed_colors(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt32[np.ndarray, " P"]:
    """Each pixel as one number: R + 2⁸ G + 2¹⁶ B, and above that what is of no account."""
    return _words(Image.fromarray(rgb))


def _words(image: Image.Image) -> UInt32[np.ndarray, " P"]:
    return np.frombuffer(image.tobytes("raw", "RGBX"), dtype="<u4")


def readable_formats() -> list[str]:
    """The formats that are read: all of Pillow's that it decodes by itself.

    For EPS it runs Ghostscript, for WMF what Windows has; IPTC may hold one of these.
    """
    register_plugins()
    return [name for name in Image.ID if name not in _BY_PROGRAMS]


@functools.cache
def register_plugins() -> None:
    """All that Pillow reads: HEIC, and AVIF before Pillow 11.3, by plug-ins if they are there."""
    Image.init()
    for name, register in _PLUGINS.items():
        with contextlib.suppress(ModuleNotFoundError):
            module = importlib.import_module(name)
            if register:
                getattr(module, register)()


def unidentified(data: bytes) -> str:
    """What to say of bytes in which Pillow finds no image."""
    if data[4:8] == b"ftyp" and data[8:11] in _HEIC:
        return "not an image that can be read: HEIC needs a plug-in: pip install pillow-heif"
    return "not an image"


def _decoded(data: bytes, size: int | None, fit: Fit) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=readable_formats()) as image:
            rgb = _resized(_to_rgb(image, size, fit), size, fit)
            rgb.load()
            return rgb
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"expected at most {MAX_PIXELS} pixels: {error}") from None
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError) as error:
        # What Pillow's many decoders raise on damaged files.
        reason = unidentified(data) if isinstance(error, UnidentifiedImageError) else str(error)
        raise ImageError(reason.splitlines()[0] if reason else type(error).__name__) from None


def _read_packed(path: str, place: int, size: int | None, fit: Fit) -> UInt8[np.ndarray, "H W 3"]:
    try:
        pixels = packed.read(path, place)
    except packed.PackedError as error:
        raise ImageError(str(error)) from None
    if size is None or min(pixels.shape[:2]) == size:
        return pixels
    return np.asarray(_resized(Image.fromarray(pixels), size, fit))


def _to_rgb(image: Image.Image, size: int | None, fit: Fit) -> Image.Image:
    if image.width * image.height > MAX_PIXELS:
        declared = f"{image.width} × {image.height}"
        raise ImageError(f"expected at most {MAX_PIXELS} pixels, got {declared}")
    if size is not None:  # a JPEG is decoded at 1/2, 1/4 or 1/8, if enough is left
        enough = size if fit == "sample" else 2 * size
        image.draft(None, (enough, enough))
    if image.format != "JPEG" or {"exif", "xmp"} & image.info.keys():  # to look costs time
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16") or image.mode == "I":  # Pillow would clip these at 255
        gray = np.asarray(image).astype(np.float64) * (255 / 65535)
        return Image.fromarray(gray.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _resized(image: Image.Image, size: int | None, fit: Fit) -> Image.Image:
    short = min(image.size)
    if size is None or short == size or (fit != "scale" and short < size):
        return image
    width, height = (max(1, round(side * size / short)) for side in image.size)
    how = Image.Resampling.NEAREST if fit == "sample" else Image.Resampling.LANCZOS
    return image.resize((width, height), how)


def save_png(rgb: UInt8[np.ndarray, "H W 3"], path: Path) -> None:
    """Write an image as PNG, whole or not at all."""
    write_whole(path, png_bytes(rgb))


def png_bytes(rgb: UInt8[np.ndarray, "H W 3"]) -> bytes:
    """The image as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()
