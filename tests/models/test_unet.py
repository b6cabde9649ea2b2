"""Networks: their sizes, layers and gradients, and what they decode."""

from typing import get_args

import pytest
import torch
from models_world import CLASSIFIER, REGRESSION, classifier as classifier

from photochrom.config import Architecture, NetworkConfig, Norm
from photochrom.models import Colorizer, UNet
from photochrom.quantize import Gamut, annealed_mean, mode


def unet(outputs, **changes):
    return UNet(outputs, NetworkConfig(**({"width": 2} | changes)))


KINDS = [
    {},
    {"pooling": "strided"},
    {"up": "upsample"},
    {"skips": False},
    {"encoder": "lite0"},
    {"encoder": "vgg16", "up": "upsample", "skips": False},
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("norm", get_args(Norm))
@pytest.mark.parametrize("size", [(1, 1), (33, 17)])
def test_any_size_goes_in_and_comes_out(kind, norm, size):
    network = unet(7, norm=norm, dropout=0.5, up_activation="leaky-relu", **kind)
    assert network(torch.rand(2, 1, *size) * 100).shape == (2, 7, *size)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("stride", [2, 4])
def test_reduced_output_is_reduced(kind, stride):
    assert unet(7, stride=stride, **kind)(torch.rand(1, 1, 37, 64)).shape == (
        (1, 7, 19, 32) if stride == 2 else (1, 7, 10, 16)
    )


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_reduced_ab_lies_where_its_pixels_do(kind):
    """Enlarged, it neither shifts nor grows: a constant stays, and a ramp keeps its middle."""
    colorizer = Colorizer(
        Architecture(method="regression", width=2, stride=4, **kind), Gamut.srgb()
    )
    ramp = torch.arange(10.0).expand(1, 2, 7, 10)
    full = colorizer.full_size(ramp, torch.zeros(1, 1, 27, 38))
    assert full.shape == (1, 2, 27, 38)
    # Pixel x of L lies at (x + 0.5) / 4 - 0.5 of the smaller one.
    x = (torch.arange(2.0, 36) + 0.5) / 4 - 0.5
    torch.testing.assert_close(full[0, 0, 3, 2:36], x)


def test_the_strided_network_is_made_of_the_layers_it_names():
    network = unet(2, pooling="strided", activation="leaky-relu", up_activation="leaky-relu")
    kinds = [type(layer).__name__ for layer in network.encoder.down[0]]
    assert kinds == ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert [layer.stride for layer in (network.encoder.down[0][0], network.up[0].enlarge[0])] == [
        (2, 2),
        (2, 2),
    ]
    kinds = [type(layer).__name__ for layer in network.up[0].enlarge]
    assert kinds == ["ConvTranspose2d", "BatchNorm2d", "LeakyReLU"]
    assert not any(isinstance(layer, torch.nn.MaxPool2d) for layer in network.modules())


def test_a_decoder_of_upsampling_has_no_transposed_convolution():
    network = unet(2, encoder="vgg16", up="upsample", skips=False)
    kinds = {type(layer).__name__ for layer in network.up.modules()}
    assert {"Upsample", "Conv2d"} <= kinds
    assert "ConvTranspose2d" not in kinds
    assert network.up[0].merge[0].in_channels == 512  # of VGG16's last map, and nothing beside it


def test_dropout_drops_while_training_only():
    network = unet(2, dropout=0.5, norm="none")
    L = torch.rand(1, 1, 32, 32) * 100
    assert not torch.equal(network(L), network(L))
    assert torch.equal(network.eval()(L), network(L))


def test_a_tanh_head_stays_within_its_reach():
    colorizer = Colorizer(Architecture(method="regression", width=2, head="tanh"), Gamut.srgb())
    with torch.no_grad():
        colorizer.network.head.weight.fill_(100.0)
    ab = colorizer.ab(torch.rand(1, 1, 32, 32) * 100)
    assert 109 < ab.abs().max() <= 110


def test_the_channels_double_at_each_of_four_levels():
    network = unet(313, width=4)
    assert [down[0].out_channels for down in network.encoder.down] == [4, 8, 16, 32]
    assert network.encoder.bottleneck[1][0].out_channels == 64
    assert [up.enlarge.out_channels for up in network.up] == [32, 16, 8, 4]
    assert network.head.kernel_size == (1, 1)


def test_padding_changes_nothing_where_none_is_needed():
    network = unet(3).eval()
    L = torch.rand(1, 1, 32, 48) * 100
    assert torch.equal(network.head(network.features(L)), network(L))


def test_every_weight_gets_a_gradient():
    network = unet(3)
    network(torch.rand(2, 1, 32, 32) * 100).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters() if p.ndim > 1)


def test_a_classifier_decodes_by_the_annealed_mean_at_its_temperature(classifier):
    L = torch.rand(1, 1, 20, 20) * 100
    logits = classifier.network(L)
    torch.testing.assert_close(classifier.ab(L), annealed_mean(logits, classifier.gamut, 0.38))
    torch.testing.assert_close(classifier.ab(L, 0.7), annealed_mean(logits, classifier.gamut, 0.7))
    torch.testing.assert_close(classifier.ab(L, how="mode"), mode(logits, classifier.gamut))


def test_both_methods_begin_with_the_same_trunk():
    trunks = []
    for architecture in (CLASSIFIER, REGRESSION):
        torch.manual_seed(3)
        network = Colorizer(architecture, Gamut.srgb()).network
        trunks.append({n: p for n, p in network.named_parameters() if not n.startswith("head")})
    assert all(torch.equal(trunks[0][name], trunks[1][name]) for name in trunks[0])
