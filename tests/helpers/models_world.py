"""The smallest architectures, shared by tests of networks and of their files."""

from dataclasses import replace

import pytest
import torch

from photochrom import recipes
from photochrom.config import Architecture
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

CLASSIFIER = Architecture(method="classification", width=2, size=32)
REGRESSION = Architecture(method="regression", width=2, size=32)

ARCHITECTURES = {
    "unet": Architecture(width=2, size=64),
    "lite0": Architecture(width=4, size=64, encoder="lite0", up="upsample", stride=4),
    "vgg16": replace(Architecture.of(recipes.load("vgg16")), width=2, size=64),
    "pix2pix": replace(Architecture.of(recipes.load("pix2pix")), width=2, size=64),
    "regression": Architecture(method="regression", width=2, size=64, norm="group", stride=2),
}


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return Colorizer(CLASSIFIER, Gamut.srgb(20)).eval()


def vivid(architecture):
    """A network that never learned, whose colors differ from pixel to pixel."""
    torch.manual_seed(0)
    colorizer = Colorizer(architecture, Gamut.srgb(20), temperature=0.5).eval()
    for module in colorizer.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    head = colorizer.network.head
    with torch.inference_mode():
        spread = head(colorizer.features(lightness(1, 64, 64))).std()
    with torch.no_grad():
        head.weight *= (3 if architecture.method == "classification" else 0.3) / spread
    return colorizer


def lightness(batch, height, width):
    return torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(1)) * 100
