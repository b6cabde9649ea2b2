"""Worlds that tests share.

Nothing here imports photochrom at module level: the run-time checks of types act at its first
import, by the tests.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab
from skimage.io import imread

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of published bins, prior and fixtures, which may not be redistributed here."""
    folder = _ROOT.parent / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip("the published values are not beside this checkout (../shared/reference)")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The photographs that come with photochrom."""
    return _ROOT / "photochrom" / "assets" / "samples"


@pytest.fixture(scope="session")
def sample_ab(samples: Path) -> torch.Tensor:
    """ab (22, 2, 150, 150) of the samples by scikit-image, each second pixel of the centre."""
    squares = []
    for path in sorted(samples.glob("*.jpg")):
        rgb = imread(path)
        top, left = (rgb.shape[0] - 300) // 2, (rgb.shape[1] - 300) // 2
        squares.append(rgb2lab(rgb[top : top + 300 : 2, left : left + 300 : 2])[..., 1:])
    return torch.from_numpy(np.stack(squares)).movedim(-1, 1)


@pytest.fixture
def save_picture(tmp_path: Path):
    """Write an 8-bit array (H, W, 3) under a name below tmp_path."""

    def save(name: str, rgb: np.ndarray) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)
        return path

    return save


def drawn(seed: int, height: int = 40, width: int = 50) -> np.ndarray:
    """A colour picture: smooth gradients and a disc, different for each seed."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    corners = random.integers(0, 256, size=(3, 3))
    rgb = (
        corners[0]
        + y[..., None] * (corners[1] - corners[0])
        + x[..., None] * (corners[2] - corners[0])
    )
    centre = random.uniform(0.2, 0.6, size=2)
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < 0.03
    rgb[disc] = random.integers(0, 256, size=3)
    return rgb.clip(0, 255).astype(np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of eight drawn colour pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(8):
        ending = "jpg" if seed % 2 else "png"
        Image.fromarray(drawn(seed)).save(folder / f"{seed}.{ending}")
    return folder
