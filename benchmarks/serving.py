"""`photochrom serve` under load: throughput against the network's own, latency, memory.

A server of the shipped classifier, clients that ask again as soon as they are answered, with the
photographs that come with photochrom as JPEGs of 256². The network's own throughput is that of
`Colorizer.small` on L of the same images, at the size that the model works at, batches of 8,
measured before and after, while the server is idle. Argument: minutes of load, by default 1;
memory is told as growth from the end of the first tenth.
"""

import contextlib
import io
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests
import torch
from PIL import Image

from benchmarks.measure import Row, report
from photochrom import image_io
from photochrom.models import load_model

_SIZE, _CLIENTS, _BATCH, _PASSES = 256, 8, 8, 10
_SAMPLES = Path(__file__).parents[1] / "photochrom" / "assets" / "samples"


def main() -> None:
    """Measure, print and write the rows."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    bodies = [_jpeg(path) for path in sorted(_SAMPLES.glob("*.jpg"))]
    with _server() as (url, process):
        _load(url, bodies, 5)
        alone = [_alone(bodies)]
        megabytes: list[float] = []
        stop = threading.Event()
        watching = threading.Thread(target=_watch, args=(process, megabytes, stop))
        watching.start()
        latencies = _load(url, bodies, 60 * minutes)
        stop.set()
        watching.join()
        alone.append(_alone(bodies))
    rate = len(latencies) / (60 * minutes)
    cuts = statistics.quantiles(latencies, n=100)
    case = f"serve, {_CLIENTS} clients, JPEGs of {_SIZE}²"
    grown = max(megabytes[len(megabytes) // 10 :]) - max(megabytes[: len(megabytes) // 10])
    rows = [
        Row.of(f"{case}: throughput / forward passes alone", rate / statistics.mean(alone)),
        Row.of(f"{case}: throughput", rate, unit="a second"),
        *(
            Row.of(f"{case}: latency, {at} % are faster", 1000 * cuts[at - 1], unit="ms")
            for at in (50, 95, 99)
        ),
        Row.of(f"{case}: memory grown in {minutes:g} minutes", grown, unit="MB"),
        Row.of(f"{case}: memory of the process at most", max(megabytes), unit="MB"),
    ]
    report("serving", rows)


def _jpeg(path: Path) -> bytes:
    image, data = Image.open(path).convert("RGB"), io.BytesIO()
    image.resize((_SIZE, _SIZE)).save(data, "JPEG", quality=90)
    return data.getvalue()


@contextlib.contextmanager
def _server() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-c", "from photochrom.cli import main; main()"]
    command += ["serve", "--port", "0", "--models", "photochrom"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = re.match(r"(http://\S+): ", process.stdout.readline())
        assert told
        yield told[1], process
        process.terminate()


def _load(url: str, bodies: list[bytes], seconds: float) -> list[float]:
    """Latencies of all requests, in seconds."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    def ask(client: int) -> None:
        with requests.Session() as session:
            number = client
            while time.perf_counter() < end:
                began = time.perf_counter()
                answer = session.post(f"{url}/colorize", data=bodies[number % len(bodies)])
                answer.raise_for_status()
                latencies.append(time.perf_counter() - began)
                number += _CLIENTS

    clients = [threading.Thread(target=ask, args=(client,)) for client in range(_CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return latencies


def _alone(bodies: list[bytes]) -> float:
    """Images a second of the network alone, L being there."""
    colorizer = load_model("photochrom")
    pages = [image_io.decode_original(body).pages[0] for body in bodies[:_BATCH]]
    L = torch.cat([page.scaled_lightness(colorizer.size) for page in pages])
    seconds = []
    with torch.inference_mode():
        for _ in range(_PASSES):
            began = time.perf_counter()
            colorizer.small(L, None, "annealed")
            seconds.append(time.perf_counter() - began)
    return _BATCH / statistics.median(seconds)


def _watch(process: "subprocess.Popen[str]", told: list[float], stop: threading.Event) -> None:
    """The server's resident memory, each half second."""
    status = Path(f"/proc/{process.pid}/status")
    while not stop.wait(0.5):
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS"):
                told.append(int(line.split()[1]) / 1000)


if __name__ == "__main__":
    main()
