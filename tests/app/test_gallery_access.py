"""The app's gallery: what is kept, by a click and nothing else."""

import io
import threading
import zipfile

import pytest
from app_world import (
    captions,
    clicked,
    data_of,
    drawn,
    dropped,
    encoded,
    errors,
    labels,
    page as page,
    sound,
)

from photochrom.app import server_state as given_module
from photochrom.app.gallery_access import Addition
from photochrom.app.session import Look, Point
from photochrom.storage.gallery import Gallery

PLAIN = {"model": "photochrom", "decoder": "annealed", "temperature": 0.7, "quality": None}
IMAGE = encoded(drawn())


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "gallery")


def kept(place):
    return list(Gallery(place).entries())


def test_a_click_keeps_the_image_the_download_and_how_it_was_made(page, place, samples):
    app = page(gallery=place)
    assert kept(place) == []
    clicked(app, "Keep in the gallery")
    (entry,) = kept(place)
    assert entry.settings == {
        "original": "snow_peaks.jpg",
        **PLAIN,
        "width": 480,
        "height": 320,
        "pages": 1,
    }
    opened = app.session_state["opened"][1]
    download = opened.download(opened.seen["photochrom"], Look(0.7)).data
    gallery = Gallery(place)
    assert gallery.read(entry.name, "result") == (download, ".jpg")
    photo = (samples / "snow_peaks.jpg").read_bytes()
    assert gallery.read(entry.name, "picture") == (photo, ".jpg")
    assert app.button(key="keep").disabled
    assert app.button(key="keep").label == "Kept in the gallery"
    sound(app.slider(key="temperature").set_value(0.9).run())
    clicked(app, "Keep in the gallery")
    assert [one.settings["temperature"] for one in kept(place)] == [0.9, 0.7]


def test_without_a_gallery_there_is_nothing_to_keep_in(page):
    app = dropped(page(), ("a.png", encoded(drawn())), ("b.png", encoded(drawn(seed=1))))
    assert not any("gallery" in label for label in labels(app))
    assert "No gallery was given" in page("gallery").info[0].value


def test_chosen_colors_are_kept_with_their_points(page, place):
    app = page(gallery=place)
    app.session_state["opened"][1].seen["photochrom"].choose(Point(0.5, 0.1), (0.0, 50.0))
    clicked(sound(app.run()), "Keep in the gallery")
    seen = app.session_state["opened"][1].seen["photochrom"]
    seen.undo()
    assert "Keep in the gallery" in labels(sound(app.run()))
    seen.choose(Point(0.5, 0.1), (0.0, 50.0))
    assert "Kept in the gallery" in labels(sound(app.run()))  # the same colors at the same points
    app.session_state["alternative"] = 2
    clicked(sound(app.run()), "Keep in the gallery")
    alternative, chosen = (entry.settings for entry in kept(place))
    assert chosen["choices"] == [{"x": 0.5, "y": 0.1, "ab": [0.0, 50.0]}]
    assert (chosen["temperature"], chosen["decoder"]) == (0.7, "annealed")
    assert alternative["alternative"] == 2
    assert alternative["decoder"] is alternative["temperature"] is None
    assert "choices" not in alternative  # they change no alternative


def test_many_are_kept_as_the_zip_has_them_and_none_twice(page, place):
    app = page(gallery=place)
    files = [(f"{seed}.png", encoded(drawn(seed=seed))) for seed in range(2)]
    dropped(app, files[0], ("b.png", b"no"), files[1])
    clicked(app, "Keep all 3 in the gallery")
    assert errors(app) == ["b.png: not an image."]
    assert "2 of 3 are in the gallery." in captions(app)
    clicked(app, "Keep all 3 in the gallery")
    entries = kept(place)
    assert [entry.settings["original"] for entry in entries] == ["1.png", "0.png"]
    clicked(app, "Colorize all 3")
    with zipfile.ZipFile(io.BytesIO(app.session_state["zip"][1])) as made:
        expected = [made.read(name) for name in ("1-color.png", "0-color.png")]
    assert [Gallery(place).read(entry.name, "result").data for entry in entries] == expected


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1", "gs://b: full"), ("0.0.0.0", "the gallery cannot be reached")],
)
def test_a_gallery_that_fails_is_one_line(page, place, monkeypatch, caplog, host, reason):
    app = page(gallery=place, host=host)
    dropped(app, ("a.png", IMAGE), ("b.png", encoded(drawn(seed=1))))
    asked = []

    def full(*_):
        asked.append(1)
        raise OSError("gs://b: full")

    with monkeypatch.context() as patch:
        patch.setattr(Gallery, "add", full)
        for label, calls in (("Keep in the gallery", 1), ("Keep all 2 in the gallery", 2)):
            clicked(app, label)
            assert errors(app) == [f"Not kept: {reason}."]
            assert data_of(app, "compare")["right"] == "photochrom"
            assert len(asked) == calls  # the others would fail, too
    assert "0 of 2 are in the gallery." in captions(app)
    assert ("gs://b: full" in caplog.text) == (host == "0.0.0.0")
    clicked(app, "Keep in the gallery")
    assert len(kept(place)) == 1


def test_a_slow_gallery_holds_up_no_image(page, place, monkeypatch):
    page(gallery=place)
    given, go, begun = given_module.given(), threading.Event(), threading.Semaphore(0)
    add = Gallery.add
    monkeypatch.setattr(Gallery, "add", lambda *a: (begun.release(), go.wait(30), add(*a))[-1])
    addition = Addition(b"", b"", {}, (".png", ".png"))
    waiting = [threading.Thread(target=given.gallery.add, args=[lambda: addition]) for _ in "abc"]
    for thread in waiting:
        thread.start()
    for _ in range(2):
        assert begun.acquire(timeout=30)
    assert given.work(lambda: "at once") == "at once"
    assert not begun.acquire(timeout=0.1)  # two at a time: they bound memory
    go.set()
    for thread in waiting:
        thread.join()
    assert len(kept(place)) == 3


def test_a_regression_is_kept_without_a_decoder(page, place):
    app = page(gallery=place, models=["photochrom-l2"])
    clicked(app, "Keep in the gallery")
    (entry,) = kept(place)
    assert entry.settings["decoder"] is entry.settings["temperature"] is None
