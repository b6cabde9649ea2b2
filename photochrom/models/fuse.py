"""The same network with fewer multiplications, for who only colorizes.

Batch normalization with fixed statistics is part of the convolution before it. And doubling by
nearest neighbor before a 3 × 3 convolution multiplies each value four times: over one small
pixel and its neighbors the 9 weights act as 2 × 2 sums of them, another 2 × 2 for each of the four
large pixels, which together are a transposed convolution, 4 × 4 with stride 2. That is 4
multiplications for 9.
"""

import copy
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photochrom.models.unet import UNet, Up


def folded(network: UNet) -> UNet:
    """A network that gives what this one gives in `eval`, to rounding; it cannot be trained."""
    made = copy.deepcopy(network).eval()
    for module in list(made.modules()):
        # In all of ours, a norm is told right after what it normalizes.
        for (name, conv), (after, norm) in pairwise(list(module.named_children())):
            if isinstance(norm, nn.BatchNorm2d):
                assert isinstance(conv, (nn.Conv2d, nn.ConvTranspose2d))
                transposed = isinstance(conv, nn.ConvTranspose2d)
                setattr(module, name, fuse_conv_bn_eval(conv, norm, transposed))
                setattr(module, after, nn.Identity())
    for place, up in enumerate(made.up):
        if isinstance(up, Up) and isinstance(up.enlarge, nn.Upsample):
            made.up[place] = _Doubling(up)
    # The layout of `Colorizer.load`, which the new weights do not have.
    return made.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore


class _Doubling(nn.Module):
    """An `Up` that doubles by nearest neighbor."""

    of_small: Tensor
    of_skip: Tensor

    def __init__(self, up: Up) -> None:
        super().__init__()
        conv, *after = up.merge
        assert isinstance(conv, nn.Conv2d)
        self.after = nn.Sequential(*after)
        self.bias = conv.bias
        self.register_buffer("of_small", doubling(conv.weight[:, : up.inputs]))
        self.register_buffer("of_skip", conv.weight[:, up.inputs :].clone())

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = F.conv_transpose2d(x, self.of_small, self.bias, stride=2, padding=1)
        if skip is not None:
            x = x + F.conv2d(skip, self.of_skip, padding=1)
        made: Tensor = self.after(x)
        return made


def doubling(weight: Float[Tensor, "out in 3 3"]) -> Float[Tensor, "in out 4 4"]:
    """The transposed convolution that doubles by nearest neighbor and then convolves by this.

    A small pixel is four large ones, and what it gives to each place around is the sum of what
    these four give.
    """
    given = F.pad(weight.flip(2, 3), (1, 1, 1, 1)).transpose(0, 1)
    down = given[:, :, :-1] + given[:, :, 1:]
    return (down[..., :-1] + down[..., 1:]).contiguous()
