"""Rows of a table with intervals, and every pair of them with a test."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Float

from photochrom.evaluation.inference import (
    LEVEL,
    MIN_IMAGES,
    MIN_SEEDS,
    Difference,
    difference,
    estimate,
    holm,
    images_needed,
    sign_flip,
    wins,
)
from photochrom.evaluation.results import Estimate, Pair
from photochrom.metrics import METRICS, Contributions, Metric, Tally, Truth, contributions

Runs = Mapping[str, Sequence[Tally]]
"""By row, the tally of each of its runs."""
Scores = Mapping[str, Sequence[Contributions]]
"""By metric, the contributions of each run of a row."""
Single = Mapping[str, Float[np.ndarray, " N"]]
"""By metric, the score of each image by itself, the mean over a row's runs."""


MIN_IMAGES_OF = {metric.key: metric.min_images for metric in METRICS}


@dataclass(frozen=True)
class Compared:
    """The scores of every row by metric, and the pairs."""

    scores: dict[str, dict[str, Estimate]]
    pairs: list[Pair]


def compare(
    runs: Runs, truth: Truth, *, trained: Mapping[str, int | None], seed: int = 0
) -> Compared:
    """Score every row, and compare every two methods and each of them with every baseline.

    Args:
        runs: By row, the tally of each of its runs, of the same images.
        truth: What the true colors are.
        trained: The rows that are methods, with the number of bins of classifiers: scores of
            distributions over as many are compared. The others are baselines.
        seed: Seeds the test.
    """
    found = {row: _scores(tallies, truth) for row, tallies in runs.items()}
    scores = {
        row: {key: estimate(each, MIN_IMAGES_OF[key]) for key, each in by_key.items()}
        for row, by_key in found.items()
    }
    single = {row: _single(tallies, truth) for row, tallies in runs.items()}
    methods = [row for row in runs if row in trained]
    baselines = [row for row in runs if row not in trained]
    named = [*combinations(methods, 2), *((a, b) for a in methods for b in baselines)]
    asked = [
        (metric, first, second)
        for metric in METRICS
        if metric.better in ("higher", "lower")
        for first, second in named
        if metric.key in found[first] and metric.key in found[second]
        if not metric.classifiers_only or trained[first] == trained.get(second)
    ]
    pairs = compare_pairs(asked, found, single, set(baselines), seed)
    return Compared(scores, adjusted(pairs, set(baselines)))


def compare_pairs(
    asked: Sequence[tuple[Metric, str, str]],
    found: Mapping[str, Scores],
    single: Mapping[str, Single],
    baselines: Set[str],
    seed: int,
) -> list[Pair]:
    """Test each pair in its metric, by itself: see `adjusted`."""
    differences = [
        difference(found[a][m.key], found[b][m.key], m.min_images, baseline=b in baselines)
        for m, a, b in asked
    ]
    return [
        _pair(metric, (first, second), apart, p, single)
        for (metric, first, second), apart, p in zip(
            asked, differences, _p_values(differences, seed), strict=True
        )
    ]


def adjusted(pairs: Sequence[Pair], baselines: Set[str] = frozenset()) -> list[Pair]:
    """Adjust p-values by Holm over the pairs of methods of a metric, and over its others.

    The others are its pairs with a baseline. What is significant needs no more images.
    """
    families: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        families[pair.metric, pair.second in baselines].append(place)
    found = list(pairs)
    for places in families.values():
        for place, p in zip(places, holm([pairs[at].p for at in places]), strict=True):
            needed = None if p <= LEVEL else pairs[place].images_needed
            found[place] = replace(
                pairs[place], p_adjusted=p, supported=p <= LEVEL, images_needed=needed
            )
    return found


def _scores(tallies: Sequence[Tally], truth: Truth) -> dict[str, list[Contributions]]:
    each = [contributions(tally, truth) for tally in tallies]
    return {key: [one[key] for one in each] for key in each[0]}


def _single(tallies: Sequence[Tally], truth: Truth) -> dict[str, Float[np.ndarray, " N"]]:
    single = {
        key: np.mean([tally.values[key] for tally in tallies], axis=0) for key in tallies[0].values
    }
    apart = [np.abs(tally.values["colorfulness"] - truth.colorfulness) for tally in tallies]
    return single | {"colorfulness_error": np.mean(apart, axis=0)}


def _p_values(differences: Sequence[Difference], seed: int) -> list[float]:
    """Return sign-flip p-values, but of three seeds or more those over seeds."""
    if not differences:
        return []
    flipped = sign_flip(np.stack([one.flipped for one in differences], axis=1), seed)
    return [
        float(p) if one.seeds < MIN_SEEDS else one.p_over_seeds
        for one, p in zip(differences, flipped, strict=True)
    ]


def _pair(
    metric: Metric,
    names: tuple[str, str],
    apart: Difference,
    p: float,
    single: Mapping[str, Single],
) -> Pair:
    first, second = (single[name] for name in names)
    won = float("nan")
    if metric.key in first and metric.key in second:
        better = 1 if metric.better == "higher" else -1
        won = wins(better * (first[metric.key] - second[metric.key]))
    images = len(apart.flipped)
    return Pair(
        metric.key,
        *names,
        difference=apart.estimate,
        wins=won,
        p=p if images >= MIN_IMAGES else float("nan"),
        seeds=apart.seeds,
        images_needed=images_needed(apart, images),
    )
