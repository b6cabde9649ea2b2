"""An evaluation of plain values and what its page is asked for: shared by tests of reports."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from photochrom.evaluation.results import (
    CalibrationBin,
    Estimate,
    Evaluation,
    Example,
    ImageScore,
    Pair,
    Row,
    SweepPoint,
    Thresholds,
)
from photochrom.image_io import Skipped

NAME = "<script>alert(1)</script>\n🌅\udce9.jpg"
IMAGE = np.zeros((16, 16, 3), dtype=np.uint8)


def row(name, rebalanced, *, baseline=False, **scores):
    known = {"auc_rebalanced": rebalanced, "psnr": 22.0, "colorfulness": 30.0, **scores}
    estimates = {key: Estimate(value, value - 1, value + 1) for key, value in known.items()}
    return Row(name, f"how {name} is made", baseline, estimates)


def pair(first, second, difference, *, key="auc_rebalanced", p=0.001, needed=None, wins=0.7):
    """Of an interval that reaches 0.5 to either side; significant where `p` is at most .05."""
    ends = Estimate(difference, difference - 0.5, difference + 0.5)
    return Pair(
        key,
        first,
        second,
        ends,
        wins,
        p=p / 2,
        p_adjusted=p,
        supported=p <= 0.05,
        images_needed=needed,
    )


def example(name=NAME, why="random", image=IMAGE):
    images = dict.fromkeys(["gray input", "truth", "first"], image)
    return Example(name, why, images, {"first": {"auc_raw": 91.23, "delta_e": 4.56}})


@pytest.fixture
def bare():
    """Without anything that may be left out."""
    rows = [
        row("gray", 60.0, baseline=True, psnr=math.inf, colorfulness=0.0),
        row("first", 66.0, colorfulness=35.0),
        row("second", 67.0, nll=4.0),
    ]
    return Evaluation(rows, [], [], [], [], {"colorfulness": 40.0}, counted=8, size=16)


@pytest.fixture
def evaluation(bare):
    points = [SweepPoint(t, 90 + t, 60 - t, 40 - 20 * t) for t in (0.0, 0.38, 1.0)]
    return replace(
        bare,
        pairs=[pair("second", "first", 1)],
        images=[ImageScore(NAME, "first", 1, {"auc_raw": 90.0, "psnr": math.inf})],
        examples=[example()],
        skipped=[Skipped("bad\udce9<b>.jpg", "not an image")],
        thresholds={"first": Thresholds([50.0] * 151, [math.nan] * 151)},
        sweeps={"second": points, "first": []},
        chroma={"first": [0.9, 0.1], "truth": [0.5, 0.5]},
        hue={"first": [[100 / 13] * 13] * 12 + [[math.nan] * 13]},
        calibration={"second": [CalibrationBin(0.5, 0.25, 0.5), CalibrationBin(0, 0, 0)]},
        curves={"first": [(10, 2.0), (20, 1.0)], "second": []},
        provenance={"photochrom": "<0>"},
    )


def headings(html):
    return re.findall("<h[23]>(.*)</h[23]>", html)
