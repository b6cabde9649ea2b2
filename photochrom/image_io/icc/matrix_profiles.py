"""ICC profiles that are a matrix and curves, or one curve for gray, applied in float64.

ICC.1:2022, sections 8.3 and 8.4 (the model), 10.6 (curves), 10.18 (parametric curves). Colors
are related by their whites, as the profiles' own are to D50; what leaves sRGB is clipped.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from photochrom.errors import ImageError

Curve = Callable[[np.ndarray], np.ndarray]
# sRGB's primaries adapted to D50 by Bradford's transform, as sRGB profiles hold them.
_D50_FROM_SRGB = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_SRGB_FROM_D50 = np.linalg.inv(_D50_FROM_SRGB)


@dataclass(frozen=True, eq=False)
class MatrixProfile:
    """Curves to linear light, then a matrix to linear sRGB (none for gray)."""

    curves: list[Curve]
    matrix: Float[np.ndarray, "3 3"] | None

    @staticmethod
    def parse(icc: bytes) -> "MatrixProfile | None":
        """The profile if it is of this kind: without tables, which would come first."""
        tags = _tags(icc)
        if b"A2B0" in tags or b"A2B1" in tags:
            return None
        try:
            if icc[16:20] == b"GRAY":
                return MatrixProfile([_curve(tags[b"kTRC"])], None)
            curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
            columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
            return MatrixProfile(curves, _SRGB_FROM_D50 @ np.stack(columns, axis=-1))
        except (KeyError, struct.error, ValueError):
            return None

    def to_srgb(self, rgb: Float[np.ndarray, "h W 3"]) -> Float[np.ndarray, "h W 3"]:
        """sRGB of the profile's colors, all in 0–1."""
        if self.matrix is None:
            linear = np.repeat(self.curves[0](rgb[..., :1]), 3, axis=-1)
        else:
            linear = np.stack([curve(rgb[..., i]) for i, curve in enumerate(self.curves)], axis=-1)
            linear = linear @ self.matrix.T
        linear = linear.clip(0, 1)
        return np.where(
            linear > 0.0031308,
            1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055,
            12.92 * linear,
        )


def _tags(icc: bytes) -> dict[bytes, bytes]:
    try:
        (count,) = struct.unpack_from(">I", icc, 128)
        entries = struct.iter_unpack(">4sII", icc[132 : 132 + 12 * min(count, 1000)])
        return {name: icc[start : start + size] for name, start, size in entries}
    except struct.error:
        return {}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Curve:
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        raise ImageError("no curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    values = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
    if count == 0:
        return lambda x: x
    if count == 1:
        return lambda x: x.clip(0) ** (values[0] / 256)
    return lambda x: np.interp(x, np.linspace(0, 1, count), values / 65535)


def _parametric(tag: bytes) -> Curve:
    """Y = (a X + b)^g + e from X = d on, and c X + f below it."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind > 4:
        raise ImageError("unknown curve")
    given = [v / 65536 for v in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
    g, a, b, c, d, e, f = given + [1.0, 1, 0, 0, 0, 0, 0][len(given) :]
    if kind in (1, 2):  # its third number, if any, is added everywhere
        d, e = (-b / a if a else 0.0), (c if kind == 2 else 0.0)
        c, f = 0.0, e

    def curve(x: np.ndarray) -> np.ndarray:
        upper: np.ndarray = (a * x + b).clip(0) ** g + e
        return np.where(x >= d, upper, c * x + f)

    return curve
