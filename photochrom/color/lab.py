"""sRGB ↔ CIELAB on tensors: the only place with color constants.

D65, 2° observer, the matrix and the thresholds of scikit-image's `rgb2lab` and `lab2rgb`,
to which both functions are equal to rounding. RGB is 0–1; L is 0–100; ab are in Lab units.
"""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

_XYZ_FROM_RGB = torch.tensor(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    dtype=torch.float64,
)
_RGB_FROM_XYZ = torch.linalg.inv(_XYZ_FROM_RGB)
_WHITE = torch.tensor([0.95047, 1.0, 1.08883], dtype=torch.float64)  # D65, 2° observer
LINEAR_FROM_XYZ = _RGB_FROM_XYZ * _WHITE
"""Linear RGB of XYZ as shares of white."""
_RGB_THRESHOLD = 0.04045
_LINEAR_THRESHOLD = 0.0031308
_LAB_THRESHOLD = 0.008856
_LAB_CUBE_ROOT = 0.2068966
LAB_SLOPE = 7.787
"""Of f below the cube root."""

_LAB_FROM_F = torch.tensor([[0, 116, 0], [500, -500, 0], [0, 200, -200]], dtype=torch.float64)
# Where the two branches of each curve meet, a little below the rounded thresholds.
_RGB_MEETING = 0.04044823627710733
LAB_MEETING = 0.008823095371913916
"""The share of white at which f's cube root begins."""
_BLOCK = 1 << 17  # pixels: what is made of so many on the way stays in cache
GRAY_REACH = 5.0
"""An image is gray where no |a| or |b| is above this (the mask of Zhang et al. 2016)."""
LINEAR_MAX = (_RGB_FROM_XYZ @ _WHITE).clamp(min=1)
"""Linear RGB of L = 100, not quite the white of the matrix: (1 + 8e-6, 1 - 1e-5, 1 + 8e-5)."""
LUMINANCE = tuple(_XYZ_FROM_RGB[1].tolist())
"""What shares of the linear channels are in Y."""


def _mix(matrix: Tensor, x: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix.to(x), x)


