"""The 1 × 1 head and the decoder in one: features → ab, a block of pixels at a time.

The logits of one megapixel are 1.3 GB in float32, and the softmax of them as much again. The
features that they come from are 64 MB (32 channels in 16 bit), and hold the same
distributions: they are the compact form to keep where other temperatures, the mode or
single pixels may be asked for later.
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.errors import ParameterError
from photochrom.quantize.chunks import pixel_rows, product_dtype, rows_per_block
from photochrom.quantize.gamut import Gamut

_AS_ZERO = 1e-30  # temperatures by which float32's logits cannot be divided


@torch.no_grad()
def decode_features(
    features: Float[Tensor, "B C H W"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    temperatures: Sequence[float],
) -> Float[Tensor, "T B 2 H W"]:
    """The annealed mean of the logits `head_weight` @ features + `head_bias`, at each temperature.

    As `annealed_mean`, and at temperature 0 (below 1e-30), its limit, as `mode`; 1 is `mean`. Of
    logits that make no distribution, as nan does, the ab is nan at every temperature.
    (B, Q, H, W) is never held: the extra memory is one block, and several temperatures share
    their logits. To keep a distribution, keep its features: C values a pixel instead of Q,
    64 MB a megapixel for 32 channels in 16 bit. Products are made in the dtype of autocast
    where it is on, the rest in float32 (float64 for float64). Has no gradient: see
    `annealed_mean_of_features`.

    `ValueError` for a negative temperature.
    """
    if any(not temperature >= 0 for temperature in temperatures):
        told = ", ".join(f"{temperature:g}" for temperature in temperatures)
        raise ParameterError(f"temperatures must be 0 or more, got {told}")
    dtype = product_dtype(features)
    batch, _, height, width = features.shape
    with torch.autocast(features.device.type, enabled=False):
        head = HeadByBlocks(head_weight, head_bias, dtype)
        bins = gamut.bins.to(head.p)
        ab = head.p.new_empty((len(temperatures), batch, height * width, 2))
        for image in range(batch):
            x = pixel_rows(features[image])
            for place in head.blocks(len(x)):
                z = head.logits(x[place])
                for which, temperature in enumerate(temperatures):
                    if temperature < _AS_ZERO:
                        likeliest, q = z.max(dim=1)
                        known = likeliest.isfinite()[:, None]  # of nan and others, max is nan
                        ab[which, image, place] = bins[q].where(known, torch.nan)
                        continue
                    torch.mm(head.annealed(z, temperature), bins, out=ab[which, image, place])
    return ab.reshape(len(temperatures), batch, height, width, 2).movedim(-1, 2)


class HeadByBlocks:
    """The head in the dtype of its products, and room for one block of its distributions."""

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> None:
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        self.weight, self.bias = weight.to(dtype), bias.to(dtype)
        # Room is made once: fresh memory for every block would cost as much as a product.
        self.z = self.weight.new_empty((rows_per_block(weight.device), len(weight)))
        self.scaled, self.p = (torch.empty_like(self.z, dtype=exact) for _ in range(2))

    def blocks(self, pixels: int) -> Iterator[slice]:
        """Where each block of so many pixels lies; the last may be a short one."""
        for start in range(0, pixels, len(self.z)):
            yield slice(start, min(start + len(self.z), pixels))

    def logits(self, x: Float[Tensor, "P C"]) -> Float[Tensor, "P Q"]:
        """The logits of one block, which those of the next overwrite."""
        return torch.addmm(self.bias, x.to(self.z.dtype), self.weight.T, out=self.z[: len(x)])

    def annealed(self, z: Float[Tensor, "P Q"], temperature: float) -> Float[Tensor, "P Q"]:
        """The softmax of `z` / `temperature`, which the next one overwrites."""
        if temperature != 1 or z.dtype != self.p.dtype:
            z = self.scaled[: len(z)].copy_(z).div_(temperature)
        return torch.softmax(z, dim=1, out=self.p[: len(z)])
