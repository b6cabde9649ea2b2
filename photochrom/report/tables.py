"""The page's tables: which scores stand together, what is marked, and the pairs in words."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from photochrom.evaluation.results import Evaluation, Pair, Row
from photochrom.metrics import Metric
from photochrom.report.formatting import BY_KEY, about, between, p_value, told
from photochrom.report.ranking import better, standing, trained

_BOARDS = {
    "Scores": [
        *("auc_rebalanced", "auc_raw", "ciede2000", "colorfulness", "colorfulness_difference"),
        *("psnr", "ssim", "fd_lite0"),
    ],
    "Color errors": [
        *("delta_e", "delta_e_median", "ciede2000_median", "mean_color_error", "neutral_chroma"),
        *("auc_rebalanced_5", "ssim_cropped"),
    ],
    "Amount and distribution of color": [
        *("ab_spread", "colorfulness_error", "chroma_distance", "ab_divergence"),
        *("hue_agreement", "green_for_blue"),
    ],
    "Probabilities of the classifiers": ["nll", "top1", "top5", "calibration_error", "entropy"],
}
_PAIRED = ["auc_rebalanced", "auc_raw", "ciede2000", "colorfulness_error", "psnr"]
"""What the pairs are compared in on the page, the primary metric first; pairs.csv has all."""
_COSTS = ("parameters", "steps", "images_seen", "minutes", "megabytes", "milliseconds")


@dataclass(frozen=True)
class Board:
    """One table of scores."""

    heading: str
    metrics: list[Metric]
    rows: list[Row]
    marks: dict[str, dict[str, str]]
    """By metric and row: "leads", or "level" with the best."""


class PairCell(NamedTuple):
    """Two methods in one metric."""

    difference: str
    interval: str
    p: str
    """p-values, as it is and adjusted."""
    wins: str
    """Fraction of the images on which the first is better."""
    verdict: str
    supported: bool


@dataclass(frozen=True)
class PairBoard:
    """Every two methods by the main metrics."""

    metrics: list[Metric]
    lines: list[tuple[str, str, list[PairCell | None]]]


def in_order(evaluation: Evaluation) -> list[Row]:
    """Trained methods above baselines."""
    return sorted(evaluation.rows, key=lambda row: row.baseline)


def boards(evaluation: Evaluation) -> list[Board]:
    """The tables, each with the scores that some row has and the rows that have some of them."""
    made = []
    for heading, keys in _BOARDS.items():
        metrics = [BY_KEY[key] for key in keys if any(key in r.scores for r in evaluation.rows)]
        rows = [
            row for row in in_order(evaluation) if any(one.key in row.scores for one in metrics)
        ]
        found = {one.key: standing(evaluation, one) for one in metrics}
        marks = {key: one.marks() if one else {} for key, one in found.items()}
        made.append(Board(heading, metrics, rows, marks))
    return [board for board in made if board.rows]


def source_metrics(evaluation: Evaluation) -> list[Metric]:
    """The scores that are told by source, a table each."""
    scores = [of_row for one in evaluation.sources for of_row in one.scores.values()]
    return [metric for key, metric in BY_KEY.items() if any(key in of_row for of_row in scores)]


def pair_board(evaluation: Evaluation) -> PairBoard:
    """Every pair that was compared; those with a baseline last."""
    baselines = {row.name for row in evaluation.rows if row.baseline}
    found = {(pair.first, pair.second, pair.metric): pair for pair in evaluation.pairs}
    keys_shown = dict.fromkeys([evaluation.primary, *_PAIRED])
    metrics = [BY_KEY[key] for key in keys_shown if any(key == one for *_, one in found)]
    keys = {metric.key for metric in metrics}
    names = dict.fromkeys((one, two) for one, two, key in found if key in keys)
    lines = [
        (one, two, [_pair_cell(found.get((one, two, metric.key))) for metric in metrics])
        for one, two in sorted(names, key=lambda pair: not baselines.isdisjoint(pair))
    ]
    return PairBoard(metrics, lines)


def _pair_cell(pair: Pair | None) -> PairCell | None:
    if pair is None:
        return None
    digits, winner = BY_KEY[pair.metric].digits, better(pair)
    verdict = "first is better" if winner == pair.first else "second is better"
    if winner is None:
        verdict = "not significant"
        if pair.images_needed is not None:
            verdict += f"; {about(pair.images_needed)} needed"
    return PairCell(
        difference=told(pair.difference.value, digits, signed=True),
        interval=between(pair.difference, digits, signed=True),
        p="" if math.isnan(pair.p) else f"{p_value(pair.p)}, adjusted {p_value(pair.p_adjusted)}",
        wins=f"{told(100 * pair.wins, 0)} %" if pair.wins == pair.wins else "",
        verdict=verdict,
        supported=winner is not None,
    )


def source_pairs(evaluation: Evaluation) -> list[tuple[str, int, list[tuple[str, str, PairCell]]]]:
    """Return the pairs of each group in the primary metric: group, images, first, second, cell."""
    found = []
    for one in evaluation.sources:
        cells = [(pair.first, pair.second, _pair_cell(pair)) for pair in one.pairs]
        known = [(first, second, cell) for first, second, cell in cells if cell]
        if known:
            found.append((one.source, one.images, known))
    return found


def costs(evaluation: Evaluation) -> list[tuple[Row, dict[str, float]]]:
    """What each method takes, and each figure as a share of the largest, in percent."""
    rows = [row for row in trained(evaluation) if any(_known(row, name) for name in _COSTS)]
    most = {name: max(_known(row, name) for row in rows) for name in _COSTS} if rows else {}
    return [
        (row, {name: 100 * _known(row, name) / (most[name] or 1) for name in _COSTS})
        for row in rows
    ]


def _known(row: Row, name: str) -> float:
    value = getattr(row, name)
    return float(value) if value is not None and value > 0 else 0.0
