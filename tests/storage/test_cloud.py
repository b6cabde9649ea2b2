"""Real servers on localhost: S3 by moto, Cloud Storage by an emulator, a Dask cluster."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from servers import wait_for

from photochrom.config import PriorConfig
from photochrom.image_io import find, iterate, read_rgb
from photochrom.prior import PriorFile, build, crew_of

SMALL = PriorConfig(size=16)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_images_in_s3_are_those_that_were_put_there(s3, photos):
    there, here = find([f"{s3}/deep"]).images, find([str(photos)]).images
    assert [p.path for p in there] == [f"{s3}/deep/{p.name}" for p in here]
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(read_rgb(one), read_rgb(other))


def test_a_prior_is_counted_from_s3(s3, photos, run, tmp_path):
    output = tmp_path / "p.h5"
    assert run("prior", "build", f"{s3}/deep/*.png", "-o", output, "--size", 16)[0] == 0
    expected = build(iterate([str(photos / "*.png")]), SMALL)
    counted = PriorFile.load(output).histogram
    np.testing.assert_array_equal(counted.pixels, expected.pixels)
    np.testing.assert_array_equal(counted.sketch, expected.sketch)


def test_a_missing_bucket_is_named(s3, refusal, tmp_path):
    words = refusal("prior", "build", "s3://nowhere/x", "-o", tmp_path / "p.h5")
    assert words.startswith("s3://nowhere/x: expected images, found no such file or folder")


def test_wrong_credentials_are_named(s3, refusal, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    words = refusal("prior", "build", f"{s3}/deep", "-o", tmp_path / "p.h5")
    assert words.startswith("s3://images/deep: could not be read: ")
    assert "credentials" in words


def test_images_in_gcs_are_those_that_were_put_there(gcs, photos):
    there, here = find([f"{gcs}/deep"]).images, find([str(photos)]).images
    assert [p.name for p in there] == [p.name for p in here]
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(read_rgb(one), read_rgb(other))


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two worker processes, and how to reach them."""
    port = free_port()
    environment = {**os.environ, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}

    def start(module, *arguments):
        command = [sys.executable, "-m", module, *arguments]
        with open(tmp_path / "dask.log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=environment)

    scheduler = start(
        "distributed.cli.dask_scheduler",
        *(
            "--host=127.0.0.1",
            f"--port={port}",
            "--no-dashboard",
            "--dashboard-address=127.0.0.1:0",
        ),
    )
    wait_for(lambda: answers(port))
    address = f"tcp://127.0.0.1:{port}"
    workers = [
        start(
            "distributed.cli.dask_worker",
            *(address, "--nthreads=1", "--no-nanny", "--no-dashboard", "--host=127.0.0.1"),
        )
        for _ in range(2)
    ]
    yield address, workers, scheduler
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def test_a_cluster_counts_the_same_though_a_worker_dies(cluster, tmp_path):
    from distributed import Client

    address, workers, _ = cluster
    random = np.random.default_rng(0)
    for number in range(1500):
        rgb = random.integers(0, 256, (60, 60, 3), dtype=np.uint8)
        Image.fromarray(rgb).save(tmp_path / f"{number:04}.bmp")
    expected = build(iterate([str(tmp_path)]), SMALL)
    with Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    done = []

    def kill_one(images, _):
        done.append(images)
        if len(done) == 3:
            workers[0].kill()

    with crew_of(cluster=address) as crew:
        counted = build(iterate([str(tmp_path)]), SMALL, crew=crew, on_done=kill_one)
    assert (sum(done), workers[0].poll()) == (1500, -9)
    np.testing.assert_array_equal(counted.pixels, expected.pixels)
    np.testing.assert_array_equal(counted.sketch, expected.sketch)
    assert counted.images == 1500


@pytest.mark.slow
def test_a_cluster_that_dies_is_named_and_the_count_goes_on(cluster, photos, tmp_path):
    from distributed import Client

    address, _, scheduler = cluster
    with Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    entries, kept = [*iterate([str(photos)])] * 100, tmp_path / "p.progress"
    with pytest.raises(ValueError, match=r"expected the cluster to stay alive"):  # noqa: SIM117
        with crew_of(cluster=address) as crew:
            build(entries, SMALL, crew=crew, progress=kept, on_done=lambda *_: scheduler.kill())
    assert kept.exists()
    np.testing.assert_array_equal(
        build(entries, SMALL, progress=kept).pixels, build(entries, SMALL).pixels
    )


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_named(refusal, photos, tmp_path):
    command = ("prior", "build", photos, "-o", tmp_path / "p.h5")
    words = refusal(*command, "--cluster", f"tcp://127.0.0.1:{free_port()}")
    assert "expected a Dask scheduler, got no answer" in words
