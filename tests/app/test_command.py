"""`photochrom app`, the command."""

import socket
import sys

import pytest

from photochrom.app.launch import flags
from photochrom.config import AppConfig


def test_a_port_that_is_taken_is_named(refusal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal("app", "--port", port)
    assert f"expected a free port of this machine, got 127.0.0.1 port {port}" in line


@pytest.mark.parametrize("missing", ["streamlit", "starlette"])
def test_the_app_needs_its_extra(missing, refusal, monkeypatch):
    monkeypatch.delitem(sys.modules, "photochrom.app.launch", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    line = refusal("app", "--port", free_port())
    assert f"expected streamlit, found no {missing}" in line
    assert "pip install 'photochrom[app]'" in line


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (("--max-megabytes", 0), "--max-megabytes must be 1 or more, got 0"),
        (("--max-megapixels", 0), "--max-megapixels must be positive, got 0"),
        (("--concurrency", 0), "--concurrency must be 1 or more, got 0"),
        (("--port", 0), "--port must be 1 or more, got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(flag, said, refusal):
    assert refusal("app", *flag) == said


def test_a_model_that_is_none_is_told_before_anything_is_served(refusal, tmp_path):
    line = refusal("app", "--port", free_port(), "--models", tmp_path)
    assert "expected a model, its name (photochrom, photochrom-l2), or a folder" in line


def test_a_gallery_of_no_use_is_told_before_anything_is_served(refusal, tmp_path):
    (tmp_path / "file").write_text("no folder")
    line = refusal("app", "--port", free_port(), "--gallery", tmp_path / "file/x")
    assert str(tmp_path / "file/x") in line
    line = refusal("app", "--port", free_port(), "--gallery", "s3://key:secret@bucket/gallery")
    assert "expected a URL without credentials" in line
    assert "secret" not in line


def test_it_listens_at_home_and_tells_nobody():
    found = flags(AppConfig())
    assert found["server_address"] == "127.0.0.1"
    assert found["browser_gatherUsageStats"] is False
    assert found["client_showErrorDetails"] == "none"
