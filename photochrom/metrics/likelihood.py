"""How well a classifier's distributions foresee the true bin, and whether they know how well.

Expected calibration error: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural
networks", ICML 2017, section 2. All of it is of the model's own distribution, T = 1.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from photochrom.quantize import Gamut, hard_encode
from photochrom.quantize.chunked_decode import HeadByBlocks
from photochrom.quantize.chunks import pixel_rows, product_dtype
from photochrom.quantize.entropy import bits_of, normalizer

CALIBRATION_BINS = 15
_BITS = 1 / np.log(2)


@dataclass(frozen=True, eq=False)
class Likelihood:
    """What the distributions of a batch are worth."""

    values: dict[str, Float[np.ndarray, " B"]]
    """The mean over each image's pixels: `nll` in bits, the negative log₂-likelihood of the
    true bin; `top1` and `top5` in percent, how often the true bin is the likeliest or among
    the five likeliest; `entropy` in bits."""
    calibration: Float[np.ndarray, "B bins 3"]
    """By the probability of the likeliest bin, in 15 equal steps of 0–1: how many pixels, the
    sum of that probability, and how many whose likeliest bin is the true one. Pixels without a
    finite distribution are in none."""
    entropy: Float[Tensor, "B h w"]
    """In bits; nan where a distribution is not finite."""


@torch.no_grad()
def likelihood(
    features: Float[Tensor, "B C h w"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    truth: Float[Tensor, "B 2 h w"],
) -> Likelihood:
    """Score the softmax of `head_weight` @ features + `head_bias` against the true ab.

    `truth` is at the size of the features. In one pass over blocks of pixels: (B, Q, h, w) is
    never held. Among equally likely bins the first is the likelier. A distribution that is not
    finite has a nan likelihood and entropy, and its true bin is not among the likeliest.
    dtypes are those of `photochrom.quantize.decode_features`.
    """
    bins = hard_encode(truth, gamut).flatten(1)
    with torch.autocast(features.device.type, enabled=False):
        head = HeadByBlocks(head_weight, head_bias, product_dtype(features))
        # nll, entropy, confidence and rank of every pixel, in float32
        found = head.p.new_empty((len(features), 4, bins.shape[1]))
        for image, pixels in enumerate(features):
            x = pixel_rows(pixels)
            for place in head.blocks(len(x)):
                found[image, :, place] = _block(head, x[place], bins[image, place])
    return _summary(found, tuple(features.shape[-2:]))


def _block(head: HeadByBlocks, x: Float[Tensor, "P C"], true: Int[Tensor, " P"]) -> Tensor:
    """nll, entropy, confidence and rank of some pixels: 4 × P."""
    z = head.logits(x)
    p = head.annealed(z, 1.0)
    own = z.gather(1, true[:, None])  # P 1
    confidence = p.amax(dim=1)
    log_sum = normalizer(z, confidence)
    nll = log_sum - own[:, 0].to(p.dtype)
    room = head.scaled[: len(z)]  # sums of numbers take a third of the time of sums of bools
    rank = torch.gt(z, own, out=room).sum(dim=1)
    tied = (torch.eq(z, own, out=room).sum(dim=1) > 1).nonzero()[:, 0]
    if len(tied):
        earlier = torch.arange(z.shape[1], device=z.device) < true[tied, None]
        rank[tied] += ((z[tied] == own[tied]) & earlier).sum(dim=1)
    finite = log_sum.isfinite()
    return torch.stack(
        [
            (nll * _BITS).where(finite, torch.nan),
            bits_of(z, p, log_sum),
            confidence,
            rank.where(finite, z.shape[1]),
        ]
    )


def _summary(found: Float[Tensor, "B 4 P"], size: tuple[int, ...]) -> Likelihood:
    nll, entropy, confidence, rank = found.double().unbind(1)  # B P
    means = {
        "nll": nll.mean(dim=1),
        "top1": 100 * (rank < 1).double().mean(dim=1),
        "top5": 100 * (rank < 5).double().mean(dim=1),
        "entropy": entropy.mean(dim=1),
    }
    values = {key: mean.cpu().numpy() for key, mean in means.items()}
    return Likelihood(
        values,
        _calibration(confidence, rank < 1).cpu().numpy(),
        found[:, 1].unflatten(1, size),
    )


def _calibration(confidence: Float[Tensor, "B P"], correct: Tensor) -> Float[Tensor, "B bins 3"]:
    finite = confidence.isfinite()
    place = (
        (confidence * CALIBRATION_BINS).ceil().clamp(1, CALIBRATION_BINS).where(finite, 0).long()
    )
    each = torch.stack([finite.double(), confidence.nan_to_num(), correct.double()], dim=-1)
    sums = each.new_zeros((len(each), CALIBRATION_BINS + 1, 3))
    sums.scatter_add_(1, place[..., None].expand_as(each), each)
    return sums[:, 1:]
