"""Pixels in blocks that stay in cache, for what would not fit into memory all at once."""

import torch
from jaxtyping import Shaped
from torch import Tensor

_ROWS = 2048  # 313 values of each are 1.3 MB in bfloat16
_ROWS_CUDA = 65536  # a GPU wants large blocks: 41 MB each


def rows_per_block(device: torch.device) -> int:
    """How many pixels are worked on at a time on a device."""
    return _ROWS_CUDA if device.type == "cuda" else _ROWS


def pixel_rows(image: Shaped[Tensor, "C H W"]) -> Shaped[Tensor, "HW C"]:
    """Pixels × channels: a view where channels are the last in memory, or the first."""
    return image.movedim(0, -1).flatten(0, 1)


def product_dtype(features: Tensor) -> torch.dtype:
    """What matrix products of `features` are made in: as autocast says where it is on."""
    device = features.device.type
    if torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return features.dtype
