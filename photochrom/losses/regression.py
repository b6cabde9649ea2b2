"""Losses on ab itself.

Zhang et al. 2016, equation 1, is L2. It and its smooth L1 are measured in bins (10 ab units), so
their values are near 1. L1 is used beside an adversarial loss and is scaled as its weight λ was
published.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from photochrom.quantize import AB_LIMIT

_UNIT = 10.0


def l1(ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]) -> Float[Tensor, ""]:
    """The mean over pixels and both axes of |ab - truth| / 110, where tanh gives ab / 110.

    Equation 3 of Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017, on the range of its generator's tanh: the published weight of equation
    4, λ = 100, means the same here.
    """
    return F.l1_loss(ab / AB_LIMIT, truth / AB_LIMIT)


def l2(ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]) -> Float[Tensor, ""]:
    """The mean over pixels of ½ ‖(ab - truth) / 10‖², equation 1 of Zhang et al. 2016."""
    return ((ab - truth) / _UNIT).square().sum(dim=1).mean() / 2


def smooth_l1(ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]) -> Float[Tensor, ""]:
    """Like `l2` for errors up to 10 ab units on an axis, linear beyond: Huber's loss."""
    return 2 * F.smooth_l1_loss(ab / _UNIT, truth / _UNIT)
