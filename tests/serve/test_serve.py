"""The colorizer over HTTP: the answers of `colorize`, for many at once, within bounds."""

import io
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from serve_world import Client, colorized, encoded

from photochrom.config import Architecture, ServeConfig
from photochrom.models import Colorizer
from photochrom.quantize import Gamut
from photochrom.serve import Service


@pytest.fixture
def models(tmp_path):
    """Two tiny models in a folder."""
    places = {}
    for name, method in (("bins", "classification"), ("mean", "regression")):
        torch.manual_seed(0)
        architecture = Architecture(method=method, width=2, size=32, stride=2)
        Colorizer(architecture, Gamut.srgb(20)).save(tmp_path / "models" / name, {})
        places[name] = str(tmp_path / "models" / name)
    return places


@pytest.fixture
def serve(models):
    """Start a service with some config and give a client of it."""
    clients = []

    def start(**config):
        clients.append(Client(Service(models, ServeConfig(**config))))
        return clients[-1]

    yield start
    for client in clients:
        client.stop()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_answer_is_what_the_library_makes(format, serve, models):
    data = encoded(format)
    answer = serve().colorize(data)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"image/{format.lower()}")
    assert answer.content == colorized(data, models["bins"])


def test_model_temperature_and_format_are_parameters(serve, models):
    data, client = encoded(), serve()
    answer = client.colorize(query="?model=mean&format=png", data=data)
    assert answer.content == colorized(data, models["mean"], format="png")
    assert answer.headers["content-type"] == "image/png"
    answer = client.colorize(query="?temperature=0.1&quality=70", data=data)
    assert answer.content == colorized(data, models["bins"], temperature=0.1, quality=70)
    answer = client.colorize(query="?decoder=mode", data=data)
    assert answer.content == colorized(data, models["bins"], decoder="mode")


def test_what_a_format_cannot_carry_is_told(serve):
    deep = io.BytesIO()
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(deep, "PNG")
    answer = serve().colorize(deep.getvalue(), "?format=jpeg")
    assert answer.headers["x-photochrom-notes"] == "JPEG cannot carry its 16 bits (written as 8)"


@pytest.mark.parametrize(
    ("query", "body", "status", "said"),
    [
        ("", b"no image", 400, "not an image"),
        ("", b"", 400, "expected an image file as the body, got nothing"),
        ("", encoded()[:400], 400, "Truncated"),
        ("?model=none", b"x", 404, "expected one of bins, mean, got 'none'"),
        ("?temperature=-1", b"x", 422, "temperature must be positive, got -1"),
        ("?format=doc", b"x", 422, "format must be one of png, tiff, .*, got 'doc'"),
        ("?quality=0", b"x", 422, "quality must be within 1 and 100, got 0"),
        ("?decoder=best", b"x", 422, "'annealed', 'mode' or 'mean'"),
        ("", bytes(1_000_001), 413, "expected a body of at most 1000000 bytes, got more"),
        ("", encoded(size=(500, 300)), 413, r"expected at most 0.1 megapixels, got 500 × 300"),
    ],
)
def test_what_cannot_be_answered_says_why(query, body, status, said, serve):
    client = serve(max_megabytes=1, max_megapixels=0.1)
    answer = client.colorize(body, query)
    assert answer.status_code == status
    assert re.search(said, str(answer.json()["detail"]))
    assert client.get("/health").json()["under_way"] == 0


def test_a_body_that_does_not_tell_its_length_is_cut_off(serve):
    client = serve(max_megabytes=1)
    answer = client.colorize(bytes(100_000) for _ in range(1000))
    assert answer.status_code == 413


def test_models_are_told(serve):
    told = serve().get("/models").json()
    assert [one["method"] for one in told] == ["classification", "regression"]


def test_there_is_an_openapi_page(serve):
    client = serve()
    assert client.get("/docs").status_code == 200
    body = client.get("/openapi.json").json()["paths"]["/colorize"]["post"]["requestBody"]
    assert body["content"]["image/*"]["schema"] == {"type": "string", "format": "binary"}


def test_many_at_once_get_their_own_answers(serve, models):
    client = serve(workers=4, queue=16)
    images = [encoded("PNG", (30 + seed % 3, 30), seed) for seed in range(20)]
    with ThreadPoolExecutor(20) as asking:
        answers = list(asking.map(lambda data: client.colorize(data), images))
    assert {answer.status_code for answer in answers} == {200}
    for answer, data in zip(answers, images, strict=True):
        made, alone = (
            np.asarray(Image.open(io.BytesIO(one))).astype(int)
            for one in (answer.content, colorized(data, models["bins"]))
        )
        assert np.abs(made - alone).max() <= 1  # a convolution may sum a batch's in another order


def test_beyond_the_queue_the_answer_is_come_again(serve, models, monkeypatch):
    go = threading.Event()
    small = Colorizer.small

    def slow(self, *args):
        go.wait(20)
        return small(self, *args)

    monkeypatch.setattr(Colorizer, "small", slow)
    client = serve(workers=1, queue=2)
    with ThreadPoolExecutor(3) as asking:
        waiting = [asking.submit(client.colorize, encoded()) for _ in range(3)]
        while client.get("/health").json()["under_way"] < 3:
            time.sleep(0.01)
        refused = client.colorize(encoded())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        go.set()
        assert [one.result().status_code for one in waiting] == [200] * 3
    assert client.get("/health").json()["under_way"] == 0


def test_what_takes_too_long_is_given_up(serve, monkeypatch):
    go = threading.Event()
    small = Colorizer.small
    monkeypatch.setattr(Colorizer, "small", lambda *args: (go.wait(20), small(*args))[1])
    client = serve(workers=1, timeout=0.2)
    answer = client.colorize(encoded())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert client.get("/health").json()["under_way"] == 1  # its place is still taken
    go.set()
    while client.get("/health").json()["under_way"]:
        time.sleep(0.01)
    assert client.colorize(encoded()).status_code == 200


def test_a_fault_of_one_request_does_not_stop_the_others(serve, monkeypatch):
    small = Colorizer.small

    def faulty(self, L, *rest):
        if L.shape[-1] > 45:
            raise RuntimeError("out of memory")
        return small(self, L, *rest)

    monkeypatch.setattr(Colorizer, "small", faulty)
    client = serve()
    assert client.colorize(encoded(size=(60, 40))).status_code == 500
    assert client.colorize(encoded(size=(40, 40))).status_code == 200
