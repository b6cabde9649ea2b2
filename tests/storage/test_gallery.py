"""Galleries: entries that are whole or absent, in folders and buckets, and over HTTP."""

import io
import json
import re
import threading
import time

import numpy as np
import pytest
import requests
import uvicorn
from PIL import Image

import photochrom
from photochrom import storage
from photochrom.config import ServeConfig
from photochrom.serve import Service, create_app, gallery_saving
from photochrom.storage import atomic
from photochrom.storage.gallery import Gallery, NoEntryError, plain_name

NONE = "20261122T042841123456Z-0123456789ab"  # a name that no entry has


@pytest.fixture(params=["folder", "file", "s3", "gcs"])
def gallery(request, tmp_path):
    """An empty one in a folder, at its URL, and in two buckets."""
    match request.param:
        case "folder":
            place = str(tmp_path / "a gallery")
        case "file":
            place = (tmp_path / "gallery").as_uri()
        case bucket:
            place = f"{request.getfixturevalue(bucket)}/some/gallery"
    return Gallery(place)


def added(gallery, number=0, **settings):
    return gallery.add(b"image %d" % number, b"result", settings, (".jpg", ".png"))


def test_what_is_added_is_read_and_listed_newest_first(gallery):
    gallery.begin()
    gallery.begin()  # by another server
    assert list(gallery.entries()) == []
    made = [added(gallery, number, model="m", temperature=0.38) for number in range(3)]
    assert list(gallery.entries()) == made[::-1]
    assert list(gallery.entries(most=1)) == made[2:]
    assert list(gallery.entries(before=made[1].name)) == made[:1]
    for number, entry in enumerate(made):
        assert gallery.read(entry.name, "picture") == (b"image %d" % number, ".jpg")
        assert gallery.read(entry.name, "result") == (b"result", ".png")
    assert gallery.entry(made[0].name).settings == {"model": "m", "temperature": 0.38}
    assert made[0].photochrom == photochrom.__version__
    assert made[0].bytes == {"picture": 7, "result": 6}
    with pytest.raises(NoEntryError, match=rf"expected an entry's name, got '{NONE}', which is no"):
        gallery.entry(NONE)


@pytest.fixture
def local(tmp_path):
    return Gallery(str(tmp_path / "gallery"))


@pytest.mark.parametrize("whole", [0, 1, 2])
def test_an_addition_that_fails_leaves_no_entry(whole, local, monkeypatch):
    write, done = atomic.write_whole, []

    def full(path, data):
        done.append(path)
        if len(done) > whole:
            raise OSError(28, "no space left")
        write(path, data)

    monkeypatch.setattr(atomic, "write_whole", full)
    with pytest.raises(OSError, match="no space left"):
        added(local)
    assert len(done) == whole + 1
    assert list(local.entries()) == []
    monkeypatch.undo()
    made = added(local)
    assert list(local.entries()) == [made]


def test_entries_are_read_as_they_are_asked_for(local, monkeypatch):
    for number in range(5):
        added(local, number)
    read, told = storage.read_whole, []
    monkeypatch.setattr(storage, "read_whole", lambda *args: (told.append(args[0]), read(*args))[1])
    entries = local.entries()
    assert told == []
    next(entries)
    assert len(told) == 1


@pytest.mark.parametrize(
    "name", ["..", "../../etc/passwd", f"{NONE}/../x", f"{NONE}\n", NONE.upper(), "", "x" * 10**6]
)
def test_a_name_from_outside_is_no_path(name, local, monkeypatch):
    monkeypatch.setattr(storage, "read_whole", lambda *_: pytest.fail("read"))
    for ask in (local.entry, lambda name: local.read(name, "result")):
        with pytest.raises(NoEntryError, match=r"expected an entry's name such as \d{8}T.{0,150}$"):
            ask(name)
    with pytest.raises(NoEntryError):
        list(local.entries(before=name or "."))


def test_what_is_damaged_is_told_and_never_listed(local, tmp_path):
    entry, other = added(local), added(local, 1)
    path = next(tmp_path.rglob(f"{entry.name}.json"))
    told = json.loads(path.read_text())
    for wrong in (
        {"name": other.name},
        {"version": 2},
        {"bytes": {"picture": 2**40, "result": 6}},
        {"suffixes": {"picture": "/../../x", "result": ".png"}},
        {"settings": {"temperature": float("nan")}},
    ):
        path.write_text(json.dumps({**told, **wrong}))
        with pytest.raises(ValueError, match=r"expected an entry of a gallery|Out of range"):
            local.read(entry.name, "picture")
        assert list(local.entries()) == [other]
    path.write_text(json.dumps(told))
    next(tmp_path.rglob(f"{entry.name}.picture.jpg")).write_bytes(b"longer than it was")
    with pytest.raises(ValueError, match=r"picture\.jpg: expected a file of 7 bytes, got another"):
        local.read(entry.name, "picture")


