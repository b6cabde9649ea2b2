"""A small evaluation and its rows, shared by tests of evaluating."""

import pytest

from photochrom.config import Architecture, EvaluateConfig
from photochrom.evaluation.evaluate import Contender
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

SMALL = EvaluateConfig(size=32, batch_size=3, examples=2)


@pytest.fixture
def model():
    colorizer = Colorizer(Architecture(method="classification", width=2, size=32), Gamut.srgb(20))
    return {"model": Contender(colorizer, "a test", steps=3, minutes=0.1)}


def rows(evaluation):
    return {row.name: row for row in evaluation.rows}


def score(evaluation, row, metric):
    return rows(evaluation)[row].scores[metric].value
