"""Heads that start alike: before its first step every method predicts one and the same color.

PyTorch's default initialization gives a linear regression head, whose output is in units of 100
ab, a first prediction with a standard deviation of 29 ab, and a classifier one of 5: the former
has to unlearn noise first. A head of zero weights predicts its bias everywhere. The bias of a
classifier is the logarithm of a distribution over bins, and that of a regression the mean color of
the same distribution, so both start at the same ab. With the prior as that distribution this is
the usual start of a classifier under class imbalance: Lin et al., "Focal Loss for Dense Object
Detection", ICCV 2017, section 3.3.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.models import AB_SCALE, Colorizer
from photochrom.quantize import AB_LIMIT

_LEAST = 1e-6  # probability of a bin without mass, whose logarithm would be infinite


@torch.no_grad()
def start_head(colorizer: Colorizer, p: Float[np.ndarray, " Q"]) -> None:
    """Set the head to predict one color everywhere: that of the distribution `p`.

    Args:
        colorizer: The model, changed in place.
        p: Probability of each bin of its gamut; sums to 1. A classifier then predicts it for
            every pixel, and a regression its mean color, which is a classifier's at T = 1.
    """
    head = colorizer.network.head
    assert head.bias is not None
    head.weight.zero_()
    if colorizer.method == "classification":
        head.bias.copy_(torch.tensor(p).clamp(min=_LEAST).log() - math.log(float(p.max())))
    else:
        head.bias.copy_(_inverse(torch.tensor(p) @ colorizer.gamut.bins.double(), colorizer))


def _inverse(ab: Float[Tensor, " 2"], colorizer: Colorizer) -> Float[Tensor, " 2"]:
    """Return the output of a regression head for which the model predicts `ab`."""
    if colorizer.architecture.head == "tanh":
        return torch.atanh(ab / AB_LIMIT)
    return ab / AB_SCALE
