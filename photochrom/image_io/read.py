"""The bytes of an image file → its pages, whole: size, depth, alpha and what the file says."""

import io
import threading
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from photochrom.image_io.decode import MAX_PIXELS, readable_formats, unidentified
from photochrom.image_io.depth import from_numbers, in_srgb, pixels_of, rawmode_of
from photochrom.image_io.formats.jpeg import check_scans
from photochrom.image_io.formats.png16 import late_exif
from photochrom.image_io.formats.tiff import MOST_PAGES, is_tiff, read_page, tiff_sizes
from photochrom.image_io.metadata import exif_of_tiff, resolution, take_exif, turned
from photochrom.image_io.page import Page
from photochrom.image_io.pixels import BytePixels
from photochrom.image_io.source_image import ImageError, TooLargeError

_LOSSY = {"JPEG", "MPO", "AVIF", "HEIF"}
_LONGEST_SIDE = 1_000_000  # pixels: memory is bounded by strips, and a strip is a row or more
_opening = threading.Lock()


@dataclass(eq=False)
class OriginalFile:
    """An image file as it was read: its pages, and what to write with them."""

    pages: list[Page]
    format: str
    """Pillow's name of the file's format."""
    lossless: bool = True
    """Whether the format kept each pixel as it was."""
    exif: bytes | None = field(default=None, repr=False)
    """Of the first page, with the orientation reset."""
    notes: list[str] = field(default_factory=list)
    """What a user should know: what was changed, and what was not taken."""


def of_rgb(rgb: UInt8[np.ndarray, "H W 3"]) -> OriginalFile:
    """An image that never was a file."""
    return OriginalFile([Page(BytePixels(Image.fromarray(rgb)))], "PNG")


def decode_original(
    data: bytes, *, pages: Literal["first", "all"] = "first", most_pixels: int = MAX_PIXELS
) -> OriginalFile:
    """Every page of a TIFF or the first, and the first frame of anything else.

    The pixels are turned as EXIF says and brought into sRGB by the file's ICC profile; depth and
    alpha stay. `ImageError` says in one line what is wrong with the file, or that its pages
    declare more than `most_pixels` together.
    """
    try:
        return _read(data, pages == "all", most_pixels)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(unidentified(data)) from None
    except Exception as error:  # on damaged files decoders raise anything, MemoryError included
        lines = str(error).splitlines()
        kind = type(error).__name__
        raise ImageError(lines[0] if lines else f"its decoder fails ({kind})") from None


def _read(data: bytes, every: bool, most_pixels: int) -> OriginalFile:
    try:
        with _open(data) as image:
            return _by_pillow(data, image, every, most_pixels)
    except UnidentifiedImageError:
        if not is_tiff(data):
            raise
    return _by_tifffile(data, every, most_pixels)


def _by_pillow(data: bytes, image: Image.Image, every: bool, most_pixels: int) -> OriginalFile:
    notes: list[str] = []
    name = image.format or ""
    if name in ("JPEG", "MPO"):
        check_scans(data)
    count = _pages_of(image)
    if name != "TIFF" and getattr(image, "is_animated", False):
        notes.append("holds several images: only the first is taken")
    elif count > 1 and not every:
        notes.append(f"holds {count} pages: only the first is taken")
    wanted = range(count if every else 1)
    _check_size([_turn_to(image, number).size for number in wanted], most_pixels)
    _turn_to(image, 0)
    if name == "PNG" and "exif" not in image.info and (late := late_exif(data)):
        image.info["exif"] = late
    exif = take_exif(image, notes)
    pages = []
    for number in wanted:
        page = _page(data, image, number, notes)
        # Pillow reads a page of the same size and mode into the memory of the one before.
        pages.append(page.copy() if len(wanted) > 1 else page)
    _check_size([(page.width, page.height) for page in pages], most_pixels)  # an icon may differ
    lossless = name not in _LOSSY and not (name == "WEBP" and b"VP8L" not in _chunks(data))
    return OriginalFile(pages, name, lossless, exif, list(dict.fromkeys(notes)))


def _pages_of(image: Image.Image) -> int:
    """How many pages a TIFF has. Pillow's own count takes time by their square."""
    if image.format != "TIFF":
        return 1
    try:
        for number in range(1, MOST_PAGES + 1):
            image.seek(number)
    except EOFError:
        return number
    raise ImageError(f"expected at most {MOST_PAGES} pages, got more")


def _turn_to(image: Image.Image, number: int) -> Image.Image:
    if image.format == "TIFF":
        image.seek(number)
    return image


def _check_size(sizes: list[tuple[int, int]], most_pixels: int) -> None:
    if not sizes or any(min(size) < 1 for size in sizes):
        raise ImageError("expected an image with pixels, got one without")
    if (longest := max(map(max, sizes))) > _LONGEST_SIDE:
        raise ImageError(f"expected sides of at most {_LONGEST_SIDE} pixels, got {longest}")
    total = sum(width * height for width, height in sizes)
    if total > most_pixels:
        declared = " + ".join(f"{width} × {height}" for width, height in sizes[:3])
        declared += " + …" if len(sizes) > 3 else ""
        raise TooLargeError(
            f"expected at most {most_pixels / 1e6:g} megapixels, got {declared} pixels: "
            "--max-megapixels raises the limit"
        )


def _page(data: bytes, image: Image.Image, number: int, notes: list[str]) -> Page:
    _turn_to(image, number)
    dpi = resolution(image, swapped=turned(image))
    compressed = image.info.get("compression") != "raw"
    if _beyond_pillow(image):
        return _tiff_page(data, number, notes)
    pixels, white = pixels_of(image, lambda: _at(data, number), notes)
    return Page(pixels, dpi, white, compressed)


def _beyond_pillow(image: Image.Image) -> bool:
    """16-bit colors in planes, of which Pillow makes noise, or multiplied with alpha."""
    if image.format != "TIFF":
        return False
    tags = image.tag_v2  # type: ignore[attr-defined]
    planes = tags.get(284) == 2 and 16 in tags.get(258, ())
    return planes or (rawmode_of(image) or "").startswith("RGBa;16")


def _at(data: bytes, number: int) -> Image.Image:
    return _turn_to(_open(data), number)


def _by_tifffile(data: bytes, every: bool, most_pixels: int) -> OriginalFile:
    notes: list[str] = []
    sizes = tiff_sizes(data)
    if len(sizes) > 1 and not every:
        notes.append(f"holds {len(sizes)} pages: only the first is taken")
    wanted = sizes if every else sizes[:1]
    _check_size(wanted, most_pixels)
    pages = [_tiff_page(data, number, notes) for number in range(len(wanted))]
    return OriginalFile(pages, "TIFF", True, exif_of_tiff(data), list(dict.fromkeys(notes)))


def _tiff_page(data: bytes, number: int, notes: list[str]) -> Page:
    found = read_page(data, number)
    array, white = from_numbers(found.numbers, alpha=found.alpha, notes=notes)
    return Page(in_srgb(array, found.icc, notes), found.dpi, white, found.compressed)


def _open(data: bytes) -> Image.Image:
    """The image, whatever size it declares: `_check_size` is what refuses here."""
    with _opening:
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            return Image.open(io.BytesIO(data), formats=readable_formats())
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _chunks(data: bytes) -> set[bytes]:
    """The names of a RIFF file's chunks."""
    names, at = set(), 12
    while at + 8 <= len(data):
        names.add(data[at : at + 4])
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        at += at % 2
    return names
