"""The 1 × 1 head and its loss in one: features → loss and gradients, a block of pixels at a time.

Q = 313 logits a pixel are what makes classification slow and heavy: at 128², a batch of 16 has
82 million, and softmax, its gradient and both their copies as many again. But a pixel's logits
depend on that pixel's features alone, and the loss on them through a sum. So a block of pixels
can go all the way to its gradients, and be forgotten, before the next begins. With
z = W x + b, p = softmax(z), the code t and the rebalancing weight w of a pixel:

    ∂loss/∂z = w (p - t) / pixels,    ∂/∂x = Wᵀ ∂/∂z,    ∂/∂W = Σ ∂/∂z xᵀ,    ∂/∂b = Σ ∂/∂z
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.errors import ParameterError
from photochrom.quantize import SoftBins
from photochrom.quantize.chunks import pixel_rows, product_dtype, rows_per_block

_TINY = 1e-30  # below it a probability in float32 has lost digits, or is 0


# Traced, the loop over blocks would be unrolled into hundreds of copies.
@torch.compiler.disable  # type: ignore[untyped-decorator]
def fused_cross_entropy(
    features: Float[Tensor, "B C H W"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    target: SoftBins,
    weight: Float[Tensor, " Q"] | None = None,
) -> Float[Tensor, ""]:
    """`rebalanced_cross_entropy` of the logits `head_weight` @ features + `head_bias`.

    The same loss and the same gradients, to rounding, without ever holding (B, Q, H, W): the
    extra memory is the gradient of the features and one block. Logits are made in the dtype
    of autocast where it is on, else in that of the features; softmax and sums are in float32
    (float64 for float64), as in plain autocast. Once differentiable, with respect to
    features, head and bias. `torch.compile` leaves it out of its graphs.

    `ValueError` for no pixels, and for other pixels than the target's.
    """
    shape, expected = tuple(target.bins[:, 0].shape), tuple(features[:, 0].shape)
    if shape != expected or not target.bins.numel():
        raise ParameterError(
            f"expected a target for each pixel of a batch of one or more, got {shape} targets "
            f"for {expected} pixels"
        )
    dtype, wanted = product_dtype(features), torch.is_grad_enabled()
    with torch.autocast(features.device.type, enabled=False):
        loss: Tensor = _FusedCrossEntropy.apply(
            features, head_weight, head_bias, target, weight, dtype, wanted
        )
    return loss


class _FusedCrossEntropy(torch.autograd.Function):
    """The gradients are made together with the loss; backward only scales them."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        head_weight: Tensor,
        head_bias: Tensor,
        target: SoftBins,
        weight: Tensor | None,
        dtype: torch.dtype,
        wanted: bool,
    ) -> Tensor:
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        pixels = target.bins[:, 0].numel()
        # Divided by last where half precision has no room for such small numbers.
        ctx.divisor = pixels if dtype == torch.float16 else 1
        work = _Work(head_weight.to(dtype), head_bias.to(dtype), exact)
        by_features = None
        if wanted:  # channels last, so that a pixel's gradient can be put in place
            by_features = torch.empty_like(features, memory_format=torch.channels_last)
        loss = torch.zeros((), dtype=exact, device=features.device)
        each = loss.new_ones(len(head_bias)) if weight is None else weight.to(exact)
        each = each * (ctx.divisor / pixels)
        for image in range(len(features)):
            bins, shares = (pixel_rows(part[image]) for part in target)
            scale = each.index_select(0, bins[:, 0])
            by_x = None if by_features is None else pixel_rows(by_features[image])
            x = pixel_rows(features[image])
            loss += scale @ work.of_image(x, bins, shares.to(exact), scale, by_x)
        ctx.dtypes = head_weight.dtype, head_bias.dtype
        if by_features is not None:
            ctx.save_for_backward(by_features, work.by_head[:-1].T, work.by_head[-1])
        mean: Tensor = loss / ctx.divisor
        return mean

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, by_loss: Tensor) -> tuple[Tensor | None, ...]:
        by_features, by_weight, by_bias = ctx.saved_tensors
        scale = by_loss / ctx.divisor
        if scale.is_cuda or scale != 1:  # asking a GPU would cost more than multiplying
            by_features, by_weight, by_bias = (x * scale for x in (by_features, by_weight, by_bias))
        weight, bias = ctx.dtypes
        return by_features, by_weight.to(weight), by_bias.to(bias), *(None,) * 4


class _Work:
    """The head in the dtype of its products, its gradients so far, and room for one block."""

    def __init__(self, weight: Tensor, bias: Tensor, exact: torch.dtype) -> None:
        self.weight, self.bias = weight, bias
        self.by_head = weight.new_zeros((weight.shape[1] + 1, len(weight)), dtype=exact)
        # Room is made once: fresh memory for every block would cost as much as a product.
        self.z = weight.new_empty((rows_per_block(weight.device), len(weight)))
        self.p = torch.empty_like(self.z, dtype=exact)
        self.scaled = self.z.new_empty((len(self.z), weight.shape[1] + 1))

    def of_image(
        self,
        x: Float[Tensor, "HW C"],
        bins: Int[Tensor, "HW K"],
        shares: Float[Tensor, "HW K"],
        scale: Float[Tensor, " HW"],
        by_x: Float[Tensor, "HW C"] | None,
    ) -> Float[Tensor, " HW"]:
        """The cross-entropy of every pixel; its gradients, `scale`d, are put and added."""
        chosen, taken = torch.empty_like(shares), -shares
        for start in range(0, len(x), len(self.z)):
            block = slice(start, start + len(self.z))
            rows, k = x[block].to(self.weight.dtype), bins[block]
            z, p = self.z[: len(rows)], self.p[: len(rows)]
            torch.addmm(self.bias, rows, self.weight.T, out=z)
            torch.softmax(z, dim=1, dtype=p.dtype, out=p)
            torch.gather(p, 1, k, out=chosen[block])
            if by_x is not None:
                p.scatter_add_(1, k, taken[block])
                by_z = p if p.dtype == z.dtype else z.copy_(p)
                # w scales the factors, C values a pixel, rather than p - t, which is Q values.
                w, scaled = scale[block, None], self.scaled[: len(rows)]
                torch.mul(by_z @ self.weight, w, out=by_x[block])
                torch.mul(rows, w, out=scaled[:, :-1])
                scaled[:, -1:] = w  # the bias is the weight of a feature that is always 1
                self.by_head += scaled.T @ by_z
        entropy = (taken * chosen.log()).sum(dim=1)
        if chosen.amin() < _TINY:
            lost = (chosen < _TINY).any(dim=1)
            z = torch.addmm(self.bias, x[lost].to(self.weight.dtype), self.weight.T)
            log_p = z.to(chosen.dtype).log_softmax(dim=1).gather(1, bins[lost])
            entropy[lost] = -(shares[lost] * log_p).sum(dim=1)
        return entropy
