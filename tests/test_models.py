import json

import pytest
import torch

from photochrom.models import Architecture, Colorizer, UNet, is_finished
from photochrom.quantize import Gamut, annealed_mean, mode

CLASSIFIER = Architecture("classification", width=2, size=32)
REGRESSION = Architecture("regression", width=2, size=32)


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return Colorizer(CLASSIFIER, Gamut.srgb(20)).eval()


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (33, 17), (5, 200)])
def test_any_size_goes_in_and_comes_out(size):
    assert UNet(7, width=2)(torch.rand(2, 1, *size) * 100).shape == (2, 7, *size)


def test_the_channels_double_at_each_of_four_levels():
    network = UNet(313, width=4)
    assert [down[0].out_channels for down in network.down] == [4, 8, 16, 32]
    assert network.bottleneck[1][0].out_channels == 64
    assert [up.enlarge.out_channels for up in network.up] == [32, 16, 8, 4]
    assert network.head.kernel_size == (1, 1)


def test_padding_changes_nothing_where_none_is_needed():
    network = UNet(3, width=2).eval()
    L = torch.rand(1, 1, 32, 48) * 100
    assert torch.equal(network.head(network.features(L)), network(L))


def test_every_weight_gets_a_gradient():
    network = UNet(3, width=2)
    network(torch.rand(2, 1, 32, 32) * 100).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters() if p.ndim > 1)


def test_a_classifier_decodes_by_the_annealed_mean_at_its_temperature(classifier):
    L = torch.rand(1, 1, 20, 20) * 100
    logits = classifier.network(L)
    torch.testing.assert_close(classifier(L), annealed_mean(logits, classifier.gamut, 0.38))
    torch.testing.assert_close(classifier(L, 0.7), annealed_mean(logits, classifier.gamut, 0.7))
    torch.testing.assert_close(classifier(L, how="mode"), mode(logits, classifier.gamut))


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
    assert torch.equal(back(L), colorizer(L))
    assert (back.temperature, back.architecture) == (0.5, architecture)
    assert back.gamut.same_as(colorizer.gamut)


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
    with pytest.raises(ValueError, match=r"expected the weights that config.json describes, got a"):
        Colorizer.load(tmp_path)


def test_another_networks_weights_are_refused(classifier, tmp_path):
    classifier.save(tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"width": 3}))
    with pytest.raises(ValueError, match=r"or another network's"):
        Colorizer.load(tmp_path)


def test_a_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a run folder with config.json, found no such"):
        Colorizer.load(tmp_path)


def test_a_model_of_another_version_is_refused_by_number(classifier, tmp_path):
    classifier.save(tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"version": 9}))
    with pytest.raises(ValueError, match=r"expected photochrom model version 1, got .* version 9"):
        Colorizer.load(tmp_path)
