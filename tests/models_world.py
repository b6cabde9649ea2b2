"""The smallest architectures, shared by tests of networks and of their files."""

import pytest
import torch

from photochrom.config import Architecture
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

CLASSIFIER = Architecture(method="classification", width=2, size=32)
REGRESSION = Architecture(method="regression", width=2, size=32)


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return Colorizer(CLASSIFIER, Gamut.srgb(20)).eval()
