"""An opened Pillow image → its pixels in sRGB, upright, at their full depth.

Pillow holds colors in 8 bits: of 16-bit ones it keeps the high bytes. Its decoders can as well
be told that the bytes come in the other order, and then keep the low ones: deep colors are
decoded twice.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Num, UInt16
from PIL import Image, ImageOps

from photochrom.image_io.icc.profiles import convert_array, converted
from photochrom.image_io.pixels import ArrayPixels, BytePixels, Pixels, strips
from photochrom.image_io.source_image import ImageError

Reopen = Callable[[], Image.Image]
_OTHER_BYTES = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA", "RGBX")
    for order, other in ("BL", "LB", "NB" if np.little_endian else "NL")
}
# libtiff gives these in this machine's order already, and Pillow swaps their bytes once more.
_SWAPPED = {"F;32BF": "F;32NF", "I;16BS": "I;16NS", "I;32BS": "I;32NS"}
_LARGE = float(np.finfo(np.float32).max)
_WHITE_IS_ZERO, _PHOTOMETRIC, _BITS = 0, 262, 258


def pixels_of(image: Image.Image, reopen: Reopen, notes: list[str]) -> tuple[Pixels, float]:
    """The pixels of an image that is opened but not loaded, and the value that is their white.

    `reopen` gives the same image once more; `notes` is told what was changed on the way.
    """
    icc, transparency = image.info.get("icc_profile"), image.info.get("transparency")
    rawmode = rawmode_of(image)
    if rawmode == "LA;16B" or rawmode in _OTHER_BYTES:
        array, white = _deep_colors(image, reopen, rawmode, transparency), 1.0
    elif image.mode.startswith("I;16") or image.mode in ("I", "F"):
        array, white = _deep_gray(image, transparency, notes)
    else:
        if (rawmode and ";16" in rawmode) or _declared_white(image) > 255:
            notes.append("its 16 bits a channel are read as 8")
        ImageOps.exif_transpose(image, in_place=True)
        image.load()
        return BytePixels(_detached(converted(image, icc, notes))), 1.0
    return in_srgb(array, icc, notes), white


def in_srgb(array: Num[np.ndarray, "H W channels"], icc: bytes | None, notes: list[str]) -> Pixels:
    """RGB or RGBA numbers as pixels, brought into sRGB by their profile."""
    if array.dtype == np.uint8:
        return BytePixels(_detached(converted(Image.fromarray(array), icc, notes)))
    pixels = ArrayPixels(array)
    convert_array(pixels, icc, notes)
    return pixels


def from_numbers(
    numbers: Num[np.ndarray, "H W channels"], *, alpha: bool, notes: list[str]
) -> tuple[Num[np.ndarray, "H W _"], float]:
    """Gray or RGB numbers of any kind, the last channel alpha if said, as RGB(A) and its white.

    Floats, and whole numbers beyond 16 bits, become a share of their white: 1 if none is above
    it, else 255 or 65535, else the largest. Alpha of floats stays as it is. `ImageError` for
    what 32-bit floats cannot hold.
    """
    low, high = _range(numbers[..., :-1] if alpha else numbers)
    if high > _LARGE:
        raise ImageError(f"expected values of at most {_LARGE:g}, got {high:g}")
    if low < 0:
        notes.append("its values below 0 were taken as 0")
    whole = numbers.dtype.kind in "iu"
    if whole and high <= 65535:
        bits = np.uint8 if numbers.dtype == np.uint8 else np.uint16
        return _arranged(numbers, alpha, bits, 1), 1.0
    white = next((float(w) for w in (1, 255, 65535) if high <= w), high)
    if white != 1:
        notes.append(f"its values were taken as a share of {white:g}")
    opaque = float(np.iinfo(numbers.dtype).max) if whole else 1.0
    return _arranged(numbers, alpha, np.float32, 1 / white, 1 / opaque), white


def rawmode_of(image: Image.Image) -> str | None:
    """How Pillow's decoder is told to read the bytes."""
    if not getattr(image, "tile", None):
        return None
    args: Any = image.tile[0][3]  # type: ignore[attr-defined]
    args = args[0] if isinstance(args, tuple) and args else args
    return args if isinstance(args, str) else None


def _declared_white(image: Image.Image) -> int:
    """The largest value of a PPM's pixels, or 255."""
    tile = getattr(image, "tile", None)
    if image.format != "PPM" or not tile or not isinstance(tile[0][3], tuple):
        return 255
    last = tile[0][3][-1]
    return last if isinstance(last, int) else 255


