"""`photochrom serve`, the command."""

import re
import signal
import socket
import subprocess
import sys

from servers import answers, wait_for


def test_a_server_stops_gracefully_and_listens_at_home_only():
    command = [
        sys.executable,
        "-c",
        "from photochrom.cli import main; main()",
        "serve",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        told = re.fullmatch(r"http://127.0.0.1:(\d+): serving photochrom, photochrom-l2\n", line)
        wait_for(lambda: answers(f"http://127.0.0.1:{told[1]}/health"))
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)


def test_a_port_that_is_taken_is_named(refusal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal("serve", "--port", port)
    assert f"expected a free port of this machine, got 127.0.0.1 port {port}" in line


def test_serving_needs_its_extra(refusal, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'photochrom[serve]'" in refusal("serve")
