"""The benchmarks' own arithmetic, and that the page tells what their files hold."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import measure

    return measure


def test_a_row_knows_whether_it_holds(measure):
    assert measure.Row.of("a", 1.2, "<= 1.25").holds
    assert not measure.Row.of("a", 1.3, "<= 1.25").holds
    assert measure.Row.of("a", 31, ">= 30").holds
    assert not measure.Row.of("a", 29, ">= 30").holds
    assert measure.Row.of("a", 29).holds is None


def test_a_ratio_is_the_median_over_pairs(measure):
    # The machine slows down by ten in the last pair: 2, 2 and 3 as ratios, whatever its speed.
    assert measure.ratio([2.0, 4.0, 30.0], [1.0, 2.0, 10.0]) == 2.0


def test_acts_run_in_turn_and_the_first_turn_does_not_count(measure):
    order = []
    seconds = measure.times(lambda: order.append("a"), lambda: order.append("b"), repeats=2)
    assert "".join(order) == "ababab"
    assert [len(each) for each in seconds] == [2, 2]


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_say_where_they_come_from(path):
    results = json.loads(path.read_text())
    assert {"machine", "threads", "python", "torch", "commit", "rows"} <= set(results)
    for row in results["rows"]:
        assert set(row) == {"row", "value", "target", "unit", "holds"}


def test_the_page_holds_the_table_of_the_results():
    command = [sys.executable, "-m", "benchmarks.table"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.strip() in (ROOT / "docs" / "results.md").read_text()


def test_the_other_definitions_in_the_docs_have_the_values_that_are_computed(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.readings import table

    assert table() in (ROOT / "docs" / "metrics.md").read_text("utf-8")
