"""Exported models over HTTP: the answers of `colorize`, and what cannot be asked of them."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from exported import shelf as shelf
from PIL import Image
from serve_world import Client, colorized, encoded

from photochrom.config import ServeConfig
from photochrom.models import OnnxColorizer, find_models, load_model
from photochrom.serve import Service


@pytest.fixture
def serve(shelf):
    """Start a service of the folder with some config and give a client of it."""
    clients = []

    def start(**config):
        clients.append(Client(Service(find_models([str(shelf)]), ServeConfig(**config))))
        return clients[-1]

    yield start
    for client in clients:
        client.stop()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data))).astype(int)


def test_exported_models_are_told_beside_the_others(serve):
    told = serve().get("/models").json()
    assert [(one["name"], one["kind"], one["method"]) for one in told] == [
        ("bins", "torch", "classification"),
        ("mean", "torch", "regression"),
        ("bins.onnx", "onnx", "classification"),
        ("mean.onnx", "onnx", "regression"),
    ]
    assert [one["temperature"] for one in told[2:]] == [0.5, None]
    assert told[2]["size"] == 32
    assert told[0]["parameters"] > 0
    assert told[2]["parameters"] is None


@pytest.mark.parametrize("name", ["bins.onnx", "mean.onnx"])
def test_the_answer_is_what_colorize_writes(name, serve, shelf, run, tmp_path):
    data = encoded("PNG")
    (tmp_path / "a.png").write_bytes(data)
    assert run("colorize", tmp_path / "a.png", "--model", shelf / name)[0] == 0
    answer = serve().colorize(data, f"?model={name}")
    assert answer.content == (tmp_path / "a-color.png").read_bytes()
    by_torch = colorized(data, str(shelf / name.removesuffix(".onnx")))
    assert np.abs(pixels(answer.content) - pixels(by_torch)).max() <= 1  # as docs/formats.md says


@pytest.mark.parametrize("query", ["temperature=0.3", "temperature=0.5", "decoder=mode"])
def test_a_temperature_or_decoder_is_refused_before_the_image_is_read(query, serve, shelf):
    client = serve()
    answer = client.colorize(b"no image", f"?model=bins.onnx&{query}")
    assert answer.status_code == 422
    said = "bins.onnx: expected no temperature and no decoder, as they are inside an ONNX file "
    said += "(temperature 0.5): export it anew with photochrom export --temperature, or name the "
    assert answer.json()["detail"].startswith(said)
    assert str(shelf) not in answer.text
    assert client.get("/health").json()["under_way"] == 0
    assert client.colorize(encoded(), f"?model=bins&{query}").status_code == 200


def test_a_regression_ignores_them_as_it_does_by_torch(serve):
    client, data = serve(), encoded("PNG")
    answer = client.colorize(data, "?model=mean.onnx&temperature=0.3&decoder=mode")
    assert answer.content == client.colorize(data, "?model=mean.onnx").content


def test_many_at_once_go_through_together_and_get_their_own_answers(serve, shelf, monkeypatch):
    small, batches = OnnxColorizer.small, []
    monkeypatch.setattr(
        OnnxColorizer, "small", lambda self, L, *how: batches.append(len(L)) or small(self, L, *how)
    )
    client = serve(workers=8, queue=16)
    images = [encoded("PNG", (30 + seed % 2, 30), seed) for seed in range(20)]
    with ThreadPoolExecutor(20) as asking:
        answers = list(asking.map(lambda one: client.colorize(one, "?model=bins.onnx"), images))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(batches) == 20
    assert max(batches) > 1
    for answer, data in zip(answers, images, strict=True):
        alone = colorized(data, str(shelf / "bins.onnx"))
        assert np.abs(pixels(answer.content) - pixels(alone)).max() <= 1  # another order of sums


def test_a_gallery_tells_the_temperature_inside(serve, tmp_path):
    client = serve(gallery=str(tmp_path / "gallery"))
    assert client.colorize(encoded(), "?model=bins.onnx").status_code == 200
    (entry,) = client.get("/gallery").json()["entries"]
    told = entry["settings"]
    assert (told["model"], told["temperature"], told["decoder"]) == ("bins.onnx", 0.5, "annealed")


def test_a_session_takes_the_threads_of_torch_and_none_that_spins(shelf):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        options = load_model(shelf / "bins.onnx")._session.get_session_options()
    finally:
        torch.set_num_threads(before)
    assert options.intra_op_num_threads == 2
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_batch_with_too_many_distributions_goes_through_in_parts(shelf, monkeypatch):
    model = load_model(shelf / "bins.onnx")
    L = torch.rand(5, 1, 40, 60) * 100
    whole, lots = model.small(L, None, "annealed"), []
    monkeypatch.setattr("photochrom.models.onnx.runtime._TOGETHER", 1200)  # two of 20 × 30
    run = model._session.run
    monkeypatch.setattr(
        model,
        "_session",
        type(
            "Session", (), {"run": lambda _, *ends: lots.append(len(ends[1]["L"])) or run(*ends)}
        )(),
    )
    parts = model.small(L, None, "annealed")
    assert lots == [2, 2, 1]
    assert torch.allclose(parts, whole, atol=1e-4)  # ab; another order of float32 sums
    monkeypatch.setattr("photochrom.models.onnx.runtime._TOGETHER", 1)
    assert torch.allclose(model.small(L, None, "annealed"), whole, atol=1e-4)  # each alone


@pytest.mark.parametrize("command", ["serve", "app"])
def test_without_onnxruntime_the_extra_is_named(command, refusal, shelf, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    line = refusal(command, "--models", shelf / "bins.onnx", "--port", 18766)
    said = "expected onnxruntime, which runs .onnx models, found none: pip install 'photochrom[on"
    assert line.startswith(said)


@pytest.mark.parametrize("command", ["serve", "app"])
def test_a_damaged_file_is_told_before_anything_is_served(command, refusal, shelf, tmp_path):
    (tmp_path / "damaged.onnx").write_bytes((shelf / "bins.onnx").read_bytes()[:-2000])
    line = refusal(command, "--models", tmp_path, "--port", 18766)
    assert line.startswith(f"{tmp_path}/damaged.onnx: expected ")
    assert "none.onnx: expected an ONNX file, found no such file" in refusal(
        command, "--models", tmp_path / "none.onnx", "--port", 18766
    )
