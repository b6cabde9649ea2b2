"""What tests of sweeps share: tiny studies, told by a report that is but a file."""

import numpy as np
import pytest

from photochrom import study as studies
from photochrom.config import MethodConfig, StudyConfig

REGRESSION = MethodConfig({"method": "regression"})
PLAIN = MethodConfig({"rebalance": False})
TWO = {"a": REGRESSION, "b": PLAIN}
SHARED = {"width": 2, "size": 32, "crop": 32, "batch_size": 2, "steps": 4}
SHARED |= {"workers": 0, "precision": "32"}


class Silent:
    """A reporter that remembers the runs that took a step, and stops one if asked to."""

    def __init__(self, stop=None):
        self.trained, self.stop = [], stop

    def track(self, items, total, what):
        return items

    def training(self, name, config):
        def step(progress):
            self.trained.append(name)
            if (name, progress.step) == self.stop:
                raise KeyboardInterrupt

        return step

    def skipped(self, images, what):
        pass


def without_pages(monkeypatch):
    """What each report is told from here on: the runs, their models and the trials."""
    told = []

    def report(runs, models, trials, *rest):
        folder = rest[-2]
        told.append((runs, models, trials))
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text("page")
        return folder / "index.html"

    monkeypatch.setattr("photochrom.study.run.report", report)
    return told


def gradient(seed):
    """An image (40, 50) from one random color to another."""
    first, last = np.random.default_rng(seed).integers(0, 256, size=(2, 3))
    x = np.linspace(0, 1, 50)[:, None]
    row = (1 - x) * first + x * last
    return np.broadcast_to(row.round().astype(np.uint8), (40, 50, 3))


def purposes(images):
    """Images of a study: two to choose on, two to report on."""
    return studies.ImageSets(images[:4], images[6:], "drawn", select=images[4:6])


def conducted(images, folder, methods=TWO, stop=None, **changes):
    """Do a study that sweeps: its reporter."""
    protocol = {**SHARED, **changes.pop("protocol", {})}
    config, told = StudyConfig(methods=methods, protocol=protocol, **changes), Silent(stop)
    studies.study(images, config, folder, told)
    return told


@pytest.fixture
def reported(monkeypatch):
    """What each report was told."""
    return without_pages(monkeypatch)


@pytest.fixture
def given(images):
    return purposes(images)


@pytest.fixture
def sweep(given, tmp_path, reported):
    """Do a study of the drawn images that sweeps, in `tmp_path / "study"`: its reporter."""

    def call(methods=TWO, images=given, **changes):
        return conducted(images, tmp_path / "study", methods, **changes)

    return call
