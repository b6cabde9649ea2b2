import math
from dataclasses import replace

import numpy as np
import pytest

from photochrom.evaluation.results import CalibrationBin, Evaluation, Row, SweepPoint, Thresholds
from photochrom.report.charts import Axis, chart
from photochrom.report.curves import groups, styles
from photochrom.report.hue_confusion import hue_maps, sector_colors

BARE = Evaluation([], [], [], [], [], {"colorfulness": 40.0}, counted=8, size=16)
X = Axis("x", 0, 10)


def points(line):
    return [tuple(map(float, one.split(","))) for part in line.parts for one in part.split()]


def only(**parts):
    (group,) = groups(replace(BARE, **parts))
    return group


def test_an_evaluation_without_curves_has_no_figures():
    assert groups(BARE) == []


def test_the_ends_of_the_axes_are_the_corners_of_the_frame():
    drawn = chart("", X, X, {"a": [(0, 0), (10, 10)]}, {})
    (left, bottom), (right, top) = points(drawn.lines[0])
    assert (left, bottom) == (drawn.x_ticks[0].at, drawn.y_ticks[0].at)
    assert (right, top) == (drawn.x_ticks[-1].at, drawn.y_ticks[-1].at)
    assert left < right
    assert top < bottom


def test_what_is_no_number_leaves_a_gap():
    line = [(0, 1), (1, 2), (2, math.nan), (3, 4), (4, math.inf), (5, 6)]
    assert [len(part.split()) for part in chart("", X, X, {"a": line}, {}).lines[0].parts] == [
        *(2, 1, 1)
    ]


def test_a_long_line_is_thinned():
    line = [(0.001 * place, 1.0) for place in range(10_000)]
    assert 250 < len(points(chart("", X, X, {"a": line}, {}).lines[0])) <= 500


def test_a_log_axis_is_even_in_powers_and_has_no_place_for_0():
    axis = Axis("y", 0.01, 100, log=True)
    assert [axis.share(value) for value in (0.01, 1.0, 100.0)] == [0, 0.5, 1]
    assert math.isnan(axis.share(0))
    assert [text for _, text in axis.ticks()] == ["0.01", "0.1", "1", "10", "100"]


@pytest.mark.parametrize("reach", [(0, 1), (-3, 4), (84, 84.3), (0, 20_000), (5, 6)])
def test_ticks_are_few_and_within_the_axis(reach):
    ticks = Axis("", *reach).ticks()
    assert 3 <= len(ticks) <= 7
    assert all(reach[0] - 1e-6 <= value <= reach[1] + 1e-6 for value, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks)


def test_rows_are_told_apart_by_color_or_dash():
    rows = [Row(f"r{place}", "", place > 19, {}) for place in range(23)]
    assert len(set(styles(replace(BARE, rows=rows)).values())) == 24  # and the truth


def test_thresholds_are_two_charts():
    group = only(thresholds={"a": Thresholds([50.0] * 151, [math.nan] * 151)})
    raw, rebalanced = group.charts
    assert len(points(raw.lines[0])) == 151
    assert points(rebalanced.lines[0]) == []


def test_a_sweep_shows_the_truth_beside_colorfulness():
    group = only(sweeps={"a": [SweepPoint(0, 80, 60, 50), SweepPoint(1, 90, 50, 20)], "b": []})
    assert [len(one.lines) for one in group.charts] == [1, 1, 2]
    assert list(group.key) == ["a", "truth"]


def test_a_sweep_of_nothing_finite_is_an_empty_frame():
    group = only(sweeps={"a": [SweepPoint(0.5, math.nan, math.nan, math.nan)]})
    assert all(points(one.lines[0]) == [] for one in group.charts)


def test_a_chroma_that_no_pixel_has_leaves_a_gap():
    group = only(chroma={"truth": [0.9, 0.0, 0.1], "a": [1.0, 0.0, 0.0]})
    by_name = dict(zip(group.key, group.charts[0].lines, strict=True))
    assert len(by_name["truth"].parts) == 2
    assert len(points(by_name["a"])) == 1
    assert list(group.key)[-1] == "truth"  # drawn over the others


def test_a_chroma_of_no_pixels_is_not_drawn():
    assert groups(replace(BARE, chroma={"a": [0.0, 0.0], "b": []})) == []


def test_a_bin_of_probability_without_pixels_is_not_drawn():
    bins = [CalibrationBin(0.5, 0.4, 1.0), CalibrationBin(0.0, 0.0, 0.0)]
    line = only(calibration={"a": bins}).charts[0].lines[0]
    assert len(line.dots) == 1


@pytest.mark.parametrize(
    ("losses", "drawn"),
    [
        ([2.0], 1),
        ([0.0, 0.0], 2),
        ([math.nan] * 30, 0),
        ([2.0, math.inf] * 30, 30),
        (np.geomspace(9, 1, 300).tolist(), 300),
    ],
    ids=["one", "zero", "no number", "diverged", "ordinary"],
)
def test_any_losses_make_a_curve(losses, drawn):
    faint, strong = only(curves={"a": list(enumerate(losses, start=1))}).charts[0].lines
    assert len(points(faint)) == drawn
    assert len(strong.dots) == (len(losses) == 1)


def test_no_losses_make_no_curve():
    assert groups(replace(BARE, curves={"a": []})) == []


def test_a_hue_that_does_not_occur_has_no_cells():
    matrix = [[0.0] * 12 + [100.0]] * 12 + [[math.nan] * 13]
    (one,) = hue_maps(replace(BARE, hue={"a": matrix}))
    assert one.cells == [(true, 12, 100.0) for true in range(12)]
    assert one.green_for_blue == ""


def test_sectors_are_painted_in_their_hues():
    """By the CSS names of the first, the middle of yellow's and of green's; and gray."""
    colors = [tuple(map(int, one[4:-1].split())) for one in sector_colors()]
    red, yellow, green, blue, gray = (np.array(colors[place]) for place in (0, 2, 5, 9, 12))
    assert red.argmax() == 0
    assert yellow.argmin() == 2
    assert green.argmax() == 1
    assert blue.argmax() == 2
    assert np.ptp(gray) <= 1
