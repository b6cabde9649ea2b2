"""Buckets with eight images, and other servers of localhost."""

import http.server
import threading

import pytest
import requests


@pytest.fixture
def s3(monkeypatch, photos):
    """A bucket with eight images, in S3 by moto."""
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    files.mkdir("images")
    for path in sorted(photos.iterdir()):
        files.pipe(f"images/deep/{path.name}", path.read_bytes())
    yield "s3://images"
    requests.post("http://{}:{}/moto-api/reset".format(*server.get_host_and_port()), timeout=30)
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def gcs(monkeypatch, photos):
    """A bucket with eight images, in Cloud Storage by an emulator."""
    import gcsfs
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="images")
    server.start()
    # It would print when a client hangs up, and the tests read what is printed.
    server._api._httpd.handle_error = lambda request, client_address: None
    port = server._api._httpd.server_address[1]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    gcsfs.GCSFileSystem.clear_instance_cache()
    files = gcsfs.GCSFileSystem()
    for path in sorted(photos.iterdir()):
        files.pipe(f"images/deep/{path.name}", path.read_bytes())
    yield "gs://images"
    gcsfs.GCSFileSystem.clear_instance_cache()
    server.stop()


class QuietServer(http.server.ThreadingHTTPServer):
    """One that does not print when a client hangs up: the tests read what is printed."""

    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def serving():
    """Start an HTTP server of a handler and give its port."""
    servers = []

    def start(handler):
        servers.append(QuietServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
