"""Which differences the data support: what the page may claim, and what it may not."""

import math
from dataclasses import dataclass, replace

from photochrom.metrics import Metric
from photochrom.report.wording import BY_KEY
from photochrom.results import Estimate, Evaluation, Pair, Row


@dataclass(frozen=True)
class Standing:
    """The trained methods that have a number in one metric, as seen from the best of them."""

    metric: Metric
    best: Row
    behind: list[Row]
    """Those over which the best's lead is supported; the nearest first, as in the others."""
    level: list[Row]
    """Those that the data do not tell from the best."""
    open: list[Row]
    """Those that were not compared with the best."""

    def score(self, row: Row) -> Estimate:
        """What `row` has in this metric."""
        return row.scores[self.metric.key]

    def marks(self) -> dict[str, str]:
        """How the table sets off the scores, by row: leads, or level with the best."""
        if self.behind and not self.level and not self.open:
            return {self.best.name: "leads"}
        return {row.name: "level" for row in (self.best, *self.level) if self.level}


def trained(evaluation: Evaluation) -> list[Row]:
    """The rows that are compared: all but the baselines."""
    return [row for row in evaluation.rows if not row.baseline]


def standing(evaluation: Evaluation, metric: Metric) -> Standing | None:
    """How the trained methods stand in `metric`; None if none has a number there.

    Nor is there a best where classifiers over unequal bins have numbers that do not compare.
    """
    rows = [row for row in trained(evaluation) if not math.isnan(_badness(evaluation, metric, row))]
    if not rows or (metric.classifiers_only and len({row.bins for row in rows}) > 1):
        return None
    best, *others = sorted(rows, key=lambda row: _badness(evaluation, metric, row))
    found = Standing(metric, best, behind=[], level=[], open=[])
    for other in others:
        ahead = is_ahead(evaluation, metric, best, other)
        pair = compared(evaluation, metric, best, other)
        (found.behind if ahead else found.level if pair else found.open).append(other)
    return found


def _badness(evaluation: Evaluation, metric: Metric, row: Row) -> float:
    """The less the better; nan where the row has no number, or none is better."""
    if metric.better == "neither":
        return math.nan
    value = row.scores.get(metric.key, Estimate(math.nan)).value
    if metric.better == "truth":
        return abs(value - evaluation.truth.get(metric.key, math.nan))
    return -value if metric.better == "higher" else value


def compared(evaluation: Evaluation, metric: Metric, first: Row, second: Row) -> Pair | None:
    """The pair as seen from `first`, whichever way round it was computed."""
    names = (first.name, second.name)
    for pair in evaluation.pairs:
        if pair.metric == metric.key and (pair.first, pair.second) == names:
            return pair
        if pair.metric == metric.key and (pair.second, pair.first) == names:
            return _turned(pair)
    return None


def _turned(pair: Pair) -> Pair:
    turned = Estimate(-pair.difference.value, -pair.difference.high, -pair.difference.low)
    return replace(
        pair, first=pair.second, second=pair.first, difference=turned, wins=1 - pair.wins
    )


def better(pair: Pair) -> str | None:
    """The name of the better one, where the data support that there is one."""
    more = BY_KEY[pair.metric].better == "higher"
    if not pair.supported or not pair.difference.value:
        return None
    return pair.first if (pair.difference.value > 0) == more else pair.second


def is_ahead(evaluation: Evaluation, metric: Metric, first: Row, second: Row) -> bool:
    """Whether the data support that `first` is the better one.

    By their pair; without one, where each has an interval and the two do not even touch, which
    is stricter than a paired comparison.
    """
    if pair := compared(evaluation, metric, first, second):
        return better(pair) == first.name
    ours, theirs = first.scores.get(metric.key), second.scores.get(metric.key)
    if ours is None or theirs is None or metric.better == "truth":
        return False
    if metric.better == "higher":
        return ours.low > theirs.high
    return ours.high < theirs.low
