"""Networks with fewer multiplications give what they gave before."""

from dataclasses import replace

import pytest
import torch
from models_world import ARCHITECTURES, lightness, vivid
from torch import nn
from torch.nn import functional as F

from photochrom.models import load_model
from photochrom.models.fuse import doubling, folded

# float32, products added up in another order: of features that are about 1.
ROUNDING = {"atol": 1e-4, "rtol": 1e-4}
LITE0 = ARCHITECTURES["lite0"]


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4)])
def test_doubling_is_nearest_neighbor_and_a_convolution(size):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, *size, dtype=torch.float64, generator=generator)
    weight = torch.rand(5, 3, 3, 3, dtype=torch.float64, generator=generator)
    made = F.conv_transpose2d(x, doubling(weight), stride=2, padding=1)
    expected = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)
    torch.testing.assert_close(made, expected)


@pytest.mark.parametrize(
    "architecture",
    [
        *ARCHITECTURES.values(),
        replace(LITE0, skips=False),
        replace(LITE0, norm="instance", dropout=0.3),
        replace(LITE0, norm="none", up_activation="leaky-relu"),
        replace(LITE0, encoder="unet", stride=1),
    ],
)
def test_a_folded_network_gives_the_same(architecture):
    network, L = vivid(architecture).network, lightness(2, 70, 97)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.inference_mode():
        torch.testing.assert_close(folded(network)(L), network(L), **ROUNDING)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(after[name].equal(value) for name, value in before.items())


def test_nothing_is_left_to_fold():
    kinds = {type(module) for module in folded(vivid(LITE0).network).modules()}
    assert not kinds & {nn.BatchNorm2d, nn.Upsample}


def test_what_colorizes_is_folded_and_tells_what_was_trained(tmp_path):
    colorizer, L = vivid(LITE0), lightness(1, 64, 64)
    colorizer.save(tmp_path, {})
    loaded = load_model(tmp_path)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in loaded.modules())
    assert loaded.parameters_count == sum(p.numel() for p in colorizer.network.parameters())
    torch.testing.assert_close(loaded.predict(L), colorizer.predict(L), atol=2e-3, rtol=0)
