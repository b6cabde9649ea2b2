"""What a pretrained encoder is to the network around it, and how one is frozen."""

from torch import nn


class Encoder(nn.Module):
    """A trunk that takes L (B 1 H W, in 0–100) and gives a list of feature maps, finest first.

    H and W must be multiples of the largest stride, 32: who calls pads. Nothing checks that.
    """

    taps: tuple[tuple[int, int], ...]
    """Stride and channels of each feature map: tap (4, 24) is 24 × H/4 × W/4."""
    frozen = False

    def train(self, mode: bool = True) -> "Encoder":
        """As `nn.Module.train`, but a frozen encoder stays in evaluation mode."""
        super().train(mode and not self.frozen)
        return self


def freeze(encoder: Encoder) -> None:
    """Keep `encoder` as it is whatever is trained around it.

    Its parameters ask for no gradient, and its batch normalization goes on by the stored
    statistics, also after `train()` of a module that holds it. Gradients still pass through
    to its input.
    """
    encoder.frozen = True
    encoder.requires_grad_(False).eval()
