"""Head and loss in one against torch's linear map and cross-entropy, on 8 × 224² pixels.

Both from the last features to the gradients of features and head, in the arithmetic that
training chooses on this machine.
"""

import torch
from torch.nn import functional as F

from benchmarks.measure import Act, against_plain, report
from photochrom.losses import fused_cross_entropy, rebalanced_cross_entropy
from photochrom.quantize import Gamut, soft_encode
from photochrom.training import has_bf16

_BATCH, _SIZE = 8, 224


def prepare(channels: int, fused: bool) -> Act:
    """Loss and gradients of one batch, ready to be run."""
    torch.manual_seed(0)
    shape = (_BATCH, channels, _SIZE, _SIZE)
    dtype = torch.bfloat16 if has_bf16() else torch.float32
    features = torch.randn(shape, dtype=dtype).to(memory_format=torch.channels_last)
    features.requires_grad_()
    gamut = Gamut.srgb()
    head = torch.nn.Conv2d(channels, len(gamut), 1)
    target = soft_encode(torch.randn(_BATCH, 2, _SIZE, _SIZE) * 20, gamut)
    rebalance = torch.rand(len(gamut))

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
            if fused:
                weight = head.weight.flatten(1)
                loss = fused_cross_entropy(features, weight, head.bias, target, rebalance)
            else:
                logits = F.conv2d(features, head.weight, head.bias)
                loss = rebalanced_cross_entropy(logits.float(), target, rebalance)
        loss.backward()
        features.grad = head.weight.grad = head.bias.grad = None

    return step


def main() -> None:
    """Measure, print and write the rows."""
    name = "fused head + loss against plain torch, 8 × 224²"
    rows = against_plain(name, prepare, repeats=5, time_target="<= 0.5", memory_target="<= 0.15")
    report("fused_loss", rows)


if __name__ == "__main__":
    main()
