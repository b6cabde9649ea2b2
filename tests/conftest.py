"""Worlds that tests share; photochrom is never imported at module level here.

The run-time checks of types act at its first import, by the tests.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from commands import colorize as colorize, reading as reading, refusal as refusal, run as run
from emulators import gcs as gcs, s3 as s3, serving as serving
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
    """ab (22, 2, 150, 150) of the samples by scikit-image, each second pixel of the center."""
    squares = []
    for path in sorted(samples.glob("*.jpg")):
        rgb = imread(path)
        top, left = (rgb.shape[0] - 300) // 2, (rgb.shape[1] - 300) // 2
        squares.append(rgb2lab(rgb[top : top + 300 : 2, left : left + 300 : 2])[..., 1:])
    return torch.from_numpy(np.stack(squares)).movedim(-1, 1)


@pytest.fixture
def save_image(tmp_path: Path):
    """Write an 8-bit array (H, W, 3) under a name below tmp_path."""

    def save(name: str, rgb: np.ndarray) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)
        return path

    return save


def drawn(seed: int, height: int = 40, width: int = 50) -> np.ndarray:
    """A color image: smooth gradients and a disc, different for each seed."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    corners = random.integers(0, 256, size=(3, 3))
    rgb = (
        corners[0]
        + y[..., None] * (corners[1] - corners[0])
        + x[..., None] * (corners[2] - corners[0])
    )
    center = random.uniform(0.2, 0.6, size=2)
    disc = (y - center[0]) ** 2 + (x - center[1]) ** 2 < 0.03
    rgb[disc] = random.integers(0, 256, size=3)
    return rgb.clip(0, 255).astype(np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of eight drawn color images."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(8):
        ending = "jpg" if seed % 2 else "png"
        Image.fromarray(drawn(seed)).save(folder / f"{seed}.{ending}")
    return folder


@pytest.fixture
def two_colors(tmp_path: Path) -> Path:
    """A folder of images whose left and bright half is orange, whose dark half is blue."""
    folder = tmp_path / "two"
    folder.mkdir()
    random = np.random.default_rng(0)
    for place in range(6):
        rgb = np.zeros((40, 40, 3), dtype=np.uint8)
        rgb[:, :20] = (230, 150, 60)
        rgb[:, 20:] = (20, 30, 90 + random.integers(8, 40))
        Image.fromarray(np.roll(rgb, place * 5, axis=1)).save(folder / f"{place}.png")
    return folder


@pytest.fixture
def images(photos: Path):
    """What is found in `photos`."""
    from photochrom.image_io import find

    return find([str(photos)]).images


@pytest.fixture
def tiny() -> dict:
    """Values of a `TrainConfig` whose steps take no time."""
    small = {
        "width": 2,
        "crop": 32,
        "size": 32,
        "batch_size": 2,
        "steps": 4,
        "discriminator_width": 4,
    }
    return small | {"workers": 0, "precision": "32"}


@pytest.fixture
def game(tiny: dict) -> dict:
    """The same, of a regression that a discriminator judges."""
    return tiny | {"method": "regression", "discriminator": "pooled", "loss": "l1"}


@pytest.fixture
def load(tmp_path: Path):
    """Write a study's text to mine.toml and load it."""
    from photochrom.study import definition

    def write(text):
        (tmp_path / "mine.toml").write_text(text)
        return definition.load(str(tmp_path / "mine.toml"))

    return write


@pytest.fixture
def model(tmp_path):
    """A finished run folder, of a network that never learned."""
    from photochrom.config import Architecture
    from photochrom.models import Colorizer
    from photochrom.quantize import Gamut

    folder = tmp_path / "model"
    Colorizer(Architecture(method="classification", width=2, size=32), Gamut.srgb(20)).save(
        folder, {}
    )
    return folder


@pytest.fixture
def classifier():
    """One that never learned, but is sure enough to have colors that differ."""
    from photochrom.config import Architecture
    from photochrom.models import Colorizer
    from photochrom.quantize import Gamut

    def make(stride=1, size=32):
        torch.manual_seed(0)
        architecture = Architecture(method="classification", width=2, size=size, stride=stride)
        made = Colorizer(architecture, Gamut.srgb(20)).eval()
        torch.nn.init.normal_(made.network.head.weight, std=10)
        return made

    return make


@pytest.fixture
def colored(classifier, tmp_path):
    """Colorize what lies in `tmp_path / "in"` to `tmp_path / name`: the outcomes."""
    from photochrom.image_io import find
    from photochrom.inference.pipeline import colorize_all

    def call(name, extras=None, model=None, **options):
        found, out = find([str(tmp_path / "in")]), (tmp_path / name).as_posix()
        model = model or classifier()
        return list(colorize_all(found.images, model, out, extras=extras, **options))

    return call


@pytest.fixture
def prior(run, photos, tmp_path):
    assert run("prior", "build", photos, "-o", tmp_path / "prior.h5")[0] == 0
    return tmp_path / "prior.h5"


@pytest.fixture
def reads(monkeypatch, tmp_path):
    """The files that were read whole, in order; the cache is a folder of its own."""
    from photochrom import storage

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    read, told = storage.read_whole, []
    monkeypatch.setattr(
        storage, "read_whole", lambda place, most: (told.append(place), read(place, most))[1]
    )
    return told
