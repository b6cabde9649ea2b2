"""TIFF pages in which Pillow finds no image or too little, and those that it cannot write."""

import io
import logging
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tifffile
from jaxtyping import Num
from PIL import Image

from photochrom.image_io.icc.profiles import srgb_profile
from photochrom.image_io.metadata import FOLDERS, TEXTS
from photochrom.image_io.page import Page
from photochrom.image_io.pixels import STRIP
from photochrom.image_io.source_image import ImageError

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong, errors say
_GRAY_OR_RGB = {"MINISWHITE", "MINISBLACK", "RGB"}
MOST_PAGES = 10_000
"""A file of more is refused: to walk through them all takes long, and costs few bytes."""
_CLASSIC_BYTES = 3_500_000_000  # above this offsets need 64 bits
_ASCII = 2
_DEFLATED = (8, 32946)


def is_tiff(data: bytes) -> bool:
    """Whether the file begins as a TIFF does."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class TiffNumbers(NamedTuple):
    """A page as its file holds it, but upright, black 0, and not multiplied with alpha."""

    numbers: Num[np.ndarray, "H W channels"]
    alpha: bool
    """Whether the last channel is alpha."""
    icc: bytes | None
    dpi: tuple[float, float] | None
    compressed: bool


def tiff_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height of each page."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        if len(file.pages) > MOST_PAGES:
            raise ImageError(f"expected at most {MOST_PAGES} pages, got more")
        pages = [_at(file, number) for number in range(len(file.pages))]
        return [(page.imagewidth, page.imagelength) for page in pages]


def read_page(data: bytes, number: int) -> TiffNumbers:
    """One page of gray or RGB, in any kind of number; `ImageError` for other pages."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = _at(file, number)
        turn = page.tags.valueof(274, 1)
        array, alpha = _numbers(page)
        dpi = _resolution(page, swapped=turn in (5, 6, 7, 8))
        icc = page.tags.valueof(34675)
        return TiffNumbers(_upright(array, turn), alpha, icc, dpi, int(page.compression) != 1)


def _at(file: tifffile.TiffFile, number: int) -> tifffile.TiffPage:
    page = file.pages[number]
    return page if isinstance(page, tifffile.TiffPage) else page.aspage()


def _numbers(page: tifffile.TiffPage) -> tuple[Num[np.ndarray, "H W channels"], bool]:
    samples, bits = page.samplesperpixel, page.bitspersample
    kind = getattr(page.photometric, "name", "unknown colors")
    if kind not in _GRAY_OR_RGB or page.imagedepth != 1 or samples > 8 or page.dtype is None:
        raise ImageError(f"expected a TIFF of gray or RGB, got {kind}, {samples} × {bits} bits")
    _refuse_inflated(page)
    array = page.asarray()
    array = array[..., None] if array.ndim == 2 else array
    if page.planarconfig == 2 and array.shape[0] == samples:
        array = np.moveaxis(array, 0, -1)
    colors = 3 if kind == "RGB" else 1
    has_alpha = samples > colors and int(page.extrasamples[0]) in (1, 2)
    array = array[..., : colors + has_alpha]
    if kind == "MINISWHITE":
        white = np.iinfo(array.dtype).max if array.dtype.kind in "iu" else array.dtype.type(1)
        array = np.concatenate([white - array[..., :1], array[..., 1:]], axis=-1)
    if has_alpha and int(page.extrasamples[0]) == 1:
        array = _divided(array)
    return array, has_alpha


def _upright(
    array: Num[np.ndarray, "H W channels"], turn: int
) -> Num[np.ndarray, "H_ W_ channels"]:
    """The image turned as the orientation says (TIFF 6.0, page 36)."""
    array = array.swapaxes(0, 1) if turn in (5, 6, 7, 8) else array
    array = array[::-1] if turn in (3, 4, 7, 8) else array
    return np.ascontiguousarray(array[:, ::-1] if turn in (2, 3, 6, 7) else array)


