"""Models as files: they come back as they went, or are refused."""

import json
from pathlib import Path

import pytest
import torch
from models_world import CLASSIFIER, REGRESSION, classifier as classifier

from photochrom.config import Architecture
from photochrom.models import Colorizer, is_finished, locate
from photochrom.quantize import Gamut


def assert_same(back, saved, L):
    for name, value in saved.state_dict().items():
        assert torch.equal(back.state_dict()[name], value), name
    # Its weights lie otherwise in memory, so that sums have another order.
    torch.testing.assert_close(back.ab(L), saved.ab(L), rtol=0, atol=1e-3)


@pytest.mark.parametrize("architecture", [CLASSIFIER, REGRESSION])
def test_a_model_comes_back_as_it_went(architecture, tmp_path):
    colorizer = Colorizer(architecture, Gamut.srgb(20), temperature=0.5).eval()
    colorizer.save(tmp_path, {"label": "a test"})
    back = Colorizer.load(tmp_path)
    assert_same(back, colorizer, torch.rand(2, 1, 30, 20) * 100)
    assert (back.temperature, back.architecture) == (0.5, architecture)
    assert back.gamut.same_as(colorizer.gamut)


@pytest.mark.parametrize("encoder", ["vgg16", "lite0"])
def test_a_model_with_a_published_encoder_comes_back_whole(encoder, tmp_path):
    architecture = Architecture(encoder=encoder, width=1, size=32, stride=4)
    colorizer = Colorizer(architecture, Gamut.srgb(20)).eval()
    colorizer.save(tmp_path, {})
    assert_same(Colorizer.load(tmp_path), colorizer, torch.rand(1, 1, 32, 32) * 100)


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


def test_half_of_the_bits_keep_the_colors(tmp_path):
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


def test_a_folder_goes_before_the_name_of_a_model_that_comes_with_photochrom(
    classifier, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("photochrom.models.io.checkpoint.names", lambda: ["mine"])
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


@pytest.mark.parametrize("width", [3, 1_000_000])
def test_another_networks_weights_are_refused_and_take_no_memory(width, classifier, tmp_path):
    classifier.save(tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps(config | {"network": config["network"] | {"width": width}})
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