def test_what_makes_no_entry_is_refused(local, tmp_path):
    with pytest.raises(ValueError, match=r"expected a suffix such as .jpg, got '/../x'"):
        local.add(b"", b"", {}, ("/../x", ".png"))
    with pytest.raises(ValueError, match="expected settings of at most 65536 bytes, got more"):
        added(local, original="x" * 70_000)
    assert not (tmp_path / "gallery").exists()
    with pytest.raises(storage.StorageError, match="s3://…: expected a URL without credentials"):
        Gallery("s3://key:secret@bucket/gallery")
    atomic.write_json(tmp_path / "gallery/gallery.json", {"format": "photochrom gallery"})
    with pytest.raises(ValueError, match="expected photochrom gallery version 1, got"):
        local.begin()


def test_a_name_is_kept_as_text_only():
    assert plain_name("C:\\photos\\..\\old\u202e.jpg") == "old.jpg"
    assert len(plain_name("x" * 1000)) == 200


@pytest.fixture
def serve(model):
    """Start a service with some config and give its URL."""
    running = []

    def start(**config):
        service = Service({"m": str(model)}, ServeConfig(**config))
        server = uvicorn.Server(uvicorn.Config(create_app(service), port=0, log_level="critical"))
        running.append((server, threading.Thread(target=server.run)))
        running[-1][1].start()
        while not server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def photo():
    data = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(data, "JPEG")
    return data.getvalue()


def colorize(url, query=""):
    answer = requests.post(f"{url}/colorize{query}", data=photo(), timeout=30)
    assert answer.status_code == 200
    return answer


def get(url):
    return requests.get(url, timeout=30)


def test_every_answer_is_kept_and_shown(serve, tmp_path):
    url = serve(gallery=str(tmp_path / "gallery"))
    colorize(url, "?temperature=0.2")
    answer = colorize(url, "?format=png&filename=../old%20photo.jpg")
    told = get(f"{url}/gallery?most=1").json()
    (entry,) = told["entries"]
    assert entry["settings"] == {
        "original": "old photo.jpg",
        "model": "m",
        "decoder": "annealed",
        "temperature": 0.38,
        "quality": None,
        "width": 30,
        "height": 20,
        "pages": 1,
    }
    shown = f"{url}/gallery/{entry['name']}"
    image, result = get(f"{shown}/picture"), get(f"{shown}/result")
    assert (image.content, image.headers["content-type"]) == (photo(), "image/jpeg")
    assert (result.content, result.headers["content-type"]) == (answer.content, "image/png")
    assert get(f"{shown}/settings").json() == entry
    older = get(f"{url}/gallery?before={told['next']}").json()
    assert [one["settings"]["temperature"] for one in older["entries"]] == [0.2]
    assert older["next"] is None
    assert get(f"{url}/gallery/{NONE}/result").status_code == 404
    assert get(f"{url}/gallery/..%2Fx/result").status_code == 404
    assert get(f"{shown}/..%2fx").status_code in (404, 422)
    assert get(f"{url}/health").json()["gallery"] == {"kept": 2, "failed": 0}


def test_without_a_gallery_nothing_is_kept(serve, model, tmp_path):
    url = serve()
    before = sorted(tmp_path.rglob("*"))
    colorize(url)
    assert get(f"{url}/gallery").status_code == 404
    assert "gallery" not in get(f"{url}/health").json()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_gallery_that_fails_fails_no_answer(serve, tmp_path, monkeypatch, caplog):
    url = serve(gallery=str(tmp_path / "gallery"), workers=1)
    go = threading.Event()
    add = Gallery.add

    def full(*_):
        raise OSError("gs://b: full")

    monkeypatch.setattr(Gallery, "add", full)
    answer = colorize(url)
    assert answer.headers["x-photochrom-notes"] == "not kept in the gallery, which failed"
    assert "an image was not kept in the gallery: gs://b: full" in caplog.text
    assert get(f"{url}/health").json()["gallery"] == {"kept": 0, "failed": 1}
    monkeypatch.setattr(gallery_saving, "_PATIENCE", 0.1)
    monkeypatch.setattr(Gallery, "add", lambda *args: (go.wait(20), add(*args))[1])
    assert re.search("gallery is slow", colorize(url).headers["x-photochrom-notes"])
    assert re.search("too many wait", colorize(url).headers["x-photochrom-notes"])
    go.set()
    while get(f"{url}/health").json()["gallery"] != {"kept": 1, "failed": 2}:
        time.sleep(0.01)


def test_a_gallery_of_no_use_is_told_before_anybody_asks(refusal, model, tmp_path):
    (tmp_path / "file").write_text("no folder")
    line = refusal("serve", "--models", model, "--gallery", tmp_path / "file/x", "--port", 0)
    assert f"{tmp_path / 'file/x'}" in line