def _resolution(page: tifffile.TiffPage, *, swapped: bool) -> tuple[float, float] | None:
    inches = {2: 1.0, 3: 2.54}.get(page.tags.valueof(296, 2))
    x, y = (page.tags.valueof(tag) for tag in (282, 283))
    if inches is None or not x or not y or not all((*x, *y)):
        return None
    across, down = (inches * part[0] / part[1] for part in (x, y))
    return (down, across) if swapped else (across, down)


def _divided(array: Num[np.ndarray, "H W channels"]) -> Num[np.ndarray, "H W channels"]:
    """Colors that were multiplied with alpha, as they were before."""
    whole = array.dtype.kind in "iu"
    white = np.iinfo(array.dtype).max if whole else 1
    alpha = np.maximum(array[..., -1:].astype(np.float64), 1e-9)
    with np.errstate(all="ignore"):  # floats may be infinite, or no number
        colors = (array[..., :-1] * (white / alpha)).clip(0, white)
    colors = (colors.round() if whole else colors).astype(array.dtype)
    return np.concatenate([colors, array[..., -1:]], axis=-1)


def _refuse_inflated(page: tifffile.TiffPage) -> None:
    """tifffile inflates a segment whole, whatever comes: see beforehand that it is no bomb."""
    if int(page.compression) not in _DEFLATED:
        return
    declared = page.nbytes * 2 + 1_000_000  # tiles may reach beyond the image
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        page.parent.filehandle.seek(start)
        whole = zlib.decompressobj().decompress(page.parent.filehandle.read(count), declared)
        if len(whole) >= declared:
            raise ImageError(f"expected {page.nbytes} bytes of pixels, got many more")


def write_pages(pages: Sequence[Page], exif: bytes | None) -> tuple[bytes, bool]:
    """Pages of any depth as a TIFF, and whether all of the EXIF went along: its texts do."""
    buffer = io.BytesIO()
    texts, folders = _texts(exif)
    size = sum(page.height * page.width * 4 * page.depth // 8 for page in pages)
    with tifffile.TiffWriter(buffer, bigtiff=size > _CLASSIC_BYTES) as writer:
        for page in pages:
            rows = max(1, STRIP // page.width)
            writer.write(
                _strips(page, rows),
                shape=(page.height, page.width, 3 + page.alpha),
                dtype={8: np.uint8, 16: np.uint16, 32: np.float32}[page.depth],
                photometric="rgb",
                extrasamples=["unassalpha"] if page.alpha else None,
                compression="zlib" if page.compressed else None,
                predictor=2 if page.compressed and page.depth < 32 else None,
                rowsperstrip=rows,
                resolution=page.dpi,
                resolutionunit="INCH" if page.dpi else None,
                iccprofile=srgb_profile(),
                software=False,
                metadata=None,
                extratags=texts,
            )
    return buffer.getvalue(), not folders


def _strips(page: Page, rows: int) -> Iterator[np.ndarray]:
    for top in range(0, page.height, rows):
        strip = page.pixels.stored(slice(top, min(top + rows, page.height)))
        if page.depth == 32 and page.white != 1:
            strip = np.concatenate([strip[..., :3] * np.float32(page.white), strip[..., 3:]], -1)
        yield np.ascontiguousarray(strip)


def _texts(exif: bytes | None) -> tuple[list[tuple[int, int, int, str, bool]], bool]:
    """The texts of EXIF as tags, and whether there is more than texts."""
    if exif is None:
        return [], False
    try:
        parsed = Image.Exif()
        parsed.load(exif)
        found = [(int(tag), str(parsed[tag])) for tag in TEXTS if tag in parsed]
        more = any(parsed.get_ifd(folder) for folder in FOLDERS)
    except Exception:  # what Pillow raises on damaged EXIF is its own
        return [], True
    plain = [(tag, text.encode("ascii", "replace").decode()) for tag, text in found]
    return [(tag, _ASCII, len(text) + 1, text, True) for tag, text in plain], more
