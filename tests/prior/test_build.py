"""Counting: the same whoever does it, in whatever pieces, however often it is stopped."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from photochrom.color.lab import lab_from_rgb
from photochrom.config import PriorConfig
from photochrom.image_io import Skipped, SourceImage, find, iterate, packed_colors
from photochrom.prior import AbHistogram, Crew, PriorFile, build, count, crew_of
from photochrom.prior.counting import cells
from photochrom.prior.resume import Progress, chunks

SMALL = PriorConfig(size=16)


def same(a: AbHistogram, b: AbHistogram) -> bool:
    counts = [(h.images, h.gray, h.toned, dict(h.failures)) for h in (a, b)]
    return counts[0] == counts[1] and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("pixels", "sketch")
    )


@pytest.fixture
def many(tmp_path):
    """A folder of 200 images of 20 × 24, one gray, one no image."""
    folder = tmp_path / "many"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(198):
        rgb = random.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(rgb).save(folder / f"{number:03}.png")
    Image.fromarray(np.full((20, 24, 3), 90, np.uint8)).save(folder / "gray.png")
    (folder / "none.jpg").write_bytes(b"no image")
    return folder


def test_every_color_is_counted_in_the_cell_of_its_definition():
    # A face of the cube and a diagonal plane: every kind of difference between the channels.
    level = np.arange(256, dtype=np.uint8)
    u, v = np.meshgrid(level, level, indexing="ij")
    for rgb in (np.stack([u, v, 255 - u], -1), np.stack([u, np.full_like(u, 77), v], -1)):
        ab = lab_from_rgb(torch.from_numpy(rgb).movedim(-1, 0).double() / 255)[1:].numpy()
        cell = np.floor(ab + 110).astype(int)
        np.testing.assert_array_equal(cells(packed_colors(rgb)), (cell[0] * 220 + cell[1]).ravel())


def test_counts_are_those_of_the_plain_definition(photos):
    images = find([str(photos)]).images
    plain = AbHistogram()
    for image in images:
        rgb = np.asarray(Image.open(image.path).convert("RGB"))
        plain += AbHistogram.of(
            lab_from_rgb(torch.tensor(rgb).movedim(-1, 0).double() / 255)[1:].numpy()
        )
    counted = count(images, 256).histogram
    np.testing.assert_array_equal(counted.pixels, plain.pixels)
    assert (counted.images, len(counted.sketch)) == (8, 8)


def test_larger_images_are_sampled(save_image):
    rgb = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    image = SourceImage("p", str(save_image("p.png", rgb)))
    assert count([image], 20).histogram.pixels.sum() == 20 * 30


def test_only_images_with_colors_of_their_own_count(photos, save_image):
    one, *others = find([str(photos)]).images
    y = np.arange(240, dtype=np.uint8).reshape(12, 20, 1)
    gray = SourceImage("g", str(save_image("g.png", y.repeat(3, 2))))
    toned = SourceImage("t", str(save_image("t.png", y + np.array([12, 6, 0], dtype=np.uint8))))
    counted = count([gray, one, toned, gray, *others], 256).histogram
    plain = count([one, *others], 256).histogram
    assert (counted.images, counted.gray, counted.toned) == (8, 2, 1)
    np.testing.assert_array_equal(counted.pixels, plain.pixels)
    np.testing.assert_array_equal(counted.sketch, plain.sketch)
    kept = count([gray, one, toned], 256, keep_gray=True).histogram
    assert (kept.images, kept.gray, kept.toned, len(kept.sketch)) == (3, 1, 1, 3)
    assert count([gray, toned], 256).histogram.pixels.sum() == 0


def test_what_fails_is_counted_by_reason(many, tmp_path):
    gone = SourceImage("gone.jpg", str(tmp_path / "gone.jpg"))
    bad = [SourceImage(name, str(many / "none.jpg")) for name in ("b.jpg", "a.jpg")]
    counted = count([*bad, gone, Skipped("x.tar", "cut")], 16).histogram
    assert dict(counted.failures) == {
        "not an image": (2, "a.jpg"),
        "No such file or directory": (1, "gone.jpg"),
        "cut": (1, "x.tar"),
    }
    assert counted.reasons().startswith("2 × not an image (first: a.jpg); 1 × ")


@pytest.mark.parametrize("workers", [1, 2])
def test_any_crew_counts_the_same(many, workers):
    whole = build(iterate([str(many)]), SMALL)
    with crew_of(workers) as crew:
        assert same(whole, build(iterate([str(many)]), SMALL, crew=crew))
    assert (whole.images, whole.gray, whole.failed) == (198, 1, 1)
    backwards = [*iterate([str(many)])][::-1]
    with ThreadPoolExecutor(3) as threads:
        assert same(whole, build(backwards, SMALL, crew=Crew(threads, 5)))


def test_chunks_end_where_the_entries_do(many):
    sizes = [len(chunk.entries) for chunk in chunks(iterate([str(many)]))]
    assert sizes == [64, 64, 64, 8]


def test_a_stopped_count_goes_on_and_ends_the_same(many, tmp_path):
    kept = tmp_path / "p.progress"

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(iterate([str(many)]), SMALL, progress=kept, on_done=stop)
    assert len(Progress(kept, {"size": 16, "keep-gray": False}).done) == 1
    told = []
    resumed = build(iterate([str(many)]), SMALL, progress=kept, on_done=lambda n, _: told.append(n))
    assert told == [64, 64, 8]
    assert same(resumed, build(iterate([str(many)]), SMALL))


def test_a_killed_command_goes_on(many, tmp_path, monkeypatch, run):
    output = tmp_path / "p.h5"
    command = [sys.executable, "-c", _SLOW, "prior", "build", str(many), "-o", str(output)]
    process = subprocess.Popen([*command, "--size", "16", "--workers", "1"])
    kept = tmp_path / "p.h5.progress"
    for _ in range(600):
        if kept.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    assert (process.wait(), output.exists()) == (-signal.SIGKILL, False)
    assert 1 <= len(Progress(kept, {"size": 16, "keep-gray": False}).done) < 4
    code, out, _ = run("prior", "build", many, "-o", output, "--size", 16, "--workers", 1)
    assert (code, "198 images counted, 1 gray, 0 toned and 1 unreadable" in out) == (0, True)
    assert not kept.exists()
    assert same(PriorFile.load(output).histogram, build(iterate([str(many)]), SMALL))


_SLOW = """
import time
from photochrom.prior import build, counting
from photochrom.prior import resume
from photochrom.cli import main
resume._SECONDS = 0
add = resume.Progress.add
resume.Progress.add = lambda *args: (add(*args), time.sleep(1))
main()
"""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--size", "17"), "expected size as the count began with, 16, got 17"),
        (("--size", "16", "--keep-gray"), "expected keep-gray as the count began with, False"),
        (("--size", "16"), "expected the images that the count began with, got others"),
    ],
)
def test_another_count_does_not_go_on(many, tmp_path, refusal, changed, words):
    kept = tmp_path / "p.h5.progress"

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(iterate([str(many)]), SMALL, progress=kept, on_done=stop)
    if "others" in words:
        os.rename(many / "000.png", many / "000a.png")
    assert words in refusal("prior", "build", many, "-o", tmp_path / "p.h5", *changed)


def test_fewer_images_are_noticed(many, tmp_path):
    kept = tmp_path / "p.progress"
    entries = list(iterate([str(many)]))
    progress = Progress(kept, {"size": 16, "keep-gray": False})
    for chunk in list(chunks(entries))[2:]:
        progress.add(chunk, AbHistogram())
    progress.save()
    with pytest.raises(ValueError, match=r"the images that the count began with, got others"):
        build(entries[:64], SMALL, progress=kept)


def test_a_file_that_is_no_progress_is_named(many, tmp_path):
    (tmp_path / "p.progress").write_text("x")
    with pytest.raises(ValueError, match=r"expected the progress of a count, got a damaged"):
        build(iterate([str(many)]), SMALL, progress=tmp_path / "p.progress")


def test_a_dead_worker_is_named_and_what_is_done_is_kept(many, tmp_path):
    with crew_of(2) as crew:
        assert crew.executor is not None
        crew.executor.submit(os.getpid).result()
        for process in list(crew.executor._processes.values()):
            process.kill()
        with pytest.raises(ValueError, match=r"one died, of too little memory perhaps"):
            build(iterate([str(many)]), SMALL, crew=crew)


def test_gray_images_are_counted_where_they_are_wanted(many):
    keeping = PriorConfig(size=16, keep_gray=True)
    counted = build(iterate([str(many)]), keeping)
    assert (counted.images, counted.gray) == (199, 1)


def test_workers_must_be_some(refusal, many, tmp_path):
    words = refusal("prior", "build", many, "-o", tmp_path / "p.h5", "--workers", 0)
    assert words == "--workers must be 1 or more, got 0"
