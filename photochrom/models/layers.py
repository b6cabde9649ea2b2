"""What networks that are trained against each other are built from: norms, activations, weights.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017
(pix2pix), and before it Radford et al., "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", ICLR 2016 (DCGAN).
"""

import math

from torch import nn

from photochrom.config import Activation, Norm

_GROUPS = 32  # Wu and He, "Group Normalization", ECCV 2018, table 3
_LINEAR = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
_NORMS = (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm)


def normalization(kind: Norm, channels: int) -> nn.Module:
    """A norm over `channels` with a learned scale and shift; "none" passes everything on.

    A convolution that a norm other than "none" follows needs no bias. In training, "instance"
    raises `ValueError` for maps of one pixel, and "batch" for a single such map: neither has
    anything to measure a spread by. "group" has up to 32 groups, of two channels or more (of
    one it would be "instance"), and takes every size.
    """
    match kind:
        case "batch":
            return nn.BatchNorm2d(channels)
        case "instance":
            return nn.InstanceNorm2d(channels, affine=True)
        case "group":
            return nn.GroupNorm(max(1, math.gcd(channels, 2 * _GROUPS) // 2), channels)
        case "none":
            return nn.Identity()


def activation(kind: Activation) -> nn.Module:
    """ReLU, or LeakyReLU of slope 0.2 as DCGAN and pix2pix have it; both work in place."""
    match kind:
        case "relu":
            return nn.ReLU(inplace=True)
        case "leaky-relu":
            return nn.LeakyReLU(0.2, inplace=True)


def init_normal(module: nn.Module, std: float = 0.02) -> None:
    """Draw all weights anew, from torch's global generator; biases become 0.

    Weights of convolutions and linear layers come from N(0, `std`): Radford et al. 2016,
    section 4, and Isola et al. 2017, section 6.2. Those of norms come from N(1, `std`), as in
    the code of both.
    """
    for part in module.modules():
        if isinstance(part, _LINEAR):
            nn.init.normal_(part.weight, 0.0, std)
        elif isinstance(part, _NORMS):
            nn.init.normal_(part.weight, 1.0, std)
        else:
            continue
        if part.bias is not None:
            nn.init.zeros_(part.bias)
