"""The main scores of each source's pictures by themselves.

The pixels of a source are pooled, and its pictures drawn anew, as all are for the whole table:
a source has the scores that its pictures would have if there were no others.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from photochrom.config import EvaluateConfig
from photochrom.metrics import Tally, Truth, main_scores
from photochrom.results import Estimate, SourceScores
from photochrom.statistics import estimate, replicated, together


def by_source(
    runs: Mapping[str, Sequence[Tally]],
    truth: Truth,
    sources: Sequence[str],
    config: EvaluateConfig,
) -> list[SourceScores]:
    """The scores of every row on the pictures of each source, the largest source first.

    `runs` has by row the tally of each of its runs, `sources` the source of each picture.
    """
    places: dict[str, list[int]] = {}
    for place, source in enumerate(sources):
        places.setdefault(source, []).append(place)
    found = []
    for source in sorted(places, key=lambda one: (-len(places[one]), one)):
        true = truth.at(places[source])
        scores = {
            row: _scores([tally.at(places[source]) for tally in tallies], true, config)
            for row, tallies in runs.items()
        }
        found.append(SourceScores(source, len(true), float(true.colorfulness.mean()), scores))
    return found


def _scores(runs: Sequence[Tally], true: Truth, config: EvaluateConfig) -> dict[str, Estimate]:
    each = [partial(main_scores, tally, true) for tally in runs]
    values = together(each, len(true))
    drawn = replicated(each, len(true), config.replicates, config.seed)
    return {key: estimate(value, drawn[key]) for key, value in values.items()}
