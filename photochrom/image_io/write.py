"""An original with its pages painted → the bytes of an image file."""

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from PIL import Image

from photochrom.errors import ImageError
from photochrom.image_io.decode import register_plugins
from photochrom.image_io.formats.jpeg import encode_jpeg
from photochrom.image_io.formats.png16 import write_png16
from photochrom.image_io.formats.tiff import write_pages
from photochrom.image_io.icc.profiles import srgb_profile
from photochrom.image_io.metadata import FOLDERS
from photochrom.image_io.page import Colors, Page
from photochrom.image_io.pixels import BytePixels, as_bytes
from photochrom.image_io.read import OriginalFile


@dataclass(frozen=True)
class Format:
    """What a file format can carry of an image in color."""

    suffix: str
    depth: int = 8
    alpha: bool = False
    dpi: bool = False
    exif: bool = False
    icc: bool = False
    lossy: bool = False
    """Whether `quality` is of account."""


FORMATS = {
    "PNG": Format(".png", depth=16, alpha=True, dpi=True, exif=True, icc=True),
    "TIFF": Format(".tif", depth=32, alpha=True, dpi=True, exif=True, icc=True),
    "JPEG": Format(".jpg", dpi=True, exif=True, icc=True, lossy=True),
    "WEBP": Format(".webp", alpha=True, exif=True, icc=True, lossy=True),
    "AVIF": Format(".avif", alpha=True, exif=True, icc=True, lossy=True),
    "HEIF": Format(".heic", alpha=True, exif=True, icc=True, lossy=True),
    "JPEG2000": Format(".jp2", alpha=True),
    "BMP": Format(".bmp", dpi=True),
    "TGA": Format(".tga", alpha=True),
    "SGI": Format(".sgi", alpha=True),
    "QOI": Format(".qoi", alpha=True),
    "PPM": Format(".ppm"),
    "PCX": Format(".pcx"),
}
"""The formats that are written, by Pillow's names. One that Pillow cannot write here is missed."""
_SAME = {"MPO": "JPEG", "DIB": "BMP"}
_QUALITY = {"JPEG": 95, "WEBP": 95, "HEIF": 95, "AVIF": 90}


_Save = Callable[[dict[str, Any]], bytes]
"""Encodes a page, with the options of `Image.save`."""


class Written(NamedTuple):
    """An image file, and what its format could not carry."""

    data: bytes
    suffix: str
    notes: list[str]


