"""Models, images and results in buckets, all of it by commands."""

import pytest

from photochrom import storage
from photochrom.image_io import find, read_rgb
from photochrom.models.io.cache import cache_folder


@pytest.fixture(params=["s3", "gcs"])
def bucket(request, monkeypatch, model, tmp_path):
    """A bucket with eight images, and a model in `models/mine`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = request.getfixturevalue(request.param)
    for path in model.iterdir():
        storage.put(f"{url}/models/mine/{path.name}", path.read_bytes())
    return url


def test_models_in_a_bucket_are_listed_fetched_once_and_used(bucket, run, photos, tmp_path):
    listed = ("models", f"{bucket}/models")
    code, out, _ = run(*listed)
    assert code == 0
    assert out.startswith("mine             classification; 0.")
    assert out.endswith(f"MiB; not fetched yet; {bucket}/models/mine\n")
    command = ("colorize", photos / "0.png", "--model", f"{bucket}/models/mine", "-o")
    assert run(*command, tmp_path / "out")[0] == 0
    assert "; cached; " in run(*listed)[1]
    (kept,) = cache_folder().iterdir()
    data = storage.read_whole(f"{bucket}/models/mine/model.safetensors", 10**9)
    assert kept.read_bytes() == data
    storage.put(f"{bucket}/models/mine/model.safetensors", b"another")  # of another checksum
    assert run(*command, tmp_path / "again")[0] == 0  # from the cache
    assert (tmp_path / "again/0.png").read_bytes() == (tmp_path / "out/0.png").read_bytes()


def test_an_exported_model_in_a_bucket_is_listed_fetched_once_and_used(
    bucket, run, model, photos, tmp_path
):
    path, url = tmp_path / "mine.onnx", f"{bucket}/models/mine.onnx"
    assert run("export", model, "-o", path)[0] == 0
    storage.put(url, path.read_bytes())
    listed = ("models", f"{bucket}/models")
    last = run(*listed)[1].splitlines()[-1]
    assert last.startswith("mine.onnx        classification; 0.")
    assert last.endswith(f"MiB; not fetched yet; {url}")
    for place, out in ((path, "local"), (url, "fetched"), (url, "cached")):
        command = ("colorize", photos / "0.png", "--model", place, "-o", tmp_path / out)
        assert run(*command)[0] == 0
        made = (tmp_path / out / "0.png").read_bytes()
        assert made == (tmp_path / "local" / "0.png").read_bytes()
    assert [kept.suffix for kept in cache_folder().iterdir()] == [".onnx"]
    assert run(*listed)[1].splitlines()[-1].endswith(f"MiB; cached; {url}")
    storage.put(url, path.read_bytes()[:-300])  # without all of its metadata
    command = ("colorize", photos / "0.png", "--model", url, "-o", tmp_path / "again")
    code, _, lines = run(*command)
    assert (code, len(lines)) == (2, 1)
    assert f"{url}: expected photochrom onnx version 1, got None" in lines[0]


def test_a_folder_of_models_is_listed(run, model):
    code, out, _ = run("models", model.parent)
    assert (code, out.split(";")[0]) == (0, "model            classification")
    assert out.count(";") == 2  # nothing to fetch


def test_a_bucket_is_colorized_into_a_bucket(bucket, run, model):
    command = ("colorize", bucket, "--model", model, "-o", f"{bucket}/out")
    code, out, _ = run(*command, "--dry-run")
    assert (code, f"deep/0.png → {bucket}/out/deep/0.png" in out) == (0, True)
    assert not storage.exists(f"{bucket}/out")
    assert run(*command)[0] == 0
    made = find([f"{bucket}/out"]).images
    assert [one.name for one in made] == [f"deep/{number}.png" for number in range(8)]
    assert read_rgb(made[0]).shape == (40, 50, 3)
    code, out, _ = run("colorize", f"{bucket}/deep", "--model", model, "-o", f"{bucket}/out/deep")
    assert (code, out) == (0, f"{bucket}/out/deep: 8 skipped\n")


def test_what_is_no_place_of_models_is_named(bucket, refusal):
    for place in (f"{bucket}/nothing", f"{bucket}-missing/models"):
        for command in (("models",), ("serve", "--port", 0, "--models")):
            words = refusal(*command, place)
            assert words.startswith(f"{place}: expected a model, its name (photochrom, ")


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA:the-secret@bucket/x",
        "s3://AKIA:the-se/cret@bucket/x",
        "gs://the-secret@bucket/x",
        "https://me:the-secret@example.org/x",
        "simplecache::s3://AKIA:the-secret@bucket/x",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url, refusal, model, photos, tmp_path):
    (tmp_path / "list.txt").write_text(f"{url}.png\n")
    for command in (
        ("models", url),
        ("colorize", url, "--model", model, "-o", "out"),
        ("colorize", tmp_path / "list.txt", "--model", model, "-o", "out"),
        ("colorize", photos, "--model", url, "-o", "out"),
        ("colorize", photos, "--model", model, "-o", url, "--overwrite", "--dry-run"),
        ("serve", "--models", model, "--gallery", url, "--port", 0),
        ("prior", "build", url, "-o", tmp_path / "p.h5"),
    ):
        words = refusal(*command)
        assert "://…: expected a URL without credentials, got some in it: take them out" in words
        assert "secret" not in words
        assert "the-se" not in words
