"""What an image file says besides its pixels: EXIF and resolution."""

import struct

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

ORIENTATION = int(ExifTags.Base.Orientation)
# What a TIFF says of the image rather than of its own layout.
TEXTS = (
    ExifTags.Base.DocumentName,
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.PageName,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.HostComputer,
    ExifTags.Base.Copyright,
)
# What tifffile, ImageJ and microscopes write as a description: no more true of RGB.
_LAYOUTS = ('{"shape"', "shape=", "ImageJ=", "<OME")
FOLDERS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
_RESOLUTION = {ExifTags.Base.XResolution, ExifTags.Base.YResolution}


def take_exif(image: Image.Image, notes: list[str]) -> bytes | None:
    """The EXIF of an opened image, its orientation reset; damaged EXIF is left out, and noted.

    To be called before the pixels are loaded, as Pillow changes it when it turns them.
    """
    try:
        exif = _exif(image)
        return upright(image.info["exif"]) if "exif" in image.info else _gathered(exif)
    except Exception:  # whatever Pillow's parser raises on damaged bytes
        image.info.pop("exif", None)
        _exif(image).load(b"")  # or it would be parsed, and raise, once more
        notes.append("its EXIF is damaged and was left out")
        return None


def exif_of_tiff(data: bytes) -> bytes | None:
    """The EXIF in the first page of a TIFF that is not read with Pillow."""
    exif = Image.Exif()
    try:
        exif.load(data)
        return _gathered(exif)
    except Exception:  # as in `take_exif`
        return None


def upright(exif: bytes) -> bytes:
    """EXIF bytes with the orientation set to 1 and each other byte as it was."""
    start = 6 if exif.startswith(b"Exif\0\0") else 0
    order = {b"II": "<", b"MM": ">"}.get(exif[start : start + 2])
    if order is None:
        return exif
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, start + 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start + first)
        for at in range(start + first + 2, start + first + 2 + 12 * entries, 12):
            if struct.unpack_from(f"{order}H", exif, at) == (ORIENTATION,):
                patched = bytearray(exif)
                struct.pack_into(f"{order}HHIHH", patched, at, ORIENTATION, 3, 1, 1, 0)
                return bytes(patched)
    except struct.error:
        pass  # cut short: no reader finds an orientation either
    return exif


def turned(image: Image.Image) -> bool:
    """Whether the orientation exchanges height and width."""
    return _exif(image).get(ORIENTATION, 1) in (5, 6, 7, 8)


def resolution(image: Image.Image, *, swapped: bool) -> tuple[float, float] | None:
    """Pixels an inch, across and down the upright image, if the file says so."""
    if isinstance(image, TiffImageFile) and not _RESOLUTION.issubset(image.tag_v2):
        return None  # of which Pillow says 1
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0 < x < 1e6 and 0 < y < 1e6):
        return None
    return (y, x) if swapped else (x, y)


def _exif(image: Image.Image) -> Image.Exif:
    """What Pillow reads without the pixels, of a PNG too: it would load those for EXIF behind."""
    return Image.Image.getexif(image) if image.format == "PNG" else image.getexif()


def _tells_layout(text: str) -> bool:
    return text.startswith(_LAYOUTS) or (text.startswith("<?xml") and "<OME" in text)


def _gathered(exif: Image.Exif) -> bytes | None:
    """EXIF bytes of what is not kept as such: the tags of a TIFF, a text chunk of a PNG."""
    kept = Image.Exif()
    for tag in TEXTS:
        if tag in exif and not _tells_layout(str(exif[tag])):
            kept[tag] = exif[tag]
    for folder in FOLDERS:
        if entries := exif.get_ifd(folder):
            kept[folder] = entries
    return kept.tobytes() if len(kept) else None
