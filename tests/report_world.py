"""An evaluation of plain values and what its page is asked for: shared by tests of reports."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from photochrom.images import Skipped
from photochrom.results import (
    CalibrationBin,
    Estimate,
    Evaluation,
    Example,
    Pair,
    PictureScore,
    Row,
    SweepPoint,
    Thresholds,
)

NAME = "<script>alert(1)</script>\n🌅\udce9.jpg"
PICTURE = np.zeros((16, 16, 3), dtype=np.uint8)


def row(name, rebalanced, *, baseline=False, **scores):
    known = {"auc_rebalanced": rebalanced, "psnr": 22.0, "colorfulness": 30.0, **scores}
    estimates = {key: Estimate(value, value - 1, value + 1) for key, value in known.items()}
    return Row(name, f"how {name} is made", baseline, estimates)


def example(name=NAME, why="random", picture=PICTURE):
    images = dict.fromkeys(["grey input", "truth", "first"], picture)
    return Example(name, why, images, {"first": {"auc_raw": 91.23, "delta_e": 4.56}})


@pytest.fixture
def bare():
    """Without anything that may be left out."""
    rows = [
        row("grey", 60.0, baseline=True, psnr=math.inf, colorfulness=0.0),
        row("first", 66.0, colorfulness=35.0),
        row("second", 67.0, nll=4.0),
    ]
    return Evaluation(rows, [], [], [], [], {"colorfulness": 40.0}, counted=8, size=16)


@pytest.fixture
def evaluation(bare):
    points = [SweepPoint(t, 90 + t, 60 - t, 40 - 20 * t) for t in (0.0, 0.38, 1.0)]
    return replace(
        bare,
        pairs=[Pair("auc_rebalanced", "second", "first", Estimate(1, 0.5, 1.5), 0.7, True)],
        pictures=[PictureScore(NAME, "first", 1, {"auc_raw": 90.0, "psnr": math.inf})],
        examples=[example()],
        skipped=[Skipped("bad\udce9<b>.jpg", "not a picture")],
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