def lab_from_rgb(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """CIELAB of sRGB colors in 0–1; differentiable, also at black.

    >>> white = torch.ones(3, 1, 1, dtype=torch.float64)
    >>> lab_from_rgb(white).flatten().round().abs().tolist()
    [100.0, 0.0, 0.0]
    """
    if rgb.dtype == torch.float32 and not (torch.is_grad_enabled() and rgb.requires_grad):
        return _lab_by_blocks(rgb)
    return _lab(rgb)


def lightness_from_rgb(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 1 H W"]:
    """L alone of sRGB colors in 0–1, for less than `lab_from_rgb` takes."""
    return lightness_from_luminance(_mix(_XYZ_FROM_RGB[1:2], linear_from_rgb(rgb)))


def linear_from_rgb(rgb: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Linear channels of sRGB ones, 0–1."""
    curved = ((rgb.clamp(min=_RGB_THRESHOLD) + 0.055) / 1.055).log2_().mul_(2.4).exp2_()
    return torch.where(rgb > _RGB_THRESHOLD, curved, rgb / 12.92)


def lightness_from_luminance(y: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """L of Y, 0–1; written as `_lab_by_blocks` says, and as near to the definition."""
    line = y.clamp(max=LAB_MEETING).mul_(LAB_SLOPE)
    f = y.clamp(min=LAB_MEETING).log2_().mul_(1 / 3).exp2_().add_(line)
    return f.mul_(116).sub_(16 + 116 * LAB_SLOPE * LAB_MEETING)


def rgb_from_lab(lab: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """sRGB in 0–1 of CIELAB colors; what lies outside sRGB is clipped by channel.

    >>> mid_gray = torch.tensor([53.585, 0.0, 0.0], dtype=torch.float64).reshape(3, 1, 1)
    >>> (255 * rgb_from_lab(mid_gray)).flatten().round().tolist()
    [128.0, 128.0, 128.0]
    """
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    f = torch.stack([y + a / 500, y, (y - b / 200).clamp(min=0)], dim=-3)
    xyz = torch.where(f > _LAB_CUBE_ROOT, f**3, (f - 16 / 116) / LAB_SLOPE)
    return rgb_from_linear(_mix(LINEAR_FROM_XYZ, xyz))


def rgb_from_linear(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """sRGB channels of linear ones, clipped to 0–1."""
    curved = 1.055 * linear.clamp(min=_LINEAR_THRESHOLD) ** (1 / 2.4) - 0.055
    return torch.where(linear > _LINEAR_THRESHOLD, curved, 12.92 * linear).clamp(0, 1)


def compose(
    L: Float[Tensor, "*batch 1 H W"], ab: Float[Tensor, "*batch 2 H W"]
) -> UInt8[Tensor, "*batch 3 H W"]:
    """8-bit sRGB of L and ab, as it would be saved; colors outside sRGB are clipped."""
    rgb = rgb_from_lab(torch.cat([L, ab.to(L)], dim=-3))
    return (255 * rgb).round().to(torch.uint8)


def _lab(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """The definition."""
    curved = ((rgb.clamp(min=_RGB_THRESHOLD) + 0.055) / 1.055) ** 2.4
    linear = torch.where(rgb > _RGB_THRESHOLD, curved, rgb / 12.92)
    t = _mix(_XYZ_FROM_RGB / _WHITE[:, None], linear)
    # The clamp keeps the untaken branch of `where` from making NaN gradients.
    cube_root = t.clamp(min=_LAB_THRESHOLD) ** (1 / 3)
    f = torch.where(t > _LAB_THRESHOLD, cube_root, LAB_SLOPE * t + 16 / 116)
    x, y, z = f.unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def _lab_by_blocks(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """`_lab` for speed: in cache, in place, without choosing and without `pow`.

    Both curves are written as upper(max(x, m)) + lower(min(x, m)) - lower(m), where m is where
    the branches meet. Between m and the rounded threshold that differs from the definition, by
    at most 4e-7 in f: 5e-5 in L, 2e-4 in a and b, about what float32 loses on the way.
    """
    planes = rgb.reshape(-1, 3, rgb.shape[-2] * rgb.shape[-1])
    lab = torch.empty_like(planes, memory_format=torch.contiguous_format)
    images = max(1, _BLOCK // max(1, planes.shape[-1]))
    # Room is made once: fresh memory for every block would cost as much as the arithmetic.
    shape = (2, min(images, len(planes)), 3, min(_BLOCK, planes.shape[-1]))
    room = planes.new_empty(shape)
    for some, out in zip(planes.split(images), lab.split(images), strict=True):
        for start in range(0, some.shape[-1], _BLOCK):
            block = slice(start, start + _BLOCK)
            rgb_block = some[..., block]
            u, v = room[:, : len(some), :, : rgb_block.shape[-1]]
            _put_lab(rgb_block, out[..., block], u, v)
    return lab.reshape(rgb.shape)


def _put_lab(
    rgb: Float[Tensor, "B 3 P"],
    lab: Float[Tensor, "B 3 P"],
    u: Float[Tensor, "B 3 P"],
    v: Float[Tensor, "B 3 P"],
) -> None:
    """The Lab of `rgb` into `lab`; u and v are room for what comes between."""
    linear = torch.clamp(rgb, min=_RGB_MEETING, out=u).add_(0.055).log2_().mul_(2.4).exp2_()
    # 1.055 ** 2.4 is left in, and divided out with the matrix.
    slope = 1.055**2.4 / 12.92
    low = torch.clamp(rgb, max=_RGB_MEETING, out=v)
    linear.add_(low, alpha=slope).sub_(slope * _RGB_MEETING)
    matrix = _XYZ_FROM_RGB / _WHITE[:, None] / 1.055**2.4
    t = torch.matmul(matrix.to(linear), linear, out=v)
    f = torch.clamp(t, min=LAB_MEETING, out=u).log2_().mul_(1 / 3).exp2_()
    f.add_(t.clamp_(max=LAB_MEETING), alpha=LAB_SLOPE)
    torch.matmul(_LAB_FROM_F.to(f), f, out=lab)
    # a and b are differences, from which what is subtracted from f cancels.
    lab[:, 0].sub_(16 + 116 * LAB_SLOPE * LAB_MEETING)
