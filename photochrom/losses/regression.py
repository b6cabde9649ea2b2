"""Losses on ab itself.

Zhang et al. 2016, equation 1, is L2. Both are measured in bins (10 ab units), which puts
them near 1, where the cross-entropy lies: one clipping threshold serves all methods.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

_UNIT = 10.0


def l2(ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]) -> Float[Tensor, ""]:
    """The mean over pixels of ½ ‖(ab - truth) / 10‖², equation 1 of Zhang et al. 2016."""
    return ((ab - truth) / _UNIT).square().sum(dim=1).mean() / 2


def smooth_l1(ab: Float[Tensor, "B 2 H W"], truth: Float[Tensor, "B 2 H W"]) -> Float[Tensor, ""]:
    """Like `l2` for errors up to 10 ab units on an axis, linear beyond: Huber's loss."""
    return 2 * F.smooth_l1_loss(ab / _UNIT, truth / _UNIT)
