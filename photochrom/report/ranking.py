"""Which differences are significant: what the page may claim, and what it may not."""

import math
from dataclasses import dataclass, replace

from photochrom.evaluation.results import Estimate, Evaluation, Pair, Row
from photochrom.metrics import Metric
from photochrom.report.formatting import BY_KEY


@dataclass(frozen=True)
class Standing:
    """The methods that have a number in one metric, as seen from the best of them."""

    metric: Metric
    best: Row
    behind: list[Row]
    """Those over which the lead of the best is significant; the nearest first."""
    level: list[Row]
    """Those that are not significantly different from the best; the nearest first."""
    untested: list[Row]
    """Those that were not compared with the best on the same images."""

    def score(self, row: Row) -> Estimate:
        """Return what `row` has in this metric."""
        return row.scores[self.metric.key]

    def marks(self) -> dict[str, str]:
        """Return how the table sets off the scores, by row: leads, or level with the best."""
        if self.behind and not self.level and not self.untested:
            return {self.best.name: "leads"}
        return {row.name: "level" for row in (self.best, *self.level) if self.level}


def trained(evaluation: Evaluation) -> list[Row]:
    """Return the methods: all rows but the baselines."""
    return [row for row in evaluation.rows if not row.baseline]


def baseline(evaluation: Evaluation, name: str) -> Row | None:
    """Return the baseline of that name, if the evaluation has it."""
    return next((row for row in evaluation.rows if row.baseline and row.name == name), None)


def standing(evaluation: Evaluation, metric: Metric) -> Standing | None:
    """Rank the methods in `metric`; `None` if none has a number there, or none is better.

    Nor is there a best where classifiers over unequal numbers of bins do not compare.
    """
    rows = [row for row in trained(evaluation) if not math.isnan(_badness(metric, row))]
    if not rows or (metric.classifiers_only and len({row.bins for row in rows}) > 1):
        return None
    best, *others = sorted(rows, key=lambda row: _badness(metric, row))
    found = Standing(metric, best, behind=[], level=[], untested=[])
    for other in others:
        pair = compared(evaluation, metric, best, other)
        ahead = pair is not None and better(pair) == best.name
        (found.behind if ahead else found.level if pair else found.untested).append(other)
    return found


def _badness(metric: Metric, row: Row) -> float:
    """Return the less the better; nan where the row has no number, or none is better."""
    value = row.scores.get(metric.key, Estimate(math.nan)).value
    return {"higher": -value, "lower": value}.get(metric.better, math.nan)


def compared(evaluation: Evaluation, metric: Metric, first: Row, second: Row) -> Pair | None:
    """Return the pair as seen from `first`, whichever way round it was computed."""
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
    """Return the name of the better one, where the difference is significant."""
    more = BY_KEY[pair.metric].better == "higher"
    if not pair.supported or not pair.difference.value:
        return None
    return pair.first if (pair.difference.value > 0) == more else pair.second


def is_ahead(evaluation: Evaluation, metric: Metric, first: Row, second: Row) -> bool:
    """Return whether `first` is significantly better; never without a paired comparison."""
    pair = compared(evaluation, metric, first, second)
    return pair is not None and better(pair) == first.name
