"""The numbers of an evaluation as JSON and CSV."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from photochrom.evaluation.results import Estimate, Evaluation, Pair, Row
from photochrom.metrics import METRICS
from photochrom.report.tables import source_metrics

_ABOUT = [field.name for field in fields(Row) if field.name != "scores"]
_ENDS = {"": "value", "_low": "low", "_high": "high"}
_EVERY = [metric.key for metric in METRICS]
_UNKNOWN = Estimate(math.nan)


def numbers(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the images, as JSON can hold it: null for what is no number."""
    plain = {
        field.name: getattr(evaluation, field.name)
        for field in fields(evaluation)
        if field.name != "examples"
    }
    examples = [
        {"image": one.image, "why": one.why, "scores": one.scores} for one in evaluation.examples
    ]
    return {name: _plain(value) for name, value in {**plain, "examples": examples}.items()}


def _plain(value: Any) -> Any:
    """The same of dicts, lists, numbers and whole text."""
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def scores_csv(evaluation: Evaluation) -> bytes:
    """A line a row: what it is, then of every score the value and both ends of its interval."""
    keys = [f"{key}{ending}" for key in _EVERY for ending in _ENDS]
    lines = []
    for row in evaluation.rows:
        line = {name: getattr(row, name) for name in _ABOUT}
        for key in _EVERY:
            score = row.scores.get(key, _UNKNOWN)
            line |= {f"{key}{ending}": _cell(getattr(score, end)) for ending, end in _ENDS.items()}
        lines.append(line)
    return _csv([*_ABOUT, *keys], lines)


def sources_csv(evaluation: Evaluation) -> bytes:
    """A line for each source and row, with the scores that are told by source."""
    keys = [f"{metric.key}{ending}" for metric in source_metrics(evaluation) for ending in _ENDS]
    lines = (
        {"source": one.source, "images": one.images, "row": row}
        | {"true_colorfulness": _cell(one.true_colorfulness)}
        | {
            f"{key}{ending}": _cell(getattr(score, end))
            for key, score in scores.items()
            for ending, end in _ENDS.items()
        }
        for one in evaluation.sources
        for row, scores in one.scores.items()
    )
    return _csv(["source", "images", "row", "true_colorfulness", *keys], lines)


def images_csv(evaluation: Evaluation) -> bytes:
    """A line for each image, row and seed, with the scores that a single image has."""
    known = {key for one in evaluation.images for key in one.scores}
    keys = [key for key in _EVERY if key in known]
    lines = (
        {"image": one.image, "row": one.row, "seed": one.seed}
        | {key: _cell(one.scores.get(key, math.nan)) for key in keys}
        for one in evaluation.images
    )
    return _csv(["image", "row", "seed", *keys], lines)


def pairs_csv(evaluation: Evaluation) -> bytes:
    """A line for each two rows and metric."""
    names = [field.name for field in fields(Pair)]
    place = names.index("difference") + 1
    columns = [*names[:place], "difference_low", "difference_high", *names[place:]]
    lines = []
    for pair in evaluation.pairs:
        difference = pair.difference
        lines.append(
            {name: getattr(pair, name) for name in names}
            | {f"difference{ending}": getattr(difference, end) for ending, end in _ENDS.items()}
        )
    return _csv(columns, ({name: _cell(one) for name, one in line.items()} for line in lines))


def _cell(value: Any) -> Any:
    """What is not a number is an empty cell."""
    return "" if isinstance(value, float) and math.isnan(value) else value


def _csv(columns: list[str], lines: Iterable[Mapping[str, Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue().encode(errors="replace")
