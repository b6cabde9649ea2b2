"""The app's page of what was kept, by whomever."""

import io

import numpy as np
import pytest
from app_world import (
    clicked,
    data_of,
    drawn,
    encoded,
    errors,
    labels,
    page as page,
    sound,
)
from PIL import Image

from photochrom import storage
from photochrom.app import gallery_access as gallery_module
from photochrom.app.gallery_access import Addition, SharedGallery
from photochrom.app.workers import Workers
from photochrom.config import AppConfig, ColorizeConfig, ServeConfig
from photochrom.serve import Service
from photochrom.storage.gallery import Gallery

NONE = "20261122T042841123456Z-0123456789ab"  # a name that no entry has
PLAIN = {"model": "photochrom", "decoder": "annealed", "temperature": 0.7, "quality": None}
IMAGE = encoded(drawn())
WHATS = ("picture", "result")


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "gallery")


def kept(place):
    return list(Gallery(place).entries())


def add(place, result=IMAGE, image=IMAGE, **settings):
    return Gallery(place).add(image, result, settings, (".png", ".png"))


def entry_page(page, place, name, **config):
    app = page("gallery", gallery=place, **config)
    app.query_params["entry"] = name
    return sound(app.run())


def test_the_newest_come_first_and_the_older_page_by_page(page, place):
    made = [add(place, model=f"m{number:02}") for number in range(14)]
    app = page("gallery", gallery=place)
    shown = data_of(app, "tiles")
    assert [one["more"] for one in shown] == [f"m{number:02}" for number in range(13, 1, -1)]
    assert all(one["image"].startswith("data:image/jpeg;base64,") for one in shown)
    assert shown[0]["told"] == made[-1].created[:16].replace("T", " ") + " UTC"
    assert labels(app) == ["Older"]
    clicked(app, "Older")
    assert [one["more"] for one in data_of(app, "tiles")] == ["m01", "m00"]
    assert labels(app) == ["Newest"]
    clicked(app, "Newest")
    assert data_of(app, "tiles") == shown


def test_an_empty_gallery_says_what_to_do(page, place):
    app = page("gallery", gallery=place)
    assert "**Keep in the gallery** on the page Colorize" in app.info[0].value


def test_an_entry_is_opened_with_its_settings(page, place):
    add(place)
    result = encoded(drawn(seed=1))
    entry = add(place, result, original="<b>*x*</b>.png", **PLAIN, width=80, height=60, choices=[1])
    app = entry_page(page, place, entry.name)
    data = data_of(app, "compare")
    assert (data["left"], data["right"], data["picks"]) == ("as it came", "in color", False)
    assert (data["width"], data["height"]) == (80, 60)
    assert data["before"] != data["after"]
    assert (
        dict(data_of(app, "facts"))
        == {
            "File": "<b>*x*</b>.png",  # shown as text
            "Size": "80 × 60",
            "Kept": entry.created[:16].replace("T", " ") + " UTC",
            "Model": "photochrom",
            "Decoder": "annealed mean",
            "Temperature": "0.7",
            "Colors chosen": "1",
            "Version": entry.photochrom,
        }
    )
    assert [one.label.split(" (")[0] for one in app.download_button] == [
        "Download the result",
        "Download the picture",
        "Download the settings",
    ]
    clicked(app, "Back to all")
    assert len(data_of(app, "tiles")) == 2


def test_entries_of_the_server_are_shown(page, place, model):
    service = Service({"m": str(model)}, ServeConfig(gallery=place))
    service.submit(IMAGE, "m", ColorizeConfig(format="jpeg", quality=70), "old.png").result()
    service.close()
    (entry,) = kept(place)
    facts = dict(data_of(entry_page(page, place, entry.name), "facts"))
    assert (facts["File"], facts["Quality"]) == ("old.png", "70")


@pytest.mark.parametrize("name", ["../../etc/passwd", NONE, "", "<b>"])
def test_a_name_that_no_entry_has_is_one_line(page, place, name):
    (said,) = errors(entry_page(page, place, name))
    assert said.startswith("expected an entry's name")


def test_a_damaged_image_is_told_in_one_line_and_the_rest_is_shown(page, place):
    entry = add(place, b"nonsense", model={"any": "JSON"}, choices="x", width=1, decoder=[])
    assert data_of(page("gallery", gallery=place), "tiles")[0]["image"] is None
    app = entry_page(page, place, entry.name)
    assert errors(app) == ["result: not an image."]
    assert [one.captions for one in app.image] == [["as it came"]]


def test_too_many_pixels_are_refused_before_they_are_decoded(page, place, monkeypatch):
    entry = add(place)
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
    said = errors(entry_page(page, place, entry.name, max_megapixels=0.001))
    limit = "expected at most 0.001 megapixels, got 80 × 60 pixels: --max-megapixels raises the"
    assert [
        line.startswith(f"{what}: {limit}") for what, line in zip(WHATS, said, strict=True)
    ] == [True, True]


def test_too_large_a_file_is_refused_before_it_is_read(page, place, monkeypatch):
    entry = add(place, bytes(8 * 2**20 + 1))
    app = page("gallery", gallery=place, max_megabytes=1)
    read = storage.read_whole

    def small(path, most):
        assert ".result" not in path
        return read(path, most)

    monkeypatch.setattr(storage, "read_whole", small)
    app.query_params["entry"] = entry.name
    assert errors(sound(app.run())) == [
        "result: expected a file of at most 8388608 bytes, got 8388609."
    ]


def test_a_gallery_that_cannot_be_read_is_one_line(page, place, monkeypatch, tmp_path):
    entry = add(place)
    app = page("gallery", gallery=place, host="0.0.0.0")

    def cut(*_):
        raise OSError(f"{place}: cut")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "names", cut)
        assert errors(sound(app.run())) == ["the gallery cannot be reached."]
    next(tmp_path.rglob(f"{entry.name}.result.png")).write_bytes(b"longer" * 1000)
    app.query_params["entry"] = entry.name
    assert errors(sound(app.run())) == ["result: the entry is damaged."]


@pytest.fixture(params=["s3", "gcs"])
def bucket(request):
    return f"{request.getfixturevalue(request.param)}/some/gallery"


def shared(place):
    return SharedGallery(place, AppConfig(), Workers(1, "image"))


def test_a_bucket_holds_a_gallery(bucket):
    gallery = shared(bucket)
    assert gallery.leaf() == ([], False)
    other = encoded(np.zeros((900, 1800, 3), np.uint8))
    made = gallery.add(lambda: Addition(IMAGE, other, dict(PLAIN), (".png", ".png")))
    assert gallery.leaf().entries == [made]
    with Image.open(io.BytesIO(gallery.thumbnail(made))) as small:
        assert (small.size, small.format) == ((360, 180), "JPEG")
    assert gallery.view(made.name, "result").size == (1200, 600)
    assert gallery.file(made.name, "picture") == IMAGE


def test_few_thumbnails_are_kept_and_none_is_made_twice(place, monkeypatch):
    monkeypatch.setattr(gallery_module, "_CACHED", 2)
    made = [add(place) for _ in range(3)]
    gallery, read = shared(place), []
    viewed = gallery._view
    monkeypatch.setattr(gallery, "_view", lambda *args: (read.append(args[0]), viewed(*args))[1])
    first, second, third = made
    for entry in (first, second, first, third, first, second):
        assert gallery.thumbnail(entry)
    assert read == [one.name for one in (first, second, third, second)]
    assert len(gallery._thumbnails) == 2
