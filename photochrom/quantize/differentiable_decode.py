"""The annealed mean with a gradient, from features: for losses on colors, a block at a time.

A loss on the colors of a classifier, such as a discriminator's, reaches features and head
through Q = 313 logits a pixel. Neither they nor their gradient need be kept: what a pixel's
color depends on is that pixel's features, so backward makes its distribution anew, block by
block. With z = W x + b, p = softmax(z / T), ab = Σ p_q bin_q and the gradient g of a pixel's ab:

    ∂/∂z_q = p_q (bin_q - ab) · g / T,    ∂/∂x = Wᵀ ∂/∂z,    ∂/∂W = Σ ∂/∂z xᵀ,    ∂/∂b = Σ ∂/∂z
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.errors import ParameterError
from photochrom.quantize.chunked_decode import HeadByBlocks, decode_features
from photochrom.quantize.chunks import pixel_rows, product_dtype
from photochrom.quantize.gamut import Gamut


# Traced, the loop over blocks would be unrolled into hundreds of copies. To say so imports torch's
# compiler, 80 MB: so this module is not part of `photochrom.quantize`, which counting imports.
@torch.compiler.disable  # type: ignore[untyped-decorator]
def annealed_mean_of_features(
    features: Float[Tensor, "B C H W"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    temperature: float = 0.38,
) -> Float[Tensor, "B 2 H W"]:
    """`annealed_mean` of the logits `head_weight` @ features + `head_bias`, with its gradients.

    The same colors and gradients, to rounding, without ever holding (B, Q, H, W): the extra
    memory is the gradient of the features and one block. dtypes are those of
    `decode_features`. Once differentiable, with respect to features, head and bias.
    `torch.compile` leaves it out of its graphs.

    `ValueError` for a temperature that is not positive.
    """
    if not temperature > 0:
        raise ParameterError(f"temperature must be positive, got {temperature:g}")
    ab: Tensor = _AnnealedMean.apply(features, head_weight, head_bias, gamut, temperature)
    return ab


class _AnnealedMean(torch.autograd.Function):
    """Keeps the features; backward makes their distributions anew."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        head_weight: Tensor,
        head_bias: Tensor,
        gamut: Gamut,
        temperature: float,
    ) -> Tensor:
        ctx.save_for_backward(features, head_weight, head_bias)
        ctx.gamut, ctx.temperature = gamut, temperature
        ctx.dtype = product_dtype(features)
        return decode_features(features, head_weight, head_bias, gamut, [temperature])[0]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, by_ab: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, bias = ctx.saved_tensors
        by_features = by_weight = by_bias = None
        with torch.autocast(features.device.type, enabled=False):
            head = HeadByBlocks(weight, bias, ctx.dtype)
            bins = ctx.gamut.bins.to(head.p)
            if ctx.needs_input_grad[0]:  # channels last: a pixel's gradient can be put in place
                by_features = torch.empty_like(features, memory_format=torch.channels_last)
            if ctx.needs_input_grad[1]:
                by_weight = head.p.new_zeros((weight.shape[1], len(weight)))
            if ctx.needs_input_grad[2]:
                by_bias = head.p.new_zeros(len(bias))
            for image, by_color in enumerate(by_ab):
                x, g = pixel_rows(features[image]), pixel_rows(by_color)
                by_x = None if by_features is None else pixel_rows(by_features[image])
                for place in head.blocks(len(x)):
                    rows = x[place].to(ctx.dtype)
                    p = head.annealed(head.logits(rows), ctx.temperature)
                    room = head.scaled[: len(rows)]
                    exact = _by_logits(p, g[place] / ctx.temperature, bins, room)
                    by_z = exact if exact.dtype == ctx.dtype else head.z[: len(rows)].copy_(exact)
                    if by_x is not None:
                        by_x[place] = by_z @ head.weight
                    if by_weight is not None:
                        by_weight += rows.T @ by_z
                    if by_bias is not None:
                        by_bias += exact.sum(dim=0)
        by_head = None if by_weight is None else by_weight.T.to(weight.dtype)
        return by_features, by_head, None if by_bias is None else by_bias.to(bias.dtype), None, None


def _by_logits(
    p: Float[Tensor, "P Q"],
    g: Float[Tensor, "P 2"],
    bins: Float[Tensor, "Q 2"],
    room: Float[Tensor, "P Q"],
) -> Float[Tensor, "P Q"]:
    """p_q (bin_q - ab) · g of one block, put in `room`."""
    torch.mm(g, bins.T, out=room).mul_(p)
    # ab · g as the row's own sum, so that what is left of a row adds up to 0 to rounding.
    return room.addcmul_(p, room.sum(dim=1, keepdim=True), value=-1)
