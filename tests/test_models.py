import json
from pathlib import Path
from typing import get_args

import pytest
import torch

from photochrom.config import Architecture, NetworkConfig, Norm
from photochrom.models import Colorizer, UNet, is_finished, locate
from photochrom.quantize import Gamut, annealed_mean, mode

CLASSIFIER = Architecture(method="classification", width=2, size=32)
REGRESSION = Architecture(method="regression", width=2, size=32)


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return Colorizer(CLASSIFIER, Gamut.srgb(20)).eval()


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


@pytest.mark.parametrize("architecture", [CLASSIFIER, REGRESSION])
def test_a_model_comes_back_as_it_went(architecture, tmp_path):
    colorizer = Colorizer(architecture, Gamut.srgb(20), temperature=0.5).eval()
    colorizer.save(tmp_path, {"label": "a test"})
    back = Colorizer.load(tmp_path)
    L = torch.rand(2, 1, 30, 20) * 100
    assert torch.equal(back.ab(L), colorizer.ab(L))
    assert (back.temperature, back.architecture) == (0.5, architecture)
    assert back.gamut.same_as(colorizer.gamut)


@pytest.mark.parametrize("encoder", ["vgg16", "lite0"])
def test_a_model_with_a_published_encoder_comes_back_whole(encoder, tmp_path):
    architecture = Architecture(encoder=encoder, width=1, size=32, stride=4)
    colorizer = Colorizer(architecture, Gamut.srgb(20)).eval()
    colorizer.save(tmp_path, {})
    L = torch.rand(1, 1, 32, 32) * 100
    assert torch.equal(Colorizer.load(tmp_path).ab(L), colorizer.ab(L))


def test_the_bins_that_are_saved_are_the_gamuts(classifier, tmp_path):
    """A mean over thousands of steps of equal bins is a little beside them."""
    classifier.bins.mul_(1 + 1e-6)
    classifier.save(tmp_path, {})
    assert Colorizer.load(tmp_path).gamut.same_as(classifier.gamut)


def test_a_model_file_is_whole_only_with_its_weights(classifier, tmp_path):
    classifier.save(tmp_path, {})
    (tmp_path / "model.safetensors").rename(tmp_path / "model.safetensors.partial")
    assert not is_finished(tmp_path)
    with pytest.raises(ValueError, match=r"expected a finished run with model.safetensors"):
        Colorizer.load(tmp_path)


def test_damaged_weights_are_refused(classifier, tmp_path):
    classifier.save(tmp_path, {})
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"expected the weights whose checksum config.json tells"):
        Colorizer.load(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["sha256"]  # as models of before it was written
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"expected weights, got a damaged file"):
        Colorizer.load(tmp_path)


def test_one_changed_bit_of_the_weights_is_noticed(classifier, tmp_path):
    classifier.save(tmp_path, {})
    weights = tmp_path / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ValueError, match=r"got a damaged file or another model's"):
        Colorizer.load(tmp_path)


def test_half_of_the_bits_keep_the_colours(tmp_path):
    colorizer = Colorizer(CLASSIFIER, Gamut.srgb(20), temperature=0.5).eval()
    for name, half in (("whole", False), ("half", True)):
        colorizer.save(tmp_path / name, {}, half=half)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    back = Colorizer.load(tmp_path / "half")
    assert {value.dtype for value in back.parameters()} == {torch.float32}
    L = torch.rand(2, 1, 30, 20) * 100
    # 11 bits of each weight: relative errors of 2⁻¹², of ab below 100 a few hundredths.
    torch.testing.assert_close(back.ab(L), colorizer.ab(L), atol=0.05, rtol=0)


def test_a_config_that_asks_for_an_enormous_network_takes_no_memory(classifier, tmp_path):
    classifier.save(tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps(config | {"network": config["network"] | {"width": 1_000_000}})
    )
    with pytest.raises(ValueError, match=r"or another network's"):
        Colorizer.load(tmp_path)


def test_a_folder_goes_before_the_name_of_a_model_that_comes_with_photochrom(
    classifier, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("photochrom.models.saved.names", lambda: ["mine"])
    shipped = locate("mine")
    assert Path(shipped).parent.name == "models"
    (tmp_path / "mine").mkdir()  # a folder that is no model changes nothing
    assert locate("mine") == shipped
    classifier.save(tmp_path / "mine", {})
    assert locate("mine") == "mine"
    assert locate("./mine") == "./mine"


def test_a_model_is_read_from_a_url(classifier, tmp_path):
    classifier.save(tmp_path / "run", {})
    back = Colorizer.load((tmp_path / "run").as_uri())
    assert torch.equal(back.network.head.weight, classifier.network.head.weight)
    with pytest.raises(ValueError, match=r"expected a run folder with config.json, found no such"):
        Colorizer.load((tmp_path / "other").as_uri())


def test_another_networks_weights_are_refused(classifier, tmp_path):
    classifier.save(tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps(config | {"network": config["network"] | {"width": 3}})
    )
    with pytest.raises(ValueError, match=r"or another network's"):
        Colorizer.load(tmp_path)


def test_a_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a run folder with config.json, found no such"):
        Colorizer.load(tmp_path)


def test_a_model_of_another_version_is_refused_by_number(classifier, tmp_path):
    classifier.save(tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"version": 9}))
    with pytest.raises(ValueError, match=r"expected photochrom model version 2, got .* version 9"):
        Colorizer.load(tmp_path)
