"""Pictures and models that the tests of the app share."""

import io

import numpy as np
import pytest
from PIL import Image

from photochrom.app.picture import Opened
from photochrom.config import Architecture
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

MOST = 1_000_000


@pytest.fixture(scope="session")
def shipped():
    return Colorizer.load("photochrom")


@pytest.fixture
def regression():
    return Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb(20)).eval()


def encoded(rgb, format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format, **options)
    return buffer.getvalue()


def drawn(height=60, width=80, seed=0):
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height)))


def opened(data, name="a.png"):
    return Opened(data, name, most_pixels=MOST, sizes=[160])


@pytest.fixture
def photo(samples):
    return (samples / "palace.jpg").read_bytes()
