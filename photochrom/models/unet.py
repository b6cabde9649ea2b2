"""The U-Net of the classification system: L in, one value a channel and pixel out.

Ronneberger, Fischer and Brox, "U-Net", MICCAI 2015, with one convolution a block: 4 down
blocks (convolution, ReLU, max-pool), a bottleneck of two convolutions, 4 up blocks
(transposed convolution, skip, convolution), a 1 × 1 head. Every convolution is
batch-normalised.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

_DOWN = 4


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Up(nn.Module):
    def __init__(self, inputs: int, skip: int) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(inputs, skip, 2, stride=2)
        self.merge = _convolution(2 * skip, skip)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        merged: Tensor = self.merge(torch.cat([self.enlarge(x), skip], dim=1))
        return merged


class UNet(nn.Module):
    """L in 0–100 to `outputs` channels at full size, whatever the size.

    `width` is the number of channels of the first block; each block below doubles it.
    """

    def __init__(self, outputs: int, width: int = 32) -> None:
        super().__init__()
        channels = [width * 2**depth for depth in range(_DOWN + 1)]
        self.down = nn.ModuleList(
            _convolution(before, after)
            for before, after in zip([1, *channels], channels[:-1], strict=False)
        )
        self.bottleneck = nn.Sequential(
            _convolution(channels[-2], channels[-1]), _convolution(channels[-1], channels[-1])
        )
        self.up = nn.ModuleList(
            _Up(below, skip) for below, skip in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(width, outputs, 1)

    def features(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B C H W"]:
        """What the head sees, at full size; padded by repeated edges inside where need be."""
        height, width = L.shape[-2:]
        multiple = 2**_DOWN
        x = F.pad(L / 50 - 1, (0, -width % multiple, 0, -height % multiple), mode="replicate")
        skips = []
        for down in self.down:
            skips.append(down(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottleneck(x)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = up(x, skip)
        cropped: Tensor = x[..., :height, :width]
        return cropped

    def forward(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B outputs H W"]:
        out: Tensor = self.head(self.features(L))
        return out
