"""Rows of a table with intervals, and every pair of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from jaxtyping import Float

from photochrom.metrics import METRICS, Metric, Tally, Truth, pooled_scores
from photochrom.results import Estimate, Pair
from photochrom.statistics import (
    draws,
    estimate,
    pictures_needed,
    replicated,
    supported,
    together,
    wins,
)

Runs = Mapping[str, Sequence[Tally]]
"""By row, the tally of each of its runs."""


@dataclass(frozen=True)
class Compared:
    """The scores of every row by metric, and the pairs."""

    scores: dict[str, dict[str, Estimate]]
    pairs: list[Pair]


@dataclass(frozen=True, eq=False)
class _Replicates:
    """A row's scores, those of its replicates, and those of single pictures, by metric.

    Of a metric that is best near the truth's value they are the distances to it.
    """

    value: dict[str, float]
    drawn: dict[str, Float[np.ndarray, " R"]]
    single: dict[str, Float[np.ndarray, " N"]]


def compare(
    runs: Runs, truth: Truth, *, trained: Mapping[str, int | None], replicates: int, seed: int
) -> Compared:
    """Every row with its intervals; every pair of the trained rows, and each of them with grey.

    `trained` gives the bins of classifiers: scores of distributions over as many are compared.
    """
    scores, found = {}, {}
    true_drawn = np.concatenate(
        [w @ truth.colorfulness / w.sum(axis=1) for w in draws(len(truth.names), replicates, seed)]
    )
    for row, tallies in runs.items():
        each = [partial(pooled_scores, tally, truth) for tally in tallies]
        value = together(each, len(truth.names))
        drawn = replicated(each, len(truth.names), replicates, seed)
        scores[row] = {key: estimate(value[key], drawn[key]) for key in value}
        single = {
            key: np.mean([tally.values[key] for tally in tallies], axis=0)
            for key in tallies[0].values
        }
        found[row] = _to_truth(_Replicates(value, drawn, single), truth, true_drawn)
    rows = [row for row in runs if row in trained]
    named = [*combinations(rows, 2), *((row, "grey") for row in rows)]
    return Compared(
        scores,
        [
            _pair(metric, (first, second), found, len(truth.names))
            for metric in METRICS
            if metric.better != "neither"
            for first, second in named
            if metric.key in found[first].drawn and metric.key in found[second].drawn
            if not metric.classifiers_only or trained[first] == trained[second]
        ],
    )


def _to_truth(one: _Replicates, truth: Truth, true_drawn: Float[np.ndarray, " R"]) -> _Replicates:
    """Distances to the truth's colourfulness in place of colourfulness."""
    key = "colorfulness"
    return _Replicates(
        one.value | {key: abs(one.value[key] - float(truth.colorfulness.mean()))},
        one.drawn | {key: np.abs(one.drawn[key] - true_drawn)},
        one.single | {key: np.abs(one.single[key] - truth.colorfulness)},
    )


def _pair(
    metric: Metric, names: tuple[str, str], found: Mapping[str, _Replicates], pictures: int
) -> Pair:
    first, second = (found[name] for name in names)
    key = metric.key
    difference = estimate(
        first.value[key] - second.value[key], first.drawn[key] - second.drawn[key]
    )
    won = float("nan")
    if key in first.single and key in second.single:
        better = 1 if metric.better == "higher" else -1
        won = wins(better * (first.single[key] - second.single[key]))
    settled = supported(difference)
    return Pair(
        key,
        *names,
        difference,
        won,
        settled,
        None if settled else pictures_needed(difference, pictures),
    )
