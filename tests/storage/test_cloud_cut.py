"""Buckets that cannot be reached: cut connections, credentials, names; told in one line."""

import contextlib
import http.server
import os
import socket
import threading
from functools import partial

import pytest
import requests

from photochrom import storage
from photochrom.models.io.cache import cache_folder
from photochrom.storage import open as local_or_remote
from photochrom.storage.gallery import Gallery

ALWAYS = 10**9
ADDRESS = {"s3": "AWS_ENDPOINT_URL", "gcs": "STORAGE_EMULATOR_HOST"}
FAULT = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Passes bytes to a server, and cuts a connection when so many have passed one way."""

    def __init__(self, port):
        self.behind = port
        self.after, self.times, self.way, self.fault = 0, 0, "down", False
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listening.close()

    def cut(self, *, after=100, times=1, way="down", fault=False):
        self.after, self.times, self.way, self.fault = after, times, way, fault

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                here, _ = self.listening.accept()
                threading.Thread(target=self.serve, args=(here,), daemon=True).start()

    def serve(self, here):
        with here, socket.create_connection(("127.0.0.1", self.behind)) as there:
            up = threading.Thread(target=self.pass_on, args=(here, there, "up"), daemon=True)
            up.start()
            self.pass_on(there, here, "down")
            up.join()

    def pass_on(self, one, other, way):
        passed = 0
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                passed += len(data)
                if way == self.way and passed > self.after and self.times:
                    self.times -= 1
                    if self.fault:
                        other.sendall(FAULT)
                    break
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def forget():
    """Let connections be made anew."""
    import gcsfs
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    gcsfs.GCSFileSystem.clear_instance_cache()
    local_or_remote._remote.cache_clear()


@pytest.fixture(params=["s3", "gcs"])
def proxied(request, monkeypatch):
    """A bucket, the proxy before it, and how to look past the proxy. Pauses are short."""
    import gcsfs.retry

    bucket = request.getfixturevalue(request.param)
    straight = os.environ[ADDRESS[request.param]]
    proxy = Proxy(int(straight.rsplit(":", 1)[1]))
    storage.put(f"{bucket}/big", bytes(500_000))
    monkeypatch.setenv(ADDRESS[request.param], proxy.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # s3fs has five of its own
    monkeypatch.setattr(gcsfs.retry.random, "random", lambda: -32.0)  # added to seconds to wait
    forget()

    def look_past():
        monkeypatch.setenv(ADDRESS[request.param], straight)
        forget()

    yield bucket, proxy, look_past
    proxy.close()
    forget()


def test_a_connection_that_is_cut_once_is_no_matter(proxied):
    bucket, proxy, _ = proxied
    proxy.cut(after=100_000)
    assert storage.read_whole(f"{bucket}/big", 10**6) == bytes(500_000)
    assert proxy.times == 0
    proxy.cut(after=100_000)
    with storage.open_binary(f"{bucket}/big") as file:
        assert file.read() == bytes(500_000)
    proxy.cut(after=100_000)
    assert storage.read_range(f"{bucket}/big", 9, 300_000) == bytes(300_000)
    proxy.cut(way="up", after=50_000)
    storage.put(f"{bucket}/new", bytes(400_000))
    assert proxy.times == 0
    assert storage.read_whole(f"{bucket}/new", 10**6) == bytes(400_000)


def test_a_fault_of_the_server_is_waited_for(proxied, monkeypatch):
    bucket, proxy, _ = proxied
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    forget()
    proxy.cut(fault=True)
    assert storage.exists(f"{bucket}/big")
    assert proxy.times == 0


def test_what_stays_cut_is_one_line_and_nothing_half_written(
    proxied, refusal, model, photos, monkeypatch, tmp_path
):
    bucket, proxy, look_past = proxied
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for path in model.iterdir():
        storage.put(f"{bucket}/mine/{path.name}", path.read_bytes())
    proxy.cut(after=20_000, times=ALWAYS)  # in the midst of the weights
    mend = "tried several times: look after the connection, then repeat"
    command = ("colorize", photos / "0.png", "--model", f"{bucket}/mine", "-o", tmp_path / "out")
    words = refusal(*command)
    assert words.startswith(f"{bucket}/mine/model.safetensors: could not be read: ")
    assert words.endswith(mend)
    assert not cache_folder().exists()
    command = ("colorize", photos / "0.png", "--model", model, "--overwrite", "-o")
    proxy.cut(way="up", after=1000, times=ALWAYS)
    words = refusal(*command, f"{bucket}/out")
    assert words.startswith(f"{bucket}/out/0.png: could not be written: ")
    assert words.endswith(mend)
    gallery = Gallery(f"{bucket}/gallery")
    with pytest.raises(storage.StorageError, match=r"\.picture\.jpg: could not be written"):
        gallery.add(bytes(300_000), b"", {}, (".jpg", ".png"))
    look_past()
    assert not storage.exists(f"{bucket}/out/0.png")
    assert not storage.exists(f"{bucket}/gallery")


def test_a_gallery_whose_connection_is_cut_for_good_lists_no_part_of_it(proxied, monkeypatch):
    bucket, proxy, look_past = proxied
    gallery = Gallery(f"{bucket}/gallery")
    whole = gallery.add(b"image", b"result", {}, (".jpg", ".png"))
    proxy.cut(way="up", after=100_000, times=ALWAYS)
    with pytest.raises(storage.StorageError, match=r"\.result\.png: could not be written"):
        gallery.add(b"image", bytes(300_000), {}, (".jpg", ".png"))
    look_past()
    assert len([name for name in storage.walk(gallery.place) if ".picture" in str(name)]) == 2
    assert list(gallery.entries()) == [whole]


@pytest.mark.parametrize("bucket", ["s3", "gcs"])
def test_a_bucket_that_is_missing_is_named_and_never_made(bucket, request, refusal, model, photos):
    nowhere = request.getfixturevalue(bucket).replace("images", "nowhere")
    words = refusal("colorize", photos, "--model", model, "-o", f"{nowhere}/out")
    assert words.startswith(f"{nowhere}/out/0.png: expected a bucket that exists, found none")
    words = refusal("serve", "--models", model, "--port", 0, "--gallery", f"{nowhere}/gallery")
    assert words.startswith(f"{nowhere}/gallery/gallery.json: expected a bucket that exists")
    assert not storage.exists(nowhere)
    words = refusal("colorize", f"{nowhere}/x", "--model", model, "-o", "out")
    assert words.startswith(f"{nowhere}/x: expected images, found no such file or folder")


def test_credentials_that_s3_refuses_are_told_without_the_secret(
    s3, refusal, model, photos, monkeypatch
):
    url = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")
    forget()
    requests.post(url, data=b"0", timeout=30)
    try:
        read = refusal("models", f"{s3}/models")
        written = refusal("colorize", photos, "--model", model, "--overwrite", "-o", f"{s3}/out")
    finally:
        requests.post(url, data=b"inf", timeout=30)
    assert read.startswith(f"{s3}/models/config.json: could not be read: ")
    assert written.startswith(f"{s3}/out/0.png: could not be written: ")
    for words in (read, written):
        assert words.endswith("AWS_SECRET_ACCESS_KEY, or a profile (aws configure)")
        assert "the-secret" not in words


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_cloud_storage_refuses_are_told(
    status, serving, refusal, photos, model, monkeypatch
):
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = b'{"error": {"code": %d, "message": "no storage.objects.get access"}}' % status
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET
        log_message = print

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{serving(Refusing)}")
    forget()
    read = refusal("models", "gs://theirs/models")
    written = refusal("colorize", photos, "--model", model, "--overwrite", "-o", "gs://theirs/out")
    assert read.startswith("gs://theirs/models/config.json: could not be read: ")
    assert written.startswith("gs://theirs/out/0.png: could not be written: ")
    for words in (read, written):
        assert "no storage.objects.get access" in words
        assert words.endswith("login, or set GOOGLE_APPLICATION_CREDENTIALS")


def test_a_web_server_is_asked_three_times(serving, tmp_path, monkeypatch):
    (tmp_path / "big").write_bytes(bytes(500_000))
    proxy = Proxy(serving(partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)))
    monkeypatch.setattr("photochrom.storage.remote._PAUSES", (0.01, 0.01))
    proxy.cut(after=100_000, times=2)
    assert storage.read_whole(f"{proxy.url}/big", 10**6) == bytes(500_000)
    proxy.cut(after=100_000, times=3)
    with pytest.raises(storage.StorageError, match=r"big\?…: could not be read.* several"):
        storage.read_whole(f"{proxy.url}/big?signed=the-secret", 10**6)
    proxy.close()
