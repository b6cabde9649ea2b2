"""sRGB ↔ CIELAB on tensors: the only place with colour constants.

D65, 2° observer, the matrix and the thresholds of scikit-image's `rgb2lab` and `lab2rgb`,
to which both functions are equal to rounding. RGB is 0–1; L is 0–100; ab are in Lab units.
"""

import torch
from jaxtyping import Float
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
_LAB_THRESHOLD = 0.008856
_LAB_SLOPE = 7.787


def _mix(matrix: Tensor, x: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix.to(x), x)


def lab_from_rgb(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """CIELAB of sRGB colours in 0–1; differentiable, also at black.

    >>> white = torch.ones(3, 1, 1, dtype=torch.float64)
    >>> lab_from_rgb(white).flatten().round().abs().tolist()
    [100.0, 0.0, 0.0]
    """
    curved = ((rgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    linear = torch.where(rgb > 0.04045, curved, rgb / 12.92)
    t = _mix(_XYZ_FROM_RGB / _WHITE[:, None], linear)
    # The clamp keeps the untaken branch of `where` from making NaN gradients.
    cube_root = t.clamp(min=_LAB_THRESHOLD) ** (1 / 3)
    f = torch.where(t > _LAB_THRESHOLD, cube_root, _LAB_SLOPE * t + 16 / 116)
    x, y, z = f.unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def rgb_from_lab(lab: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """sRGB in 0–1 of CIELAB colours; what lies outside sRGB is clipped by channel.

    >>> mid_grey = torch.tensor([53.585, 0.0, 0.0], dtype=torch.float64).reshape(3, 1, 1)
    >>> (255 * rgb_from_lab(mid_grey)).flatten().round().tolist()
    [128.0, 128.0, 128.0]
    """
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    f = torch.stack([y + a / 500, y, (y - b / 200).clamp(min=0)], dim=-3)
    threshold = 0.2068966  # the cube root of 0.008856
    xyz = torch.where(f > threshold, f**3, (f - 16 / 116) / _LAB_SLOPE)
    linear = _mix(_RGB_FROM_XYZ * _WHITE, xyz)
    curved = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear > 0.0031308, curved, 12.92 * linear).clamp(0, 1)
