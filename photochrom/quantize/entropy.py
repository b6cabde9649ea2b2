"""How uncertain a classifier is of a pixel's color: Shannon's entropy of its distribution.

Shannon, "A mathematical theory of communication", 1948, section 6.
"""

import math

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.quantize.chunked_decode import HeadByBlocks
from photochrom.quantize.chunks import pixel_rows, product_dtype

_WHITE_BITS = 8.0
"""What is drawn white: 256 equally likely bins. 313 of them have 8.29 bits."""


@torch.no_grad()
def entropy(
    features: Float[Tensor, "B C h w"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
) -> Float[Tensor, "B 1 h w"]:
    """The entropy in bits of the softmax of `head_weight` @ features + `head_bias`.

    H = -Σ_q p_q log₂ p_q: 0 where one bin is certain, log₂ Q where all are equally likely, nan
    where the logits make no distribution. Of the model's own distribution, T = 1, whatever it
    is decoded with. (B, Q, h, w) is never held; dtypes are those of
    `photochrom.quantize.decode_features`.
    """
    with torch.autocast(features.device.type, enabled=False):
        head = HeadByBlocks(head_weight, head_bias, product_dtype(features))
        bits: Tensor = head.p.new_empty((len(features), features.shape[2] * features.shape[3]))
        for image, pixels in enumerate(features):
            x = pixel_rows(pixels)
            for place in head.blocks(len(x)):
                z = head.logits(x[place])
                p = head.annealed(z, 1.0)
                bits[image, place] = bits_of(z, p, normalizer(z, p.amax(dim=1)))
    return bits.reshape(len(features), 1, *features.shape[2:])


def normalizer(z: Float[Tensor, "P Q"], likeliest: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
    """log Σ exp z, of the probability of the likeliest bin: the log of that is its z less this."""
    log_sum: Tensor = z.amax(dim=1).to(likeliest) - likeliest.log()
    return log_sum


def bits_of(
    z: Float[Tensor, "P Q"], p: Float[Tensor, "P Q"], log_sum: Float[Tensor, " P"]
) -> Float[Tensor, " P"]:
    """-Σ p log₂ p, as log p = z - `log_sum`, their `normalizer`; nan without a distribution."""
    bits = (log_sum - torch.linalg.vecdot(p, z.to(p.dtype), dim=1)) / math.log(2)
    finite: Tensor = bits.clamp(min=0).where(log_sum.isfinite(), torch.nan)
    return finite


def entropy_image(
    bits: Float[Tensor, "B 1 h w"], size: tuple[int, int]
) -> UInt8[Tensor, "B 1 H W"]:
    """Entropy as 8-bit gray of `size` (H, W): black is certain, white 8 bits or more.

    A network's pixel stays a square: nothing between two of them is made up. What has no
    distribution is white.

    >>> entropy_image(torch.tensor([0.0, 4.0, 9.0]).reshape(1, 1, 1, 3), (1, 3)).tolist()
    [[[[0, 128, 255]]]]
    """
    gray = bits.nan_to_num(_WHITE_BITS).mul(255 / _WHITE_BITS).clamp(0, 255).round()
    large: Tensor = torch.nn.functional.interpolate(gray.to(torch.uint8), size, mode="nearest")
    return large
