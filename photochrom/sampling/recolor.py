"""One chosen color at one point, carried over the region that the point belongs to.

The classifier itself tells which pixels are one thing: those that it expects the same colors
of. Two pixels' distributions p and p₀ are compared by their Bhattacharyya coefficient
(Bhattacharyya, "On a measure of divergence between two multinomial populations", Sankhyā 1946)

    b = Σ_q √(p_q p₀_q),    1 where they are the same, 0 where they have no bin in common.

Nothing is trained, and nothing but the distributions is asked. What is shown is the mean of what
is believed after a sight of the chosen color c* with an error of r ab units, which only the
region has, and its edge less:

    ab(x) = Σ_q softmax(z_q(x) / T - w(x) |c_q - c*|² / 2r²)_q c_q.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy import ndimage
from torch import Tensor

from photochrom.errors import ParameterError
from photochrom.quantize import Gamut, decode_features
from photochrom.quantize.chunked_decode import HeadByBlocks
from photochrom.quantize.chunks import pixel_rows, product_dtype

_ALIKE, _SAME = 0.8, 0.9  # b from which on a pixel begins to belong, and belongs wholly
_REACH = 6.0  # r: what the user chose is what the user wants, so it is small


@dataclass(frozen=True, eq=False)
class Choice:
    """A color for a region: how much each pixel takes part, 0–1, and which color."""

    w: Float[Tensor, "h w"]
    ab: tuple[float, float]


@torch.no_grad()
def region(
    features: Float[Tensor, "C h w"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    point: tuple[int, int],
) -> Float[Tensor, "h w"]:
    """w, how much each pixel belongs to what is at the pixel in row and column `point`: 0–1.

    Pixels of b above 0.8 that are connected with the point by their sides; w rises linearly
    from there, and is 1 from b = 0.9 on. The distributions are the model's own, T = 1.

    `ValueError` for a point outside the image, and for one whose logits make no distribution.
    """
    _, height, width = features.shape
    row, column = point
    if not (0 <= row < height and 0 <= column < width):
        raise ParameterError(
            f"a point must be a row within 0 and {height - 1} and a column within 0 and "
            f"{width - 1}, got {row}, {column}"
        )
    x = pixel_rows(features)
    head = HeadByBlocks(head_weight, head_bias, product_dtype(features))
    at = row * width + column
    root = head.annealed(head.logits(x[at : at + 1]), 1.0)[0].sqrt()
    if not root.isfinite().all():
        raise ParameterError(
            f"expected a distribution at {row}, {column}, got logits that make none"
        )
    b = root.new_empty(len(x))
    for place in head.blocks(len(x)):
        b[place] = head.annealed(head.logits(x[place]), 1.0).sqrt() @ root
    w = ((b - _ALIKE) / (_SAME - _ALIKE)).nan_to_num(0).clamp(0, 1).reshape(height, width)
    labels, _ = ndimage.label(w.cpu().numpy() > 0)
    one = torch.from_numpy(np.asarray(labels == labels[row, column])).to(w.device)
    return w.where(one, 0)


@torch.no_grad()
def recolored(
    features: Float[Tensor, "C h w"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    choices: Sequence[Choice],
    *,
    temperature: float = 0.38,
) -> Float[Tensor, "2 h w"]:
    """ab after the choices, made one after the other; without any, as `decode_features`.

    The equation above; as w enters linearly, of several choices the sum stands in it, each with
    what the later ones leave of it: w_i Π_{j>i} (1 - w_j). So where two regions overlap the
    later choice counts. Where all w are 0 nothing changes, to the bit. At temperature 0 it is
    the mode, of the distributions at T = 1: sharpened first, nothing would be left to choose.
    dtypes are those of `decode_features`; (Q, h, w) is never held.

    `ValueError` for a negative temperature.
    """
    ab = decode_features(features[None], head_weight, head_bias, gamut, [temperature])[0, 0]
    pull, toward = ab.new_zeros(ab.shape[1:]), torch.zeros_like(ab)
    for choice in choices:
        w = choice.w.to(pull)
        pull = pull * (1 - w) + w
        toward = toward * (1 - w) + w * ab.new_tensor(choice.ab)[:, None, None]
    changed = pull.flatten().nonzero()[:, 0]
    if not len(changed):
        return ab
    head = HeadByBlocks(head_weight, head_bias, product_dtype(features))
    x, flat = pixel_rows(features)[changed], ab.flatten(1)
    W, V = pull.flatten()[changed, None], toward.flatten(1).mT[changed]
    bins = gamut.bins.to(ab)
    far = bins.square().sum(dim=1) / (-2 * _REACH**2)
    for place in head.blocks(len(x)):
        z = head.logits(x[place]).to(ab) / (temperature or 1.0)
        # -Σ w |c - c*|² / 2r² without |c*|², which is the same for all bins
        z += W[place] * far + V[place] @ bins.T / _REACH**2
        made = bins[z.argmax(dim=1)] if temperature == 0 else torch.softmax(z, dim=1) @ bins
        flat[:, changed[place]] = made.where(z.isfinite().all(dim=1, keepdim=True), torch.nan).mT
    return flat.reshape(ab.shape)
