"""The trunks of EfficientNet-Lite0 and VGG16."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from photochrom.models.encoders.base import freeze
from photochrom.models.encoders.lite0 import Lite0, SameConv2d
from photochrom.models.encoders.vgg16 import VGG16
from photochrom.models.encoders.weights import ENCODERS, read_encoder_weights

LITE0_FILE = "efficientnet-lite0-57934424.pth"
NAMES = pytest.mark.parametrize("name", ["lite0", "vgg16"])


@pytest.fixture(scope="session")
def weights():
    """The folder of Lite0's published weights and activations, which are not redistributed."""
    folder = Path(__file__).parents[3] / "shared" / "weights"
    if not folder.is_dir():
        pytest.skip("the published weights are not beside this checkout (../shared/weights)")
    return folder


def test_lite0_gives_the_published_activations(weights):
    encoder = Lite0().eval()
    encoder.load_state_dict(read_encoder_weights("lite0", str(weights / LITE0_FILE)))
    y, x = torch.meshgrid(torch.arange(224.0), torch.arange(224.0), indexing="ij")
    rgb = torch.stack([x, y, ((x + y) / 2).floor()])[None]
    with torch.no_grad():
        taps = encoder.trunk((rgb - 127) / 128)
    published = np.load(weights / "efficientnet-lite0-reference.npz")
    for tap, block in zip(taps, ("00", "02", "04", "10", "15"), strict=True):
        numbers = [tap.mean()[None], tap.std(correction=0)[None], tap[0, :4, 0, 0]]
        ours = torch.cat([*numbers, tap[0, :4, -1, -1]])
        # Both are float32: the trunk in float64 is up to 3e-5 from either.
        np.testing.assert_allclose(ours, published[f"block{block}"], atol=1e-4, rtol=0)


def test_lite0_has_the_published_names_and_shapes(weights):
    file = torch.load(weights / LITE0_FILE, weights_only=True)
    classifier = ("_conv_head.", "_bn1.", "_fc.")
    trunk = {key: value.shape for key, value in file.items() if not key.startswith(classifier)}
    assert {key: value.shape for key, value in Lite0().state_dict().items()} == trunk


# Kernel 3 pads 0 before and 1 after: the windows over 4 cells begin at 0 and 2 and see 3 and 2.
# Kernel 5 pads 1 and 2: they begin at -1 and 1 and see 4 and 3.
@pytest.mark.parametrize(("kernel", "seen"), [(3, [3.0, 2.0]), (5, [4.0, 3.0])])
def test_a_stride_of_two_pads_as_tensorflow_does(kernel, seen):
    convolution = SameConv2d(1, 1, kernel, stride=2)
    nn.init.ones_(convolution.weight)
    sides = torch.tensor(seen)
    assert torch.equal(convolution(torch.ones(1, 1, 4, 4))[0, 0], torch.outer(sides, sides))


def test_a_stride_of_one_pads_evenly():
    convolution = SameConv2d(1, 1, 5)
    nn.init.ones_(convolution.weight)
    sides = torch.tensor([3.0, 4.0, 4.0, 3.0])
    assert torch.equal(convolution(torch.ones(1, 1, 4, 4))[0, 0], torch.outer(sides, sides))


def test_lite0_shifts_and_scales_lightness_to_the_range_it_was_trained_on():
    encoder = Lite0().eval()
    L = torch.tensor([0.0, 100.0])[:, None, None, None].expand(-1, 1, 32, 32)
    # Black is (0 - 127) / 128 and white (255 - 127) / 128 = 1, in each of three channels.
    normalized = torch.tensor([-127 / 128, 1])[:, None, None, None].expand(-1, 3, 32, 32)
    for ours, expected in zip(encoder(L), encoder.trunk(normalized), strict=True):
        torch.testing.assert_close(ours, expected)


def test_vgg16_is_the_plain_sequence_of_torchvisions_layout():
    random = torch.Generator().manual_seed(0)
    layers = []
    inputs = 3
    for channels in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0] + 2 * [512, 512, 512, 0]:
        if channels:
            layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
            layers[-2].weight.data.normal_(0, (2 / (9 * inputs)) ** 0.5, generator=random)
            layers[-2].bias.data.normal_(0, 0.1, generator=random)
            inputs = channels
        else:
            layers.append(nn.MaxPool2d(2))
    plain = nn.Sequential(*layers)
    encoder = VGG16()
    encoder.load_state_dict({f"features.{key}": value for key, value in plain.state_dict().items()})

    L = torch.rand(2, 1, 32, 64, generator=random) * 100
    x = torch.cat([L, L, L], dim=1) / 100
    x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    before = [4, 9, 16, 23, 30, 31]  # torchvision's numbers of the poolings, and what they give
    for ours, end in zip(encoder(L), before, strict=True):
        torch.testing.assert_close(ours, plain[:end](x))


