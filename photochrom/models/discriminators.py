"""Networks that tell a photograph's own colors from generated ones, given its lightness.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017
(pix2pix), appendix 6.1.2, judges every patch. Radford et al., "Unsupervised Representation
Learning with Deep Convolutional Generative Adversarial Networks", ICLR 2016 (DCGAN), judges
the image; here with max-pooling, so that one network serves every size. Neither gives its
first block a norm: DCGAN was unstable with one (section 3).

Both give logits, because the cross-entropy is stable only when it does the sigmoid itself:
`photochrom.losses.discriminator_loss` of logits is `BCELoss` of `probability`, without
its infinities.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.config import Norm
from photochrom.models.layers import activation, init_normal, normalization
from photochrom.quantize import AB_LIMIT

_PATCH_SIZE = 24  # the last norm has 2 × 2 pixels, the logits 1 × 1
_POOLED_SIZE = 32  # the last norm has 2 × 2 pixels
_POOLED_TO = 4


def _block(inputs: int, outputs: int, kernel: int, stride: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=1, bias=norm == "none"),
        normalization(norm, outputs),
        activation("leaky-relu"),
    )


def _at_least(size: int, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C height width"]:
    """`x`, padded by repeated edges where a side is shorter than `size`."""
    height, width = x.shape[-2:]
    pad = (0, max(0, size - width), 0, max(0, size - height))
    return F.pad(x, pad, mode="replicate") if any(pad) else x


class PatchDiscriminator(nn.Module):
    """One logit for each 70 × 70 pixels, every 8 pixels: C64-C128-C256-C512 of pix2pix.

    4 × 4 convolutions, the first three of stride 2, LeakyReLU of slope 0.2. The paper gives
    stride 2 to all blocks; 70 pixels come out with stride 1 in the last, as in its code.
    `width` is the 64. `dropout` acts before the convolution to the logits. Images smaller
    than 24 × 24 are padded to it by repeated edges, so each norm has pixels to measure.
    """

    def __init__(self, width: int = 64, norm: Norm = "batch", dropout: float = 0.0) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(3, width, 4, 2, "none"),
            _block(width, 2 * width, 4, 2, norm),
            _block(2 * width, 4 * width, 4, 2, norm),
            _block(4 * width, 8 * width, 4, 1, norm),
            nn.Dropout(dropout),
            nn.Conv2d(8 * width, 1, 4, padding=1),
        )
        init_normal(self)

    def forward(
        self, L: Float[Tensor, "B 1 H W"], ab: Float[Tensor, "B 2 H W"]
    ) -> Float[Tensor, "B 1 h w"]:
        """Logits, positive for real, of L in 0–100 and ab in −110–110; h = max(H, 24) // 8 - 2."""
        x = torch.cat([L / 50 - 1, ab / AB_LIMIT], dim=1)
        logits: Tensor = self.body(_at_least(_PATCH_SIZE, x))
        return logits

    def probability(
        self, L: Float[Tensor, "B 1 H W"], ab: Float[Tensor, "B 2 H W"]
    ) -> Float[Tensor, "B 1 h w"]:
        """How probably each patch is real: the sigmoid of the logits."""
        return torch.sigmoid(self(L, ab))


class PooledDiscriminator(nn.Module):
    """One logit an image, whatever its size: five blocks, Flatten, Linear.

    A block is a 3 × 3 convolution, norm, LeakyReLU of slope 0.2 and 2 × 2 max-pooling, but the
    last pools to 4 × 4 from any size, which at 128 × 128 is the same. `width` is the number
    of channels of the first block; the next three double it. `dropout` acts before the linear
    layer. Images smaller than 32 × 32 are padded to it by repeated edges, so each norm has
    pixels to measure.
    """

    def __init__(self, width: int = 64, norm: Norm = "batch", dropout: float = 0.0) -> None:
        super().__init__()
        channels = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        norms: list[Norm] = ["none", *[norm] * 4]
        pools = [*(nn.MaxPool2d(2) for _ in range(4)), nn.AdaptiveMaxPool2d(_POOLED_TO)]
        sizes = zip([3, *channels[:-1]], channels, norms, pools, strict=True)
        self.down = nn.Sequential(
            *(_block(before, after, 3, 1, kind).append(pool) for before, after, kind, pool in sizes)
        )
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels[-1] * _POOLED_TO**2, 1)
        )
        init_normal(self)

    def forward(
        self, L: Float[Tensor, "B 1 H W"], ab: Float[Tensor, "B 2 H W"]
    ) -> Float[Tensor, "B 1"]:
        """Logits, positive for real, of L in 0–100 and ab in −110–110."""
        x = torch.cat([L / 50 - 1, ab / AB_LIMIT], dim=1)
        logits: Tensor = self.head(self.down(_at_least(_POOLED_SIZE, x)))
        return logits

    def probability(
        self, L: Float[Tensor, "B 1 H W"], ab: Float[Tensor, "B 2 H W"]
    ) -> Float[Tensor, "B 1"]:
        """How probably each image is real: the sigmoid of the logits."""
        return torch.sigmoid(self(L, ab))
