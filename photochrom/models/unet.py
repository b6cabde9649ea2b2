"""The U-Net of all systems: L in, one value a channel and pixel out.

Ronneberger, Fischer and Brox, "U-Net", MICCAI 2015, with one convolution a block: 4 down
blocks, a bottleneck of two convolutions, 4 up blocks with skips, a 1 × 1 head. A block is a
convolution, normalization, activation; it halves by max-pool (classification) or by a
convolution of stride 2 (Isola et al. 2017). Any encoder that gives maps at halved sizes may
take the place of the U-Net's own; then there are as many up blocks as it halves.
"""

from dataclasses import replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.config import Activation, NetworkConfig, Norm
from photochrom.models.encoders.base import Encoder
from photochrom.models.encoders.weights import ENCODERS
from photochrom.models.layers import activation, normalization

_DOWN = 4
_WITH_DROPOUT = 2  # of the up blocks, the deepest
Size = TypeVar("Size", int, Tensor)


def convolution(inputs: int, outputs: int, norm: Norm, how: Activation) -> nn.Sequential:
    """3 × 3 convolution, normalization, activation, at the same size."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=norm == "none"),
        normalization(norm, outputs),
        activation(how),
    )


class OwnEncoder(Encoder):
    """The U-Net's own way down, learned from scratch."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.pools = config.pooling == "max"
        channels = [config.width * 2**depth for depth in range(_DOWN + 1)]
        block = convolution if self.pools else _halving
        style = (config.norm, config.activation)
        self.down = nn.ModuleList(
            block(before, after, *style)
            for before, after in zip([1, *channels], channels[:-1], strict=False)
        )
        self.bottleneck = nn.Sequential(
            convolution(channels[-2], channels[-1], *style),
            convolution(channels[-1], channels[-1], *style),
        )
        finest = 0 if self.pools else 1
        strides = [2**depth for depth in range(finest, _DOWN)] + [2**_DOWN]
        self.taps = tuple(zip(strides, channels[: _DOWN - finest] + channels[-1:], strict=True))

    def forward(self, L: Float[Tensor, "B 1 H W"]) -> list[Tensor]:
        """The maps that are handed across, finest first, and the bottleneck's."""
        x, taps = L / 50 - 1, []
        for down in self.down:
            x = down(x)
            taps.append(x)
            if self.pools:
                x = F.max_pool2d(x, 2)
        deepest = self.bottleneck(x)
        return [*taps, deepest] if self.pools else [*taps[:-1], deepest]


def _halving(inputs: int, outputs: int, norm: Norm, how: Activation) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=norm == "none"),
        normalization(norm, outputs),
        activation(how),
    )


def _dropout(config: NetworkConfig) -> nn.Module:
    return nn.Dropout(config.dropout) if config.dropout else nn.Identity()


class Up(nn.Module):
    """Twice the size, then the skip, then a convolution of both."""

    def __init__(self, inputs: int, skip: int, outputs: int, config: NetworkConfig) -> None:
        super().__init__()
        self.inputs = inputs
        self.enlarge: nn.Module
        if config.up == "upsample":
            self.enlarge, enlarged = nn.Upsample(scale_factor=2), inputs
        else:
            self.enlarge, enlarged = nn.ConvTranspose2d(inputs, outputs, 2, stride=2), outputs
        self.merge = convolution(enlarged + skip, outputs, config.norm, config.up_activation)
        self.dropout = _dropout(config)
        self.channels = outputs

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = self.enlarge(x)
        merged: Tensor = self.merge(x if skip is None else torch.cat([x, skip], dim=1))
        return self.dropout(merged)  # type: ignore[no-any-return]


class StridedUp(nn.Module):
    """Twice the size by a transposed convolution of stride 2, and the skip beside it."""

    def __init__(self, inputs: int, skip: int, outputs: int, config: NetworkConfig) -> None:
        super().__init__()
        bias = config.norm == "none"
        self.enlarge = nn.Sequential(
            nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=bias),
            normalization(config.norm, outputs),
            activation(config.up_activation),
        )
        self.dropout = _dropout(config)
        self.channels = outputs + skip

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = self.dropout(self.enlarge(x))
        return x if skip is None else torch.cat([x, skip], dim=1)


class UNet(nn.Module):
    """L in 0–100 to `outputs` channels at 1 / `config.stride` of the size, whatever the size."""

    def __init__(self, outputs: int, config: NetworkConfig) -> None:
        super().__init__()
        self.stride = config.stride
        self.encoder = (
            OwnEncoder(config) if config.encoder == "unet" else ENCODERS[config.encoder]()
        )
        *finer, (stride, channels) = self.encoder.taps
        self.skips = dict(finer) if config.skips else {}
        self.deepest = stride
        self.up = nn.ModuleList()
        shallow = replace(config, dropout=0.0)
        block = StridedUp if config.pooling == "strided" else Up
        while stride > self.stride:
            stride //= 2
            how = config if len(self.up) < _WITH_DROPOUT else shallow
            up = block(channels, self.skips.get(stride, 0), config.width * stride, how)
            self.up.append(up)
            channels = up.channels
        self.head = nn.Conv2d(channels, outputs, 1)

    def features(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B C h w"]:
        """What the head sees, a pixel for every `stride` × `stride` of L, the last cut short.

        Inside, L is padded by repeated edges to whole multiples of the deepest map's pixels,
        at least two: instance normalization needs more than one.
        """
        height, width = L.shape[-2:]
        bottom, right = (_padding(side, self.deepest) for side in (height, width))
        taps = self.encoder(F.pad(L, (0, right, 0, bottom), mode="replicate"))
        x, stride = taps[-1], self.deepest
        skips = {at: tap for (at, _), tap in zip(self.encoder.taps, taps, strict=True)}
        for up in self.up:
            stride //= 2
            x = up(x, skips[stride] if stride in self.skips else None)
        cropped: Tensor = x[..., : _parts(height, self.stride), : _parts(width, self.stride)]
        return cropped

    def forward(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B outputs h w"]:
        out: Tensor = self.head(self.features(L))
        return out


# Tracing for an export, sizes are tensors, and what is no arithmetic would become a constant.
def _parts(side: Size, length: int) -> Size:
    """How many parts of a length a side has, the last cut short."""
    return (side + length - 1) // length


def _padding(side: Size, multiple: int) -> Size:
    """How much is added to a side."""
    parts = _parts(side, multiple)
    at_least_two = parts + 1 // parts
    return at_least_two * multiple - side
