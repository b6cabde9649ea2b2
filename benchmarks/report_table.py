"""A report folder as tables in Markdown, for docs and model cards.

python -m benchmarks.report_table REPORT              scores of every row, and the pairs of the
primary
    metric with interval and adjusted p-value
python -m benchmarks.report_table REPORT --group-by    the main scores by source, too
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from photochrom.report.formatting import BY_KEY, p_value, told

SCORES = ("auc_rebalanced", "auc_raw", "colorfulness", "ciede2000", "psnr", "ssim")
_BY_SOURCE = ("auc_rebalanced", "auc_raw")
Scores = Mapping[str, Mapping[str, float | None]]


def read(report: Path) -> dict[str, Any]:
    """Return what a report says, as plain values."""
    loaded: dict[str, Any] = json.loads((report / "scores.json").read_text("utf-8"))
    return loaded


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def scores(rows: Mapping[str, Scores], metrics: Sequence[str] = SCORES) -> str:
    """Return the scores of rows, each with its interval."""
    heads = ["", *(_title(key) for key in metrics)]
    return markdown(
        heads, ([name, *(cell(row, key) for key in metrics)] for name, row in rows.items())
    )


def _title(key: str) -> str:
    metric = BY_KEY[key]
    return f"{metric.title}, {metric.unit}" if metric.unit else metric.title


def cell(scores: Scores, key: str) -> str:
    """Return a score as the tables have it: with its interval if it has one."""
    score = scores.get(key)
    if score is None:
        return "–"
    value, low, high = (told(score[end], BY_KEY[key].digits) for end in ("value", "low", "high"))
    return value if score["low"] is None else f"{value} ({low} to {high})"


def pairs(
    found: Mapping[str, Any], metric: str, beside: Sequence[str] = ("constant", "gray")
) -> str:
    """Return the differences of all methods in a metric, and of each with some baselines."""
    baselines = {row["name"] for row in found["rows"] if row["baseline"]}
    lines = []
    for pair in found["pairs"]:
        if pair["metric"] != metric or pair["second"] in baselines - {*beside}:
            continue
        score = {metric: pair["difference"]}
        p = float("nan") if pair["p_adjusted"] is None else pair["p_adjusted"]
        lines.append([f"{pair['first']} − {pair['second']}", cell(score, metric), p_value(p)])
    return markdown(["", f"{_title(metric)}, difference", "adjusted p"], lines)


def by_source(found: Mapping[str, Any]) -> str:
    """Return the main scores of each source, without intervals."""
    rows = [row["name"] for row in found["rows"] if not row["baseline"] or row["name"] == "gray"]
    heads = [
        "source",
        "images",
        *(f"{row}: {BY_KEY[key].title}" for row in rows for key in _BY_SOURCE),
    ]
    lines = [
        [
            one["source"],
            f"{one['images']:,}",
            *(told(one["scores"][row][key]["value"], 1) for row in rows for key in _BY_SOURCE),
        ]
        for one in found["sources"]
    ]
    return markdown(heads, lines)


def main() -> None:
    """Print the tables."""
    found = read(Path(sys.argv[1]))
    print(scores({row["name"]: row["scores"] for row in found["rows"]}))
    print(pairs(found, found["primary"]))
    if "--group-by" in sys.argv:
        print(by_source(found))


if __name__ == "__main__":
    main()
