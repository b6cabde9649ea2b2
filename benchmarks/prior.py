"""Counting a prior against only decoding, against the published way, and by two processes.

On `../shared/data/photos-train-*.tar`, or the archives named after the command.
"""

import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from glob import glob
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.color import rgb2lab
from sklearn.neighbors import NearestNeighbors

from benchmarks.measure import Row, ratio, report, times
from photochrom.config import PriorConfig
from photochrom.image_io import SourceImage, find, iterate, read_rgb, total
from photochrom.prior import AbHistogram, ColorPrior, Crew, build, count, crew_of
from photochrom.prior.build import worked
from photochrom.prior.counting import Counted, cells
from photochrom.prior.resume import Progress
from photochrom.quantize import Gamut

SOURCES = str(Path(__file__).parents[2] / "shared" / "data" / "photos-train-*.tar")
_CONFIG = PriorConfig()
_ALL = 256  # at this size all pixels of these photographs count
_FINER = 128  # at this size fewer of them are decoded at reduced scale
_PUBLISHED = 40  # images that the published way is given: it takes seconds a hundred
_MADE_UP = 100_000
_IMAGENET = (500, 375)
_LARGE = "prior, one worker, the same enlarged to 500 × 375"


def decode(images: Sequence[SourceImage]) -> None:
    """What nobody who counts colors can do without."""
    for image in images:
        Image.open(io.BytesIO(image.read_bytes())).load()


def published(images: Sequence[SourceImage], gamut: Gamut) -> np.ndarray:
    """The prior as public code computes it: Lab, five neighbors, weights, for every pixel."""
    neighbors = NearestNeighbors(n_neighbors=5).fit(gamut.bins.numpy())
    mass = np.zeros(len(gamut))
    for image in images:
        ab = rgb2lab(read_rgb(image, _ALL, fit="sample"))[..., 1:].reshape(-1, 2)
        distance, bins = neighbors.kneighbors(ab)
        weights = np.exp(-(distance**2) / (2 * 5.0**2))
        weights /= weights.sum(axis=1, keepdims=True)
        mass += np.bincount(bins.ravel(), weights=weights.ravel(), minlength=len(gamut))
    return mass / mass.sum()


def against_published(images: Sequence[SourceImage]) -> list[Row]:
    """How much faster, and how far off, cells are than codes of every pixel."""
    gamut, few = Gamut.srgb(), images[:: len(images) // _PUBLISHED]
    some = [image for image in few if count([image], _ALL).histogram.images]
    ours, theirs = times(lambda: count(some, _ALL), lambda: published(some, gamut), repeats=3)
    many = images[:: len(images) // 1000]
    kept = [image for image in many if count([image], _ALL).histogram.images]
    prior = ColorPrior.of(count(kept, _ALL).histogram, gamut)
    off = float(np.abs(prior.p - published(kept, gamut)).sum())
    name = "prior, same pixels, against Lab and 5 neighbors of every pixel"
    return [
        Row.of(f"{name}: speed", ratio(theirs, ours), ">= 40"),
        Row.of(f"{name}: L1 of 1,000 images", off, "<= 0.005", unit="L1"),
    ]


def enlarged(images: Sequence[SourceImage], folder: Path) -> Sequence[SourceImage]:
    """The images at the size that ImageNet's have on average."""
    for place, image in enumerate(images):
        image = Image.fromarray(read_rgb(image)).resize(_IMAGENET)
        image.save(folder / f"{place}.jpg", quality=90)
    return find([str(folder)]).images


def seconds_of(sources: Sequence[str], workers: int) -> tuple[float, float]:
    """Until the first chunk is done; and an image from then on to the end."""
    began, stamps, images = time.perf_counter(), [], []

    def done(number: int, _: int) -> None:
        stamps.append(time.perf_counter())
        images.append(number)

    with crew_of(workers) as crew:
        build(iterate(sources), _CONFIG, crew=crew, on_done=done)
    skip = workers  # the first of each worker pays for its start
    return stamps[skip - 1] - began, (stamps[-1] - stamps[skip - 1]) / sum(images[skip:])


def peak_of_worker(sources: Sequence[str]) -> float:
    """Megabytes that a process takes in all that counts everything and imports nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, *sources], check=True, capture_output=True, text=True
    )
    return int(done.stdout) / 1000


_COUNT = """
import sys
from pathlib import Path
from photochrom.config import PriorConfig
from photochrom.image_io import iterate
from photochrom.prior import build
build(iterate(sys.argv[1:]), PriorConfig())
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def overhead() -> float:
    """Microseconds an image to list made-up names, hand them out and add up the results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_text("".join(f"folder/image-{n:07}.jpg\n" for n in range(_MADE_UP)))
        began = time.perf_counter()
        assert total([str(path)]) == _MADE_UP
        kept = Progress(None, {})
        for chunk, counted in worked(kept.remaining(iterate([str(path)])), _nothing, Crew()):
            kept.add(chunk, counted.histogram)
        return (time.perf_counter() - began) / _MADE_UP * 1e6


def _nothing(_: object) -> Counted:
    return Counted(AbHistogram(), 0)


def main() -> None:
    """Measure, print and write the rows."""
    sources = sorted(sys.argv[1:] or glob(SOURCES))
    images = find(sources).images
    cells(np.zeros(1, np.uint32))  # makes the table
    some = images[::6]
    ours, theirs = times(lambda: count(some, _CONFIG.size), lambda: decode(some), repeats=5)
    finer, whole = times(lambda: count(some, _FINER), lambda: decode(some), repeats=5)
    single, double = ([seconds_of(sources, workers) for _ in range(3)] for workers in (1, 2))
    with tempfile.TemporaryDirectory() as folder:
        large = enlarged(images[::30], Path(folder))
        of_large, of_plain = times(
            lambda: count(large, _CONFIG.size), lambda: decode(large), repeats=5
        )
    rows = [
        Row.of("prior, one worker / only decoding the same JPEGs", ratio(ours, theirs), "<= 1.5"),
        Row.of("prior, one worker", len(some) / statistics.median(ours), unit="/s"),
        Row.of(f"prior --size {_FINER}, one worker / only decoding", ratio(finer, whole)),
        Row.of(f"{_LARGE} / only decoding", ratio(of_large, of_plain)),
        Row.of(_LARGE, len(large) / statistics.median(of_large), unit="/s"),
        *against_published(images),
        Row.of(
            "prior, two workers / one, start aside",
            statistics.median(s for _, s in single) / statistics.median(d for _, d in double),
            ">= 1.8",
        ),
        Row.of("prior, start of one worker", statistics.median(s for s, _ in single), unit="s"),
        Row.of("prior, start of two workers", statistics.median(d for d, _ in double), unit="s"),
        Row.of("prior, peak memory of a worker", peak_of_worker(sources), "<= 400", unit="MB"),
        Row.of("prior, overhead an image, 100,000 made-up names", overhead(), "<= 20", unit="µs"),
    ]
    report("prior", rows)


if __name__ == "__main__":
    main()
