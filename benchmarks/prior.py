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
from photochrom.image_io import Picture, find, iterate, read_rgb, total
from photochrom.prior import AbHistogram, ColorPrior, Crew, build, count, crew_of
from photochrom.prior.build import worked
from photochrom.prior.counting import Counted, cells
from photochrom.prior.resume import Progress
from photochrom.quantize import Gamut

SOURCES = str(Path(__file__).parents[2] / "shared" / "data" / "photos-train-*.tar")
_CONFIG = PriorConfig()
_ALL = 256  # at this size all pixels of these photographs count
_FINER = 128  # at this size fewer of them are decoded at reduced scale
_PUBLISHED = 40  # pictures that the published way is given: it takes seconds a hundred
_MADE_UP = 100_000
_IMAGENET = (500, 375)
_LARGE = "prior, one worker, the same enlarged to 500 × 375"


def decode(pictures: Sequence[Picture]) -> None:
    """What nobody who counts colours can do without."""
    for picture in pictures:
        Image.open(io.BytesIO(picture.read_bytes())).load()


def published(pictures: Sequence[Picture], gamut: Gamut) -> np.ndarray:
    """The prior as public code computes it: Lab, five neighbours, weights, for every pixel."""
    neighbours = NearestNeighbors(n_neighbors=5).fit(gamut.bins.numpy())
    mass = np.zeros(len(gamut))
    for picture in pictures:
        ab = rgb2lab(read_rgb(picture, _ALL, fit="sample"))[..., 1:].reshape(-1, 2)
        distance, bins = neighbours.kneighbors(ab)
        weights = np.exp(-(distance**2) / (2 * 5.0**2))
        weights /= weights.sum(axis=1, keepdims=True)
        mass += np.bincount(bins.ravel(), weights=weights.ravel(), minlength=len(gamut))
    return mass / mass.sum()


def against_published(pictures: Sequence[Picture]) -> list[Row]:
    """How much faster, and how far off, cells are than codes of every pixel."""
    gamut, few = Gamut.srgb(), pictures[:: len(pictures) // _PUBLISHED]
    some = [picture for picture in few if count([picture], _ALL).histogram.pictures]
    ours, theirs = times(lambda: count(some, _ALL), lambda: published(some, gamut), repeats=3)
    many = pictures[:: len(pictures) // 1000]
    kept = [picture for picture in many if count([picture], _ALL).histogram.pictures]
    prior = ColorPrior.of(count(kept, _ALL).histogram, gamut)
    off = float(np.abs(prior.p - published(kept, gamut)).sum())
    name = "prior, same pixels, against Lab and 5 neighbours of every pixel"
    return [
        Row.of(f"{name}: speed", ratio(theirs, ours), ">= 40"),
        Row.of(f"{name}: L1 of 1,000 pictures", off, "<= 0.005", unit="L1"),
    ]


def enlarged(pictures: Sequence[Picture], folder: Path) -> Sequence[Picture]:
    """The pictures at the size that ImageNet's have on average."""
    for place, picture in enumerate(pictures):
        image = Image.fromarray(read_rgb(picture)).resize(_IMAGENET)
        image.save(folder / f"{place}.jpg", quality=90)
    return find([str(folder)]).pictures


def seconds_of(sources: Sequence[str], workers: int) -> tuple[float, float]:
    """Until the first chunk is done; and a picture from then on to the end."""
    began, stamps, pictures = time.perf_counter(), [], []

    def done(number: int, _: int) -> None:
        stamps.append(time.perf_counter())
        pictures.append(number)

    with crew_of(workers) as crew:
        build(iterate(sources), _CONFIG, crew=crew, on_done=done)
    skip = workers  # the first of each worker pays for its start
    return stamps[skip - 1] - began, (stamps[-1] - stamps[skip - 1]) / sum(pictures[skip:])


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
    """Microseconds a picture to list made-up names, hand them out and add up the results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_text("".join(f"folder/picture-{n:07}.jpg\n" for n in range(_MADE_UP)))
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
    pictures = find(sources).pictures
    cells(np.zeros(1, np.uint32))  # makes the table
    some = pictures[::6]
    ours, theirs = times(lambda: count(some, _CONFIG.size), lambda: decode(some), repeats=5)
    finer, whole = times(lambda: count(some, _FINER), lambda: decode(some), repeats=5)
    single, double = ([seconds_of(sources, workers) for _ in range(3)] for workers in (1, 2))
    with tempfile.TemporaryDirectory() as folder:
        large = enlarged(pictures[::30], Path(folder))
        of_large, of_plain = times(
            lambda: count(large, _CONFIG.size), lambda: decode(large), repeats=5
        )
    rows = [
        Row.of("prior, one worker / only decoding the same JPEGs", ratio(ours, theirs), "<= 1.5"),
        Row.of("prior, one worker", len(some) / statistics.median(ours), unit="/s"),
        Row.of(f"prior --size {_FINER}, one worker / only decoding", ratio(finer, whole)),
        Row.of(f"{_LARGE} / only decoding", ratio(of_large, of_plain)),
        Row.of(_LARGE, len(large) / statistics.median(of_large), unit="/s"),
        *against_published(pictures),
        Row.of(
            "prior, two workers / one, start aside",
            statistics.median(s for _, s in single) / statistics.median(d for _, d in double),
            ">= 1.8",
        ),
        Row.of("prior, start of one worker", statistics.median(s for s, _ in single), unit="s"),
        Row.of("prior, start of two workers", statistics.median(d for d, _ in double), unit="s"),
        Row.of("prior, peak memory of a worker", peak_of_worker(sources), "<= 400", unit="MB"),
        Row.of("prior, overhead a picture, 100,000 made-up names", overhead(), "<= 20", unit="µs"),
    ]
    report("prior", rows)


if __name__ == "__main__":
    main()
