"""sRGB ↔ CIELAB on tensors: the only place with colour constants.

D65, 2° observer, the matrix and the thresholds of scikit-image's `rgb2lab` and `lab2rgb`,
to which both functions are equal to rounding. RGB is 0–1; L is 0–100; ab are in Lab units.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
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
_LINEAR_FROM_XYZ = _RGB_FROM_XYZ * _WHITE  # XYZ as shares of white
_RGB_THRESHOLD = 0.04045
_LINEAR_THRESHOLD = 0.0031308
_LAB_THRESHOLD = 0.008856
_LAB_CUBE_ROOT = 0.2068966
_LAB_SLOPE = 7.787

_LAB_FROM_F = torch.tensor([[0, 116, 0], [500, -500, 0], [0, 200, -200]], dtype=torch.float64)
# Where the two branches of each curve meet, a little below the rounded thresholds.
_RGB_MEETING = 0.04044823627710733
_LAB_MEETING = 0.008823095371913916
_BLOCK = 1 << 17  # pixels: what is made of so many on the way stays in cache
# L = 100 is not quite the white of the matrix: it is (1 + 8e-6, 1 - 1e-5, 1 + 8e-5).
_LINEAR_MAX = (_RGB_FROM_XYZ @ _WHITE).clamp(min=1)
LUMINANCE = tuple(_XYZ_FROM_RGB[1].tolist())
"""What shares of the linear channels are in Y."""
_LINEAR_MIN = -1e-7  # what float32 makes of black
_HALVINGS = 10


def _mix(matrix: Tensor, x: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix.to(x), x)


def lab_from_rgb(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """CIELAB of sRGB colours in 0–1; differentiable, also at black.

    >>> white = torch.ones(3, 1, 1, dtype=torch.float64)
    >>> lab_from_rgb(white).flatten().round().abs().tolist()
    [100.0, 0.0, 0.0]
    """
    if rgb.dtype == torch.float32 and not (torch.is_grad_enabled() and rgb.requires_grad):
        return _lab_by_blocks(rgb)
    return _lab(rgb)


def lightness_from_rgb(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 1 H W"]:
    """L alone of sRGB colours in 0–1, for less than `lab_from_rgb` takes."""
    return lightness_from_luminance(_mix(_XYZ_FROM_RGB[1:2], linear_from_rgb(rgb)))


def linear_from_rgb(rgb: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Linear channels of sRGB ones, 0–1."""
    curved = ((rgb.clamp(min=_RGB_THRESHOLD) + 0.055) / 1.055).log2_().mul_(2.4).exp2_()
    return torch.where(rgb > _RGB_THRESHOLD, curved, rgb / 12.92)


