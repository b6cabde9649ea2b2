"""Grays as old photographs and their scans have them, made from sound ones to learn from."""

import io

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from photochrom.color.lab import lab_from_rgb, rgb_from_lab

_CONTRAST = 0.35  # log of the strongest stretch, and of the strongest gamma
_NOISE = 0.06  # of the range: the strongest grain's standard deviation
_QUALITY = (20, 90)  # of JPEG


def degraded(rgb: UInt8[np.ndarray, "H W 3"], rng: np.random.Generator) -> UInt8[np.ndarray, "H W"]:
    """The gray of an image with another contrast and gamma, grain, and the blocks of JPEG.

    Each as strong as `rng` says, from not at all on. L changes, so ab is no longer what the
    gray's own L would have: the network is to give the colors of the image as it was.
    """
    lab = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0).float() / 255)
    L = lab[0].numpy() / 100
    stretch, gamma = np.exp(rng.uniform(-_CONTRAST, _CONTRAST, size=2))
    L = (0.5 + stretch * (L - 0.5)).clip(0, 1) ** gamma
    L += rng.normal(0, rng.uniform(0, _NOISE), size=L.shape)
    gray = _gray(100 * torch.from_numpy(L).float().clamp(0, 1))
    file = io.BytesIO()
    Image.fromarray(gray).save(file, "JPEG", quality=int(rng.integers(*_QUALITY)))
    with Image.open(file) as decoded:
        return np.array(decoded)


def blurred(rgb: UInt8[np.ndarray, "H W 3"], rng: np.random.Generator) -> UInt8[np.ndarray, "H W"]:
    """The gray of an image as soft as that of one of 50 to 100 % of its size, enlarged."""
    lab = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0).float() / 255)
    gray = Image.fromarray(_gray(lab[0]))
    scale = rng.uniform(0.5, 1)
    small = gray.resize(
        [max(1, round(side * scale)) for side in gray.size], Image.Resampling.BILINEAR
    )
    return np.array(small.resize(gray.size, Image.Resampling.BILINEAR))


def _gray(L: torch.Tensor) -> UInt8[np.ndarray, "H W"]:
    level = rgb_from_lab(torch.stack([L, torch.zeros_like(L), torch.zeros_like(L)]))[0]
    gray: np.ndarray = (255 * level).round().to(torch.uint8).numpy()
    return gray
