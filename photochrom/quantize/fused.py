"""The 1 × 1 head and the decoder in one: features → ab, a block of pixels at a time.

The logits of one megapixel are 1.3 GB in float32, and the softmax of them as much again. The
features that they come from are 64 MB (32 channels in 16 bit), and hold the same
distributions: they are the compact form to keep where other temperatures, the mode or
single pixels may be asked for later.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.blocks import pixel_rows, product_dtype, rows_per_block
from photochrom.quantize.gamut import Gamut


@torch.no_grad()
def decode_features(
    features: Float[Tensor, "B C H W"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    temperatures: Sequence[float],
) -> Float[Tensor, "T B 2 H W"]:
    """The annealed mean of the logits `head_weight` @ features + `head_bias`, at each temperature.

    As `annealed_mean`, and at temperature 0, its limit, as `mode`; temperature 1 is `mean`.
    (B, Q, H, W) is never held: the extra memory is one block, and several temperatures share
    their logits. To keep a distribution, keep its features: C values a pixel instead of Q,
    64 MB a megapixel for 32 channels in 16 bit. Products are made in the dtype of autocast
    where it is on, the rest in float32 (float64 for float64). Has no gradient.

    `ValueError` for a negative temperature.
    """
    if any(not temperature >= 0 for temperature in temperatures):
        told = ", ".join(f"{temperature:g}" for temperature in temperatures)
        raise ValueError(f"temperatures must be 0 or more, got {told}")
    dtype = product_dtype(features)
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    batch, _, height, width = features.shape
    ab = features.new_empty((len(temperatures), batch, height * width, 2), dtype=exact)
    with torch.autocast(features.device.type, enabled=False):
        weight, bias = head_weight.to(dtype), head_bias.to(dtype)
        bins = gamut.bins.to(ab)
        count = rows_per_block(features.device)
        # Room is made once: fresh memory for every block would cost as much as a product.
        logits = weight.new_empty((count, len(bins)))
        scaled, p = torch.empty_like(logits, dtype=exact), torch.empty_like(logits, dtype=exact)
        for picture in range(batch):
            for block, rows in enumerate(pixel_rows(features[picture]).split(count)):
                place = slice(block * count, block * count + len(rows))
                z, s, share = logits[: len(rows)], scaled[: len(rows)], p[: len(rows)]
                torch.addmm(bias, rows.to(dtype), weight.T, out=z)
                for which, temperature in enumerate(temperatures):
                    if temperature == 0:
                        ab[which, picture, place] = bins[z.argmax(dim=1)]
                        continue
                    torch.softmax(s.copy_(z).div_(temperature), dim=1, out=share)
                    torch.mm(share, bins, out=ab[which, picture, place])
    return ab.reshape(len(temperatures), batch, height, width, 2).movedim(-1, 2)