def lightness_from_luminance(y: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """L of Y, 0–1; written as `_lab_by_blocks` says, and as near to the definition."""
    line = y.clamp(max=_LAB_MEETING).mul_(_LAB_SLOPE)
    f = y.clamp(min=_LAB_MEETING).log2_().mul_(1 / 3).exp2_().add_(line)
    return f.mul_(116).sub_(16 + 116 * _LAB_SLOPE * _LAB_MEETING)


def rgb_from_lab(lab: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """sRGB in 0–1 of CIELAB colours; what lies outside sRGB is clipped by channel.

    >>> mid_grey = torch.tensor([53.585, 0.0, 0.0], dtype=torch.float64).reshape(3, 1, 1)
    >>> (255 * rgb_from_lab(mid_grey)).flatten().round().tolist()
    [128.0, 128.0, 128.0]
    """
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    f = torch.stack([y + a / 500, y, (y - b / 200).clamp(min=0)], dim=-3)
    xyz = torch.where(f > _LAB_CUBE_ROOT, f**3, (f - 16 / 116) / _LAB_SLOPE)
    return rgb_from_linear(_mix(_LINEAR_FROM_XYZ, xyz))


def rgb_within_gamut(lab: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """sRGB in 0–1 of CIELAB colours; what lies outside sRGB loses chroma until it fits.

    L and the hue angle of (a, b) stay, and so do colours that fit. Bisection finds what share of
    the chroma does, to a thousandth. L, clipped to 0–100, is kept to 3e-4: the white of the
    constants is the matrix's own to four digits.
    """
    return rgb_from_linear(linear_within_gamut(*lab.split([1, 2], dim=-3)))


def linear_within_gamut(
    L: Float[Tensor, "*batch 1 H W"], ab: Float[Tensor, "*batch 2 H W"]
) -> Float[Tensor, "*batch 3 H W"]:
    """Linear RGB of which `rgb_within_gamut` is the sRGB; from 0 to 1 but for rounding.

    Fastest on some ten thousand pixels at a time: what is made of them on the way stays in cache.
    """
    a, b = ab.movedim(-3, 0).flatten(1).unbind(0)
    grey = L.flatten().clamp(0, 100).add_(16).mul_(1 / 116)
    matrix = _LINEAR_FROM_XYZ.to(grey)
    linear: Tensor = matrix @ _cubed(_cube_roots(grey, a, b))
    outside = _places(_excess(linear) > 0)
    if len(outside):
        grey, a, b = (of.index_select(0, outside) for of in (grey, a, b))
        reach = torch.stack([a / 500, b / -200])
        share = _chroma_that_fits(grey, reach)
        fitting = matrix @ _cubed(_cube_roots(grey, a * share, b * share))
        linear.scatter_(1, outside.expand(3, -1), fitting)
    return linear.reshape(3, *ab.shape[:-3], *ab.shape[-2:]).movedim(0, -3)


def _cube_roots(
    grey: Float[Tensor, " P"], a: Float[Tensor, " P"], b: Float[Tensor, " P"]
) -> Float[Tensor, "3 P"]:
    """f of X, Y and Z; grey is that of Y."""
    f = grey.expand(3, -1).clone()
    f[0].add_(a, alpha=1 / 500)
    f[2].sub_(b, alpha=1 / 200)
    return f


def _places(mask: Bool[Tensor, " P"]) -> Int64[Tensor, " N"]:
    """Where it is true. NumPy takes a third of the time that torch takes."""
    return torch.from_numpy(np.flatnonzero(mask.cpu().numpy())).to(mask.device)


def _chroma_that_fits(
    grey: Float[Tensor, " P"], reach: Float[Tensor, "2 P"]
) -> Float[Tensor, " P"]:
    """The share of each colour's chroma, below 1, with which it is in gamut; grey always is.

    `reach` is what the whole chroma adds to f of X and of Z; that of Y is grey's.
    """
    width = (_LINEAR_MAX - _LINEAR_MIN)[:, None]
    matrix = (2 / width * _LINEAR_FROM_XYZ).to(grey)
    middle = -((_LINEAR_MAX + _LINEAR_MIN)[:, None] / width).to(grey)
    still = torch.addmm(middle, matrix[:, 1:2], _cubed(grey.clone()[None]))
    moving = matrix[:, ::2].contiguous()
    share, step = torch.full_like(grey, 0.5), 0.5
    for _ in range(_HALVINGS):
        xz = _cubed(torch.addcmul(grey, reach, share))
        farthest = torch.addmm(still, moving, xz).abs_().amax(0)  # 1 at either end of a range
        step /= 2
        share.sub_(farthest.sub_(1).sign_(), alpha=step)
    return share.sub_(step)  # the lower end of what is left


def _excess(linear: Float[Tensor, "3 P"]) -> Float[Tensor, " P"]:
    """How far the farthest channel of linear RGB lies outside its range, if above 0."""
    half, middle = ((_LINEAR_MAX + sign * _LINEAR_MIN)[:, None] / 2 for sign in (-1, 1))
    return linear.sub(middle.to(linear)).abs_().sub_(half.to(linear)).amax(0)


def _cubed(f: Float[Tensor, "C P"]) -> Float[Tensor, "C P"]:
    """XYZ over white of its f, in gamut or not; f is used up.

    Both branches without choosing, as `_lab_by_blocks` has them; 4e-8 from the definition between
    m and the rounded threshold.
    """
    upper = f.clamp(min=_LAB_MEETING ** (1 / 3))
    lower = f.sub_(upper)
    return upper.pow_(3).add_(lower, alpha=1 / _LAB_SLOPE)


def rgb_from_linear(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """sRGB channels of linear ones, clipped to 0–1."""
    curved = 1.055 * linear.clamp(min=_LINEAR_THRESHOLD) ** (1 / 2.4) - 0.055
    return torch.where(linear > _LINEAR_THRESHOLD, curved, 12.92 * linear).clamp(0, 1)


def compose(
    L: Float[Tensor, "*batch 1 H W"], ab: Float[Tensor, "*batch 2 H W"]
) -> UInt8[Tensor, "*batch 3 H W"]:
    """8-bit sRGB of L and ab, as it would be saved; colours outside sRGB are clipped."""
    rgb = rgb_from_lab(torch.cat([L, ab.to(L)], dim=-3))
    return (255 * rgb).round().to(torch.uint8)


def _lab(rgb: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """The definition."""
    curved = ((rgb.clamp(min=_RGB_THRESHOLD) + 0.055) / 1.055) ** 2.4
    linear = torch.where(rgb > _RGB_THRESHOLD, curved, rgb / 12.92)
    t = _mix(_XYZ_FROM_RGB / _WHITE[:, None], linear)
    # The clamp keeps the untaken branch of `where` from making NaN gradients.
    cube_root = t.clamp(min=_LAB_THRESHOLD) ** (1 / 3)
    f = torch.where(t > _LAB_THRESHOLD, cube_root, _LAB_SLOPE * t + 16 / 116)
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
    pictures = max(1, _BLOCK // max(1, planes.shape[-1]))
    # Room is made once: fresh memory for every block would cost as much as the arithmetic.
    shape = (2, min(pictures, len(planes)), 3, min(_BLOCK, planes.shape[-1]))
    room = planes.new_empty(shape)
    for some, out in zip(planes.split(pictures), lab.split(pictures), strict=True):
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
    f = torch.clamp(t, min=_LAB_MEETING, out=u).log2_().mul_(1 / 3).exp2_()
    f.add_(t.clamp_(max=_LAB_MEETING), alpha=_LAB_SLOPE)
    torch.matmul(_LAB_FROM_F.to(f), f, out=lab)
    # a and b are differences, from which what is subtracted from f cancels.
    lab[:, 0].sub_(16 + 116 * _LAB_SLOPE * _LAB_MEETING)
