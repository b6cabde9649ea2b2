"""The size that a network works at."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def working_side(short: int, size: int, stride: int) -> int:
    """The short side that a network of this size sees of an image whose own is `short`.

    A smaller image is enlarged, too, for the network knows things as large as in training; but
    not so far that ab, a `stride`-th of it, would be larger than the image.
    """
    return min(size, stride * short)


def scaled(L: Float[Tensor, "B 1 H W"], size: int, stride: int) -> Float[Tensor, "B 1 _ _"]:
    """L with the short side that a network sees."""
    height, width = L.shape[-2:]
    short = min(height, width)
    scale = working_side(short, size, stride) / short
    sides = (max(1, round(height * scale)), max(1, round(width * scale)))
    return F.interpolate(L, sides, mode="bilinear", antialias=True)
