"""Models by name: beside the package, in folders, in buckets; fetched once, and checked."""

import shutil

import pytest
import torch

from photochrom.config import Architecture
from photochrom.models import Colorizer, described, find_models, load_model, names
from photochrom.models.io.cache import cache_folder
from photochrom.quantize import Gamut


@pytest.fixture
def colorizer():
    torch.manual_seed(0)
    return Colorizer(Architecture(width=2, size=32), Gamut.srgb(20)).eval()


def test_without_places_there_are_those_that_come_with_photochrom():
    assert find_models() == {name: name for name in names()}


def test_a_folder_of_models_gives_each_its_own_name(colorizer, tmp_path):
    for name in ("b [1]/x", "b [1]/y", "other"):
        colorizer.save(tmp_path / name, {})
    (tmp_path / "b [1]" / "empty").mkdir()
    places = [str(tmp_path / "b [1]"), "photochrom", str(tmp_path / "other")]
    assert find_models(places) == {
        "x": str(tmp_path / "b [1]/x"),
        "y": str(tmp_path / "b [1]/y"),
        "photochrom": "photochrom",
        "other": str(tmp_path / "other"),
    }


def test_a_folder_is_no_onnx_file_whatever_its_name(colorizer, tmp_path):
    colorizer.save(tmp_path / "run.onnx", {})
    for place in (tmp_path, tmp_path / "run.onnx"):
        assert find_models([str(place)]) == {"run.onnx": str(tmp_path / "run.onnx")}
    assert "classification" in described("run.onnx", str(tmp_path / "run.onnx"))
    assert isinstance(load_model(tmp_path / "run.onnx"), Colorizer)


def test_two_of_one_name_are_refused(colorizer, tmp_path):
    for name in ("a/x", "b/x"):
        colorizer.save(tmp_path / name, {})
    with pytest.raises(ValueError, match="expected models of different names, got 'x' from"):
        find_models([str(tmp_path / "a"), str(tmp_path / "b")])


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_a_place_without_models_is_refused(place, tmp_path):
    with pytest.raises(ValueError, match=r"expected a model, its name .*, or a folder of models"):
        find_models([str(tmp_path / place)])


def test_a_model_at_a_url_is_fetched_once(colorizer, reads, tmp_path):
    colorizer.save(tmp_path / "bucket" / "m", {})
    url = (tmp_path / "bucket").as_uri()
    (name, place), *_ = find_models([url]).items()
    assert (name, place) == ("m", f"{url}/m")
    L = torch.rand(1, 1, 20, 20) * 100
    first, again = (Colorizer.load(place).ab(L) for _ in range(2))
    assert torch.equal(first, again)
    torch.testing.assert_close(first, colorizer.ab(L), rtol=0, atol=1e-3)  # sums in another order
    assert reads.count(f"{url}/m/model.safetensors") == 1


def test_a_damaged_file_in_the_cache_is_fetched_anew(colorizer, reads, tmp_path):
    colorizer.save(tmp_path / "m", {})
    place = (tmp_path / "m").as_uri()
    Colorizer.load(place)
    (kept,) = cache_folder().iterdir()
    kept.write_bytes(b"damaged")
    Colorizer.load(place)
    assert reads.count(f"{place}/model.safetensors") == 2
    assert kept.stat().st_size > 1000


def test_a_damaged_file_at_a_url_is_refused_and_not_kept(colorizer, reads, tmp_path):
    colorizer.save(tmp_path / "m", {})
    with open(tmp_path / "m/model.safetensors", "ab") as file:
        file.write(b"more")
    with pytest.raises(ValueError, match="expected the weights whose checksum"):
        Colorizer.load((tmp_path / "m").as_uri())
    assert not cache_folder().exists()


def test_a_checksum_is_no_path(colorizer, reads, tmp_path):
    colorizer.save(tmp_path / "m", {})
    config = tmp_path / "m/config.json"
    sha256 = config.read_text().split('"sha256": "')[1][:64]
    config.write_text(config.read_text().replace(sha256, "../../evil"))
    with pytest.raises(ValueError, match="expected the weights whose checksum"):
        Colorizer.load((tmp_path / "m").as_uri())
    assert not list(tmp_path.rglob("*evil*"))


def test_without_room_for_it_the_model_is_used_all_the_same(colorizer, reads, tmp_path):
    colorizer.save(tmp_path / "m", {})
    (tmp_path / "cache").write_text("a file in place of the cache's folder")
    assert Colorizer.load((tmp_path / "m").as_uri()).size == 32


def test_the_models_that_come_with_photochrom_are_not_copied(reads, tmp_path):
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    Colorizer.load("photochrom")
    assert not cache_folder().exists()