def _deep_colors(
    image: Image.Image, reopen: Reopen, rawmode: str, transparency: Any
) -> UInt16[np.ndarray, "H W channels"]:
    if rawmode == "LA;16B":  # gray and alpha: four bytes as well as RGBA
        _read_as(image, "RGBA")
        return _from_bytes(image, [(0, 1), (0, 1), (0, 1), (2, 3)])
    ImageOps.exif_transpose(image, in_place=True)
    channels = len(image.mode)
    keyed = channels == 3 and isinstance(transparency, tuple)
    array = np.empty((image.height, image.width, channels + keyed), np.uint16)
    bytes_of = array.view(np.uint8).reshape(*array.shape, 2)
    _fill(image, bytes_of[..., :channels, 1 if np.little_endian else 0])
    image.im = Image.new("L", (1, 1)).im  # let go before there is a second
    with reopen() as again:
        _read_as(again, _OTHER_BYTES[rawmode])
        _fill(again, bytes_of[..., :channels, 0 if np.little_endian else 1])
    if keyed:
        array[..., 3] = np.where((array[..., :3] == transparency).all(-1), 0, 65535)
    return array


def _in_this_order(image: Image.Image) -> None:
    """Take the numbers of a compressed big-endian TIFF as libtiff gives them."""
    rawmode = rawmode_of(image)
    if rawmode in _SWAPPED and image.tile[0][0] == "libtiff":  # type: ignore[attr-defined]
        _take_as(image, _SWAPPED[rawmode])


def _read_as(image: Image.Image, rawmode: str) -> None:
    """Load an image with its bytes taken otherwise."""
    _take_as(image, rawmode)
    ImageOps.exif_transpose(image, in_place=True)


def _take_as(image: Image.Image, rawmode: str) -> None:
    tiles = []
    for tile in image.tile:  # type: ignore[attr-defined]
        args = rawmode if isinstance(tile[3], str) else (rawmode, *tile[3][1:])
        plain = (*tile[:3], args)
        tiles.append(type(tile)(*plain) if hasattr(tile, "_fields") else plain)
    image.tile = tiles  # type: ignore[attr-defined]


def _fill(image: Image.Image, out: Num[np.ndarray, "H W channels"]) -> None:
    for rows in strips(image.height, image.width):
        out[rows] = np.asarray(image.crop((0, rows.start, image.width, rows.stop)))


def _from_bytes(
    image: Image.Image, places: list[tuple[int, int]]
) -> UInt16[np.ndarray, "H W channels"]:
    """16-bit channels of where their high and low bytes are."""
    shape = (image.height, image.width, len(places))
    array: UInt16[np.ndarray, "H W channels"] = np.empty(shape, np.uint16)
    for rows in strips(image.height, image.width):
        strip = np.asarray(image.crop((0, rows.start, image.width, rows.stop))).astype(np.uint16)
        for channel, (high, low) in enumerate(places):
            array[rows, :, channel] = strip[..., high] << 8 | strip[..., low]
    return array


def _deep_gray(
    image: Image.Image, transparency: Any, notes: list[str]
) -> tuple[Num[np.ndarray, "H W channels"], float]:
    tags = getattr(image, "tag_v2", {})
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    bits = tags.get(_BITS, (16,))
    _in_this_order(image)
    ImageOps.exif_transpose(image, in_place=True)
    gray = np.asarray(image)
    if inverted and gray.dtype.kind == "u":  # Pillow leaves it as it is
        gray = 65535 - gray
    if bits == (12,) and image.mode == "I;16":
        gray = gray << 4 | gray >> 8
        notes.append("its 12 bits are written as 16")
    if not isinstance(transparency, int):
        return from_numbers(gray[..., None], alpha=False, notes=notes)
    alpha = np.where(gray == transparency, 0, 65535).astype(gray.dtype)
    return from_numbers(np.stack([gray, alpha], -1), alpha=True, notes=notes)


def _range(numbers: Num[np.ndarray, "H W channels"]) -> tuple[float, float]:
    """The least and the largest of what is finite."""
    low, high = 0.0, 0.0
    for rows in strips(*numbers.shape[:2]):
        strip = numbers[rows]
        finite = strip[np.isfinite(strip)] if strip.dtype.kind == "f" else strip
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return low, high


def _arranged(
    numbers: Num[np.ndarray, "H W channels"],
    alpha: bool,
    dtype: type,
    scale: float,
    alpha_scale: float = 1,
) -> Num[np.ndarray, "H W _"]:
    """The numbers as RGB or RGBA, scaled; a color below 0, or not a finite number, becomes 0."""
    height, width, channels = numbers.shape
    array: Num[np.ndarray, "H W _"] = np.empty((height, width, 3 + alpha), dtype)
    for rows in strips(height, width):
        colors = numbers[rows, :, : channels - alpha]
        if dtype is np.float32:
            colors = np.nan_to_num(colors.astype(np.float64), posinf=0) * scale
        array[rows, :, :3] = colors.clip(0)
        if alpha and dtype is np.float32:
            opacity = numbers[rows, :, -1].astype(np.float64) * alpha_scale
            array[rows, :, 3] = np.nan_to_num(opacity, posinf=1, neginf=0).clip(-_LARGE, _LARGE)
        elif alpha:
            array[rows, :, 3] = numbers[rows, :, -1]
    return array


def _detached(image: Image.Image) -> Image.Image:
    """The same pixels without what their file said, which Pillow would write out again."""
    bare = Image.Image()._new(image.im)
    bare.info = {}
    return bare
