"""The main scores of each group's images by themselves, and their pairs.

The pixels of a group are pooled as those of all are for the whole table: a group has the scores
that its images would have if there were no others. A group of fewer than 20 images has no
intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice

from photochrom.evaluation.inference import estimate
from photochrom.evaluation.pairwise import MIN_IMAGES_OF, adjusted, compare_pairs
from photochrom.evaluation.results import Pair, SourceScores
from photochrom.metrics import METRICS, Contributions, Tally, Truth, main_contributions

MAIN = ("auc_raw", "auc_rebalanced", "colorfulness", "colorfulness_difference")


def by_source(
    runs: Mapping[str, Sequence[Tally]],
    truth: Truth,
    sources: Sequence[str],
    trained: Mapping[str, int | None],
    primary: str,
    seed: int = 0,
) -> list[SourceScores]:
    """Compute the scores of every row on the images of each group, the largest group first.

    Args:
        runs: By row, the tally of each of its runs.
        truth: What the true colors are.
        sources: The group of each image.
        trained: The rows that are methods.
        primary: The metric by which methods are compared in each group, if it is a main one.
            p-values are adjusted by Holm over the pairs of all groups.
        seed: Seeds the tests.
    """
    places: dict[str, list[int]] = {}
    for place, source in enumerate(sources):
        places.setdefault(source, []).append(place)
    found = []
    for source in sorted(places, key=lambda one: (-len(places[one]), one)):
        true = truth.at(places[source])
        each = {
            row: _scores([tally.at(places[source]) for tally in tallies], true)
            for row, tallies in runs.items()
        }
        scores = {
            row: {key: estimate(one, MIN_IMAGES_OF[key]) for key, one in of.items()}
            for row, of in each.items()
        }
        pairs = _pairs(each, [row for row in runs if row in trained], primary, seed)
        found.append(
            SourceScores(source, len(true), float(true.colorfulness.mean()), scores, pairs)
        )
    return _adjusted(found)


def _scores(tallies: Sequence[Tally], truth: Truth) -> dict[str, list[Contributions]]:
    each = [main_contributions(tally, truth) for tally in tallies]
    return {key: [one[key] for one in each] for key in MAIN}


def _pairs(
    each: Mapping[str, Mapping[str, Sequence[Contributions]]],
    methods: Sequence[str],
    primary: str,
    seed: int,
) -> list[Pair]:
    metrics = [metric for metric in METRICS if metric.key == primary and primary in MAIN]
    asked = [(metric, *names) for metric in metrics for names in combinations(methods, 2)]
    return compare_pairs(asked, each, {name: {} for name in methods}, set(), seed)


def _adjusted(found: Sequence[SourceScores]) -> list[SourceScores]:
    """Adjust the p-values over the pairs of all groups."""
    pairs = iter(adjusted([pair for one in found for pair in one.pairs]))
    return [replace(one, pairs=list(islice(pairs, len(one.pairs)))) for one in found]