def test_vgg16_is_the_first_19_layers_as_keras_counts():
    layers = [type(layer) for layer in VGG16().features]
    assert len(layers) == 31  # features.0 … features.30 of torchvision
    assert 1 + layers.count(nn.Conv2d) + layers.count(nn.MaxPool2d) == 19


# Lite0 has 4,652,008 as published: less the classifier's 1280 × 1000 + 1000 and its
# convolution's 320 × 1280 + 2 × 1280. VGG16 without its top has 14,714,688 in Keras.
@pytest.mark.parametrize(
    ("name", "count"), [("lite0", 4_652_008 - 1_281_000 - 412_160), ("vgg16", 14_714_688)]
)
def test_an_encoder_has_the_published_number_of_parameters(name, count):
    assert sum(p.numel() for p in ENCODERS[name]().parameters()) == count


@NAMES
def test_each_tap_has_its_stride_and_channels(name):
    encoder = ENCODERS[name]()
    shapes = [tuple(tap.shape) for tap in encoder(torch.rand(2, 1, 64, 96) * 100)]
    assert shapes == [(2, channels, 64 // s, 96 // s) for s, channels in encoder.taps]


@NAMES
def test_every_weight_and_the_lightness_get_a_gradient(name):
    encoder = ENCODERS[name]()
    L = (torch.rand(2, 1, 64, 64) * 100).requires_grad_()
    sum(tap.square().mean() for tap in encoder(L)).backward()
    assert L.grad.abs().sum() > 0
    assert all(p.grad.abs().sum() > 0 for p in encoder.parameters() if p.ndim > 1)


@NAMES
def test_a_frozen_encoder_does_not_move(name):
    encoder = ENCODERS[name]()
    freeze(encoder)
    before = copy.deepcopy(encoder.state_dict())
    network = nn.ModuleDict({"encoder": encoder, "head": nn.Conv2d(encoder.taps[-1][1], 2, 1)})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1, weight_decay=1)
    network.train()
    L = (torch.rand(2, 1, 32, 32) * 100).requires_grad_()
    head = network["head"].weight.clone()
    network["head"](encoder(L)[-1]).square().sum().backward()
    optimizer.step()
    assert not torch.equal(network["head"].weight, head)
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())
    assert L.grad.abs().sum() > 0


def test_an_encoder_that_is_not_frozen_follows_its_batches():
    encoder = Lite0().train()
    encoder(torch.rand(2, 1, 32, 32) * 100)
    assert encoder._bn0.running_mean.abs().sum() > 0
    assert encoder._blocks[15]._bn2.num_batches_tracked == 1


def test_a_copy_of_a_frozen_encoder_is_frozen():
    encoder = Lite0()
    freeze(encoder)
    assert not any(module.training for module in copy.deepcopy(encoder).train().modules())


def test_an_untrained_vgg16_does_not_fade():
    torch.manual_seed(0)
    with torch.no_grad():
        taps = VGG16()(torch.rand(1, 1, 64, 64) * 100)
    sizes = [tap.square().mean().sqrt() for tap in taps]
    # He's law keeps the mean square from layer to layer, but for the zeros at the border
    # and the maxima of the poolings; PyTorch's own draw loses a factor of 6 in each layer.
    assert 0.1 < sizes[-1] / sizes[0] < 10


def test_dropped_paths_leave_whole_images_as_they_were():
    torch.manual_seed(0)
    encoder = Lite0()
    encoder.drop_paths(0.8)
    block = encoder._blocks[12]  # 0.8 · 12 / 16 = 0.6
    x = torch.rand(2000, 192, 1, 1)
    block.eval()
    with torch.no_grad():
        whole = block(x)
        for module in block.modules():
            module.training = False
        block.training = True  # but its norms, which then do not see the other images
        made = block(x)
    passed = (made == x).flatten(1).all(1)
    # Of 2,000 drawings the standard deviation is 0.011.
    assert passed.float().mean().item() == pytest.approx(0.6, abs=0.05)
    torch.testing.assert_close(made[~passed] - x[~passed], (whole - x)[~passed] / 0.4)


def test_paths_are_dropped_in_training_alone_and_more_of_them_deeper():
    encoder = Lite0()
    L = torch.rand(1, 1, 32, 32) * 100
    before = encoder.eval()(L)
    encoder.drop_paths(0.16)
    assert [block.dropped for block in encoder._blocks] == pytest.approx(np.arange(16) / 100)
    assert all(map(torch.equal, before, encoder(L)))