def encode_original(
    file: OriginalFile,
    *,
    format: str | None = None,
    quality: int | None = None,
    colors: Sequence[Colors] = (),
    threads: int | None = None,
) -> Written:
    """The pages as a file: same size, depth, alpha, resolution and EXIF, tagged as sRGB.

    `format` is a name or a suffix of `FORMATS`; without one it is the input's if that holds the
    image, else PNG, or TIFF for floats and several pages. It is lossless where the input was;
    `quality`, 1–100, is for lossy formats, and makes WebP one. JPEG keeps colors at full size.
    `ImageError` for an image that the format cannot hold.
    A format without profiles needs none: what says nothing is sRGB.

    `colors` are those of pages that are yet to be painted, which is done in so many `threads`, by
    default as many as torch has. What is painted for a JPEG is encoded at once, and the page
    stays as it was.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ImageError(f"quality must be 1 to 100, got {quality}")
    name = _chosen(file) if format is None else format_named(format)
    notes = _lost(file, name)
    if format is None and name != _SAME.get(file.format, file.format):
        notes.append(f"{file.format} cannot hold it in color: written as {name}")
    if quality is not None and not FORMATS[name].lossy:
        notes.append(f"quality is of no account to {name}")
    return Written(
        _encoded(file, name, quality, notes, colors, threads), FORMATS[name].suffix, notes
    )


def format_named(format: str) -> str:
    """The name in `FORMATS` of a name or suffix; `ValueError` for what is not written here."""
    wanted = format.lower().removeprefix(".")
    for name, spec in FORMATS.items():
        if wanted in (name.lower(), spec.suffix[1:]) and writable(name):
            return name
    there = ", ".join(name.lower() for name in FORMATS if writable(name))
    raise ImageError(f"--format must be one of {there}, got {format!r}")


def suffix_of(file: OriginalFile) -> str:
    """The suffix of what `encode_original` makes of a file where no format is asked for."""
    return FORMATS[_chosen(file)].suffix


def writable(name: str) -> bool:
    """Whether Pillow, with its plug-ins here, writes this one of `FORMATS`."""
    register_plugins()
    return name in Image.SAVE


def _chosen(file: OriginalFile) -> str:
    name = _SAME.get(file.format, file.format)
    spec = FORMATS.get(name)
    depth = max(page.depth for page in file.pages)
    alpha = any(page.alpha for page in file.pages)
    holds = spec and spec.depth >= depth and spec.alpha >= alpha and writable(name)
    if holds and (len(file.pages) == 1 or name == "TIFF"):
        return name
    return "TIFF" if depth == 32 or len(file.pages) > 1 else "PNG"


def _lost(file: OriginalFile, name: str) -> list[str]:
    """What the format cannot carry of this image."""
    spec, page = FORMATS[name], file.pages[0]
    misses = {
        f"its {page.depth} bits (written as {spec.depth})": page.depth > spec.depth,
        "its alpha": page.alpha and not spec.alpha,
        "its alpha without loss": page.alpha and name in ("AVIF", "HEIF"),
        "its resolution": page.dpi is not None and not spec.dpi,
        "its EXIF": file.exif is not None and not spec.exif,
        f"its other {len(file.pages) - 1} pages": len(file.pages) > 1 and name != "TIFF",
    }
    return [f"{name} cannot carry {what}" for what, missed in misses.items() if missed]


def _encoded(
    file: OriginalFile,
    name: str,
    quality: int | None,
    notes: list[str],
    colors: Sequence[Colors],
    threads: int | None,
) -> bytes:
    page = file.pages[0]
    at_once = name == "JPEG" and page.depth == 8
    for each, of_page in zip(file.pages, () if at_once else colors, strict=False):
        each.paint_by(of_page, threads)
    if name == "TIFF" and (len(file.pages) > 1 or page.depth > 8):
        data, complete = write_pages(file.pages, file.exif)
        if not complete:
            notes.append("of its EXIF only the texts are carried into deep or many-paged TIFF")
        return data
    if name == "PNG" and page.depth > 8:
        return write_png16(page, file.exif)
    spec = FORMATS[name]
    options = _options(file, name, quality)
    if spec.dpi and page.dpi:
        options["dpi"] = page.dpi
    if spec.icc:
        options["icc_profile"] = srgb_profile()
    save = _by_strips(page, colors, threads) if at_once else _whole(page, name)
    if spec.exif and file.exif:
        try:
            return _saved(save, name, {**options, **_with_exif(file.exif, name)})
        except Exception:  # odd EXIF, or what fails without it, too
            notes.append("its EXIF is damaged and was left out")
    return _saved(save, name, options)


def _by_strips(page: Page, colors: Sequence[Colors], threads: int | None) -> _Save:
    """An 8-bit page as a JPEG, painted as it is encoded if it is to be."""
    pixels = page.pixels
    assert isinstance(pixels, BytePixels)

    def strip(rows: slice) -> Image.Image:
        if colors:
            return page.painted(rows, colors[0])
        return Image.fromarray(pixels.stored(rows)[..., :3])

    size, count = (page.width, page.height), page.threads(threads)
    return lambda options: encode_jpeg(strip, size, page.groups(), options, count)


def _whole(page: Page, name: str) -> _Save:
    image = as_bytes(page.pixels, alpha=FORMATS[name].alpha)

    def save(options: dict[str, Any]) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, name, **options)
        return buffer.getvalue()

    return save


def _saved(save: _Save, name: str, options: dict[str, Any]) -> bytes:
    try:
        return save(options)
    except Exception as error:  # encoders raise anything, of a side that is too long for instance
        lines = str(error).splitlines() or [type(error).__name__]
        raise ImageError(f"cannot be written as {name}: {lines[0]}") from None


def _options(file: OriginalFile, name: str, quality: int | None) -> dict[str, Any]:
    """What Pillow is told besides what the file says of the image."""
    value = quality or _QUALITY.get(name)
    match name:
        case "PNG":
            # Of 22 photographs of 430 × 320: 8.5 ms and 218 kB; by levels 1, 3 and 6 of zlib, which
            # look for repeated pieces too, 10, 13 and 49 ms and 226, 219 and 210 kB.
            return {"compress_level": 1, "compress_type": zlib.Z_RLE}
        case "JPEG":
            return {"quality": value, "subsampling": 0}
        case "WEBP" if file.lossless and quality is None:
            return {"lossless": True, "exact": True}
        case "WEBP":
            return {"quality": value, "exact": True}
        case "AVIF":
            return {"quality": value, "subsampling": "4:4:4"}
        case "HEIF":
            return {"quality": value, "chroma": 444}
        case "TIFF" if file.pages[0].compressed:
            return {"compression": "tiff_adobe_deflate"}
        case _:
            return {}


def _with_exif(exif: bytes, name: str) -> dict[str, Any]:
    if name != "TIFF":
        return {"exif": exif}
    tags = Image.Exif()
    tags.load(exif)
    for folder in FOLDERS:  # Pillow writes those that are among the tags
        if entries := tags.get_ifd(folder):
            tags[folder] = entries
    return {"exif": tags}
