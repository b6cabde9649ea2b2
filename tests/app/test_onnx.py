"""Exported models in the app: they colorize as `colorize` does, and offer nothing to choose."""

import io
import zipfile

import pytest
import torch
from app_world import (
    MOST,
    captions,
    clicked,
    compared,
    data_of,
    drawn,
    encoded,
    opened,
    page as page,
    photo as photo,
    sound,
)
from exported import shelf as shelf

from photochrom.app.batch import Dropped, Zip
from photochrom.app.session import Fixed, Look, Seen, see
from photochrom.models import OnnxColorizer, load_model
from photochrom.storage.gallery import Gallery

SAID = "decode inside their file: no temperature, decoder, palette or alternatives can be chosen"


@pytest.mark.parametrize("name", ["bins.onnx", "mean.onnx"])
def test_a_download_is_what_colorize_writes(name, shelf, run, photo, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(photo)
    image, model = opened(photo, "photo.jpg"), load_model(shelf / name)
    made = image.download(image.see(name, model), Look(0.1, "mode", 2))
    command = ("colorize", tmp_path / "photo.jpg", "--format", "jpeg", "--model", shelf / name)
    assert run(*command)[0] == 0
    assert made.data == (tmp_path / "photo-color.jpg").read_bytes()
    assert made.data != photo


def test_a_zip_is_of_what_colorize_writes(shelf, run, tmp_path):
    data, archive = encoded(drawn()), Zip()
    model = load_model(shelf / "bins.onnx")
    assert list(archive.fill([Dropped("a.png", data)], model, Look(), most_pixels=MOST)) == [
        "a.png"
    ]
    (tmp_path / "a.png").write_bytes(data)
    assert run("colorize", tmp_path / "a.png", "--model", shelf / "bins.onnx")[0] == 0
    with zipfile.ZipFile(io.BytesIO(archive.data)) as held:
        assert held.read("a-color.png") == (tmp_path / "a-color.png").read_bytes()


def test_the_network_runs_once_and_a_result_is_made_once(shelf, photo, monkeypatch):
    calls, small = [], OnnxColorizer.small
    monkeypatch.setattr(OnnxColorizer, "small", lambda *args: calls.append(1) or small(*args))
    image, model = opened(photo), load_model(shelf / "bins.onnx")
    seen = image.see("bins.onnx", model)
    assert isinstance(seen, Fixed)
    first = image.result("bins.onnx", Look())
    assert image.result("bins.onnx", Look(0.9, "mode", 3)) is first
    image.download(seen, Look())
    assert len(calls) == 1


def test_only_a_classifier_by_torch_has_something_to_decode(shelf):
    L = torch.rand(1, 1, 32, 40) * 100
    kinds = {
        name: type(see(load_model(shelf / name), L))
        for name in ("bins", "mean", "bins.onnx", "mean.onnx")
    }
    assert kinds == {
        "bins": Seen,
        "mean": Fixed,
        "bins.onnx": Fixed,
        "mean.onnx": Fixed,
    }


def test_alone_it_has_no_slider_and_says_why(page, shelf):
    app = page(models=[str(shelf / "bins.onnx")])
    assert compared(app)["right"] == "bins.onnx"
    assert compared(app)["before"] != compared(app)["after"]
    assert not app.slider
    assert "decoder" not in [box.key for box in app.selectbox]
    (said,) = [caption for caption in captions(app) if SAID in caption]
    assert said.startswith("Exported models (bins.onnx) ")
    assert [one.label for one in app.download_button] == ["Download"]


@pytest.mark.parametrize("view", ["Colors at a point", "Alternatives", "Entropy"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bins.onnx", "An exported model gives the decoded colors alone: choose the model that"),
        ("mean.onnx", "A regression gives one color a pixel"),
    ],
)
def test_what_only_distributions_tell_is_absent_with_the_reason(name, said, view, page, shelf):
    app = page(models=[str(shelf / name)])
    app.session_state["view"] = view
    sound(app.run())
    assert app.info[0].value.startswith(said)
    assert "palette" not in str([one.proto for one in app.get("bidi_component")])
    assert not [one for one in app.button if one.key and one.key.startswith("alternative")]


def test_beside_a_classifier_the_slider_is_of_that_one_alone(page, shelf):
    app = page(models=[str(shelf / "bins.onnx"), "photochrom", str(shelf / "mean.onnx")])
    boxes = {box.label: box.value for box in app.selectbox}
    assert (boxes["Model"], boxes["Beside it"]) == ("bins.onnx", "mean.onnx")
    assert not app.slider
    sound(app.selectbox(key="other").set_value("photochrom").run())
    assert app.slider(key="temperature").value == pytest.approx(0.7)  # photochrom's own
    assert any(SAID in caption for caption in captions(app))
    held = app.session_state["opened"][1]
    before = {name: held.result(name, Look(0.5)).jpeg for name in ("bins.onnx", "photochrom")}
    sound(app.slider(key="temperature").set_value(0.9).run())
    assert held.result("bins.onnx", Look(0.9)).jpeg == before["bins.onnx"]
    assert held.result("photochrom", Look(0.9)).jpeg != before["photochrom"]
    assert sum("PSNR" in caption for caption in captions(app)) == 2


def test_from_a_classifier_to_an_export_and_back(page, shelf):
    app = page(models=["photochrom", str(shelf / "bins.onnx")])
    app.session_state["view"] = "Alternatives"
    sound(app.run())
    sound(app.button(key="alternative 2").click().run())
    taken = compared(app)["after"]
    sound(app.selectbox(key="model").set_value("bins.onnx").run())
    assert "An exported model" in app.info[0].value
    sound(app.selectbox(key="model").set_value("photochrom").run())
    assert compared(app)["after"] == taken
    assert data_of(app, "compare")["right"] == "photochrom"


@pytest.mark.parametrize(
    ("name", "decoder", "temperature"), [("bins.onnx", "annealed", 0.5), ("mean.onnx", None, None)]
)
def test_what_is_kept_has_the_look_that_is_in_the_file(
    name, decoder, temperature, page, shelf, tmp_path
):
    app = page(models=[str(shelf / name), "photochrom"], gallery=str(tmp_path / "gallery"))
    sound(app.selectbox(key="model").set_value(name).run())
    sound(app.selectbox(key="other").set_value("photochrom").run())
    sound(app.slider(key="temperature").set_value(0.9).run())  # it is photochrom's
    clicked(app, "Keep in the gallery")
    (entry,) = Gallery(str(tmp_path / "gallery")).entries()
    told = (entry.settings["model"], entry.settings["decoder"], entry.settings["temperature"])
    assert told == (name, decoder, temperature)
