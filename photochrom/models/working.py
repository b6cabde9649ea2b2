"""The size that a network works at."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def reduced(L: Float[Tensor, "B 1 H W"], side: int) -> Float[Tensor, "B 1 _ _"]:
    """L with a short side of `side`, or as it is if that is smaller."""
    height, width = L.shape[-2:]
    scale = min(1.0, side / min(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return F.interpolate(L, size, mode="bilinear", antialias=True)
