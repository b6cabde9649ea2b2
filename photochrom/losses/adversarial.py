"""Losses of a discriminator and of the generator that it judges, on the discriminator's logits.

"bce" is the cross-entropy of Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014,
as pix2pix (Isola et al., CVPR 2017) trains with it. "least-squares" is that of Mao et al.,
"Least Squares Generative Adversarial Networks", ICCV 2017, with 1 for real and 0 for fake.
"hinge" is that of Miyato et al., "Spectral Normalization for Generative Adversarial
Networks", ICLR 2018, equations 16 and 17. All three raise the output for what is real.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from photochrom.config import Adversarial
from photochrom.errors import ParameterError


def discriminator_loss(
    real: Float[Tensor, "*shape"],
    fake: Float[Tensor, "*shape"],
    kind: Adversarial,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Small where `real` is high and `fake` is low.

    The sum of both terms for hinge; half of it for bce and least-squares, as pix2pix divides
    the discriminator's objective by 2 (Isola et al. 2017, section 3.3). `smoothing` is
    one-sided (Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, section
    3.4): real's target is 1 - `smoothing`, fake's stays 0. `ValueError` for smoothing with
    hinge, which has no targets.
    """
    if kind == "hinge":
        if smoothing > 0:
            raise ParameterError(
                f"expected no label smoothing with hinge, which has no labels, got {smoothing:g}: "
                "set it to 0 or choose bce or least-squares"
            )
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return (_to_target(real, 1 - smoothing, kind) + _to_target(fake, 0.0, kind)) / 2


def generator_loss(fake: Float[Tensor, "*shape"], kind: Adversarial) -> Float[Tensor, ""]:
    """Small where the discriminator takes `fake` for real.

    bce is non-saturating: -log D, not log(1 - D) (Goodfellow et al. 2014, section 3). bce and
    least-squares aim at 1, which is never smoothed, and are not halved.
    """
    return -fake.mean() if kind == "hinge" else _to_target(fake, 1.0, kind)


def accuracy(
    real: Float[Tensor, "*shape"], fake: Float[Tensor, "*shape"], kind: Adversarial
) -> Float[Tensor, ""]:
    """The share of outputs on the right side: above 0 is real, for least-squares above ½.

    On the threshold counts as fake, so that a discriminator that says one thing of all has ½.
    """
    threshold = 0.5 if kind == "least-squares" else 0.0
    return ((real > threshold).float().mean() + (fake <= threshold).float().mean()) / 2


def _to_target(
    output: Tensor, target: float, kind: Literal["bce", "least-squares"]
) -> Float[Tensor, ""]:
    """The mean loss of an output that should be `target` everywhere."""
    wanted = torch.full_like(output, target)
    if kind == "bce":
        return F.binary_cross_entropy_with_logits(output, wanted)
    return F.mse_loss(output, wanted)
