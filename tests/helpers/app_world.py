"""Images, models and pages that the tests of the app share."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from photochrom.app import server_state as given_module
from photochrom.app.components import elements
from photochrom.app.opened_image import Opened
from photochrom.app.server_state import Given, give
from photochrom.config import AppConfig, Architecture
from photochrom.models import Colorizer, find_models, load_model
from photochrom.quantize import Gamut

MAIN = Path(given_module.__file__).with_name("main.py")
MOST = 1_000_000


@pytest.fixture(scope="session")
def shipped():
    return load_model("photochrom")


@pytest.fixture
def regression():
    return Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb(20)).eval()


def encoded(rgb, format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format, **options)
    return buffer.getvalue()


def drawn(height=60, width=80, seed=0):
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height)))


def opened(data, name="a.png"):
    return Opened(data, name, most_pixels=MOST, works=[(192, 4)])


@pytest.fixture
def photo(samples):
    return (samples / "palace.jpg").read_bytes()


@pytest.fixture
def page(monkeypatch):
    """Open a page with some config."""
    monkeypatch.setattr(given_module, "_given", None)

    def open_page(name="colorize", *, studies=(), models=(), **config):
        elements.part.cache_clear()  # each session of the test has parts of its own
        give(Given(find_models(models), AppConfig(**config), studies))
        if name == "colorize":
            return sound(AppTest.from_file(str(MAIN), default_timeout=60).run())
        script = f"from photochrom.app.views import {name}\n\n{name}.show()"
        return sound(AppTest.from_string(script, default_timeout=60).run())

    return open_page


def sound(app):
    assert not app.exception
    return app


def dropped(app, *files, into=0):
    """Drop files of some names and bytes."""
    for file in files:
        app.file_uploader[into].upload(*file)
    return sound(app.run())


def errors(app):
    return [error.value for error in app.error]


def captions(app):
    return [caption.value for caption in app.caption]


def data_of(app, part):
    """What a part of the page that is our own was given."""
    (found,) = [one for one in app.get("bidi_component") if one.proto.component_name.endswith(part)]
    return json.loads(found.proto.json)


def clicked(app, label):
    (button,) = [one for one in app.button if one.label == label]
    return sound(button.click().run())


def labels(app):
    return [one.label for one in app.button]


def compared(app):
    """What the divider stands between: labels and images."""
    return data_of(app, "compare")
