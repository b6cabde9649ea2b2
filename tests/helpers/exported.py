"""Exported models, shared by the tests of those who use them."""

import pytest
import torch

from photochrom.config import Architecture
from photochrom.models import Colorizer
from photochrom.models.onnx.export import export
from photochrom.quantize import Gamut


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder with two models' folders and their exports: of a classifier, of a regression."""
    folder = tmp_path_factory.mktemp("models")
    for name, method in (("bins", "classification"), ("mean", "regression")):
        torch.manual_seed(0)
        model = Colorizer(
            Architecture(method=method, width=2, size=32, stride=2), Gamut.srgb(20), temperature=0.5
        )
        torch.nn.init.normal_(model.network.head.weight, std=3)  # sure enough to have colors
        model.save(folder / name, {})
        export(folder / name, folder / f"{name}.onnx")
    return folder
