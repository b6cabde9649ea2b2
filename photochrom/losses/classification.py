"""Cross-entropy against pairs of bins and weights, rebalanced by the rarity of colors.

Zhang et al. 2016, equations 2 and 3.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.quantize import SoftBins


def rebalanced_cross_entropy(
    logits: Float[Tensor, "B Q H W"], target: SoftBins, weight: Float[Tensor, " Q"] | None = None
) -> Float[Tensor, ""]:
    """The mean over pixels of w(nearest bin) · cross-entropy(logits, target).

    Equations 2 and 3 of Zhang et al. 2016. The sum is divided by the number of pixels, never
    by the batch's sum of weights: that would take back within each batch what the weights
    say about it (and is what torch's `weight=` with `reduction="mean"` does). `None` weighs
    all bins alike. The target's weights must sum to 1 over K.
    """
    # -Σ_k t_k log softmax(z)_k = log Σ_q exp z_q - Σ_k t_k z_k, as Σ t = 1.
    chosen = (target.weights * logits.gather(1, target.bins)).sum(dim=1)  # B H W
    cross_entropy = torch.logsumexp(logits, dim=1) - chosen
    if weight is None:
        return cross_entropy.mean()
    nearest = target.bins[:, 0]
    return (weight[nearest] * cross_entropy).mean()
