"""ICC profiles: colors into sRGB.

8-bit images go through LittleCMS (relative colorimetric, black-point compensation). It is
reached through Pillow, which knows 8-bit colors only; deeper ones are converted in float64, by
the profile's own matrix and curves (ICC.1:2022, sections 8.3 and 10) where it has them, which is
exact. Where it has tables instead, LittleCMS is sampled on a grid and interpolated: as exact as
8 bits, but without their steps.
"""

import functools
import io
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageCms

from photochrom.image_io.icc.matrix_profiles import MatrixProfile
from photochrom.image_io.pixels import ArrayPixels, strips

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_GRID = 52  # of each channel: 0, 5, … 255
_LIKE = 1  # of 255: what two roundings differ by

Convert = Callable[[Float[np.ndarray, "h W 3"]], Float[np.ndarray, "h W 3"]]


@functools.cache
def srgb_profile() -> bytes:
    """The profile that outputs are tagged with; the same bytes whenever it is made."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"\x07\xd0\0\x01\0\x01" + bytes(6)  # made at 2000-01-01
    return bytes(profile)


def converted(image: Image.Image, icc: bytes | None, notes: list[str]) -> Image.Image:
    """An 8-bit image as L, RGB or RGBA in sRGB, by its profile if it has one that fits."""
    mode = "RGBA" if _has_alpha(image) else "L" if image.mode == "L" else "RGB"
    if image.mode == "LAB" and icc is None:
        icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profile = _opened(icc, notes)
    if profile is None:
        return image if image.mode == mode else image.convert(mode)
    source = _MODES.get(_space(profile), "")
    base = _as_source(image, source)
    if base is None:
        notes.append(f"its ICC profile is for {source or 'other'} colors and was ignored")
    elif not _is_srgb(profile, source):
        notes.append(f"converted from {_name(profile)} to sRGB")
        rgb = _through(base, profile)
        if mode == "RGBA":
            rgb.putalpha(image.convert("RGBA").getchannel("A"))
        return rgb
    return image if image.mode == mode else image.convert(mode)


def convert_array(pixels: ArrayPixels, icc: bytes | None, notes: list[str]) -> None:
    """Bring deep pixels into sRGB, in place, by their profile if they have one that fits."""
    profile = _opened(icc, notes)
    if profile is None or icc is None:
        return
    source = _MODES.get(_space(profile), "")
    if source not in ("RGB", "L"):
        notes.append(f"its ICC profile is for {source or 'other'} colors and was ignored")
        return
    if _is_srgb(profile, source):
        return
    matrix = MatrixProfile.parse(icc)
    how = "by its matrix and curves" if matrix else "by its tables, sampled in 8 bits"
    notes.append(f"converted from {_name(profile)} to sRGB {how}")
    convert = matrix.to_srgb if matrix else _sampled(profile, source)
    white = 65535 if pixels.depth == 16 else 1
    for rows in strips(pixels.height, pixels.width):
        rgb = convert(pixels.array[rows, :, :3].astype(np.float64) / white) * white
        pixels.array[rows, :, :3] = rgb.round() if pixels.depth == 16 else rgb


def _has_alpha(image: Image.Image) -> bool:
    """Pillow's own `has_transparency_data` fails where a palette was lost, as in ICNS."""
    palette = image.palette.mode if image.mode == "P" and image.palette else ""
    return "transparency" in image.info or (image.mode + palette)[-1] in "Aa"


def _opened(icc: bytes | None, notes: list[str]) -> ImageCms.ImageCmsProfile | None:
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        _is_srgb(profile, _MODES.get(_space(profile), ""))
        return profile
    except Exception:  # ImageCms has errors of its own, and some of Python's
        notes.append("its ICC profile cannot be applied: its colors were taken as sRGB")
        return None


def _space(profile: ImageCms.ImageCmsProfile) -> str:
    return str(profile.profile.xcolor_space).strip()


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    text = profile.profile.profile_description or "its ICC profile"
    return "".join(letter for letter in str(text)[:80] if letter.isprintable())


def _as_source(image: Image.Image, source: str) -> Image.Image | None:
    """The image in the mode that its profile is of."""
    gray = image.mode in ("1", "L", "LA")
    if image.mode == source:
        return image
    if source == "L" and gray:
        return image.convert("L")
    if source == "RGB" and (gray or image.mode in ("P", "PA", "RGBA", "RGBX", "YCbCr")):
        return image.convert("RGB")
    return None


def _through(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    in_place = image.mode == "RGB"
    result = ImageCms.profileToProfile(
        image,
        profile,
        _srgb(),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode=None if in_place else "RGB",
        inPlace=in_place,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return image if result is None else result


@functools.cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _is_srgb(profile: ImageCms.ImageCmsProfile, source: str) -> bool:
    """Whether a profile changes no color by more than rounding, so that it need not be applied."""
    if source not in ("RGB", "L"):
        return False
    colors = _grid(source, 16)
    image = Image.fromarray(colors)
    before = np.array(image.convert("RGB")).astype(int)
    after = np.asarray(_through(image, profile)).astype(int)
    return bool(np.abs(after - before).max() <= _LIKE)


def _grid(source: str, steps: int) -> np.ndarray:
    """8-bit colors that cover the space: one row of grays, or steps² × steps of RGB."""
    levels = np.linspace(0, 255, steps).round().astype(np.uint8)
    if source == "L":
        return levels[None]
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return rgb.reshape(steps * steps, steps, 3)


def _sampled(profile: ImageCms.ImageCmsProfile, source: str) -> Convert:
    """What LittleCMS does to 8-bit colors, interpolated linearly between them."""
    from scipy.interpolate import RegularGridInterpolator

    steps = 256 if source == "L" else _GRID
    colors = np.asarray(_through(Image.fromarray(_grid(source, steps)), profile)) / 255
    levels = np.linspace(0, 1, steps)
    if source == "L":
        table = RegularGridInterpolator((levels,), colors[0])
        return lambda rgb: table(rgb[..., :1]).reshape(rgb.shape)
    cube = RegularGridInterpolator((levels,) * 3, colors.reshape(steps, steps, steps, 3))
    return lambda rgb: cube(rgb.clip(0, 1))
