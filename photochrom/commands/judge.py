"""The command that reads raters' answers of a human study."""

import json as json_
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from photochrom.commands import terminal

if TYPE_CHECKING:
    from photochrom.human_study import Answers, Excluded, FooledRate, Pairwise

Files = Positional[
    Annotated[
        tuple[Path, ...],
        arg(metavar="ANSWERS...", help="Files that raters downloaded, JSON or CSV."),
    ]
]


@terminal.later
def judge(answers: Files, *, max_failed: float = 0.2, json: bool = False) -> None:
    """Compute how often each method fooled raters, from their answers.

    photochrom evaluate --human-study writes the page; docs/human-study.md explains the figures.

    Example: photochrom judge answers-*.json

    Args:
        max_failed: Exclude raters who failed more than this fraction of attention checks.
        json: Print JSON.
    """
    from photochrom import human_study

    read = human_study.read_answers(answers)
    rates = human_study.judge(read, max_failed=max_failed)
    pairs = human_study.compare(read, max_failed=max_failed)
    screened = human_study.screen(read, max_failed=max_failed)
    warnings = _warnings(read, screened.hidden)
    if json:
        found = {
            "study": read[0].study,
            "methods": [_plain(rate) for rate in rates],
            "pairs": [_plain(pair) for pair in pairs],
            "excluded": [one._asdict() for one in screened.excluded],
            "warnings": warnings,
            "published": human_study.PUBLISHED,
        }
        print(json_.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in warnings:
        terminal.warn(line)
    parts = [
        _rates(rates),
        _pairs(pairs),
        _excluded(screened.excluded),
        _published(human_study.PUBLISHED),
    ]
    print("\n\n".join("\n".join(part) for part in parts if part))


def _warnings(read: Sequence["Answers"], hidden: int) -> list[str]:
    merged = [one for one in read if len(one.files) > 1]
    lines = [
        f"{one.rater}: {len(one.files)} files of one session: using the longest" for one in merged
    ]
    if hidden:
        lines.append(
            f"ignored {hidden} answers to pairs that were not visible for about one second"
        )
    return lines


def _plain(found: "FooledRate | Pairwise") -> dict[str, Any]:
    """Return the fields, None for a number that is unknown."""
    values = found._asdict()
    return {key: None if value != value else value for key, value in values.items()}


def _rates(rates: Sequence["FooledRate"]) -> list[str]:
    width = max(len("method"), *(len(rate.method) for rate in rates))
    lines = [f"{'method':<{width}}  fooled  95 % interval  trials  raters  images  p against 50 %"]
    for rate in rates:
        beside = _p(rate.adjusted) if not rate.why else f"no interval: {rate.why}"
        lines.append(
            f"{rate.method:<{width}}  {_percent(rate.fooled):>6}  {_range(rate.low, rate.high):>13}"
            f"  {rate.trials:>6,}  {rate.raters:>6}  {rate.images:>6}  {beside}"
        )
    return [*lines, "50 % would be indistinguishable from photographs. p is adjusted by Holm."]


def _pairs(pairs: Sequence["Pairwise"]) -> list[str]:
    if not pairs:
        return []
    names = [f"{pair.first} - {pair.second}" for pair in pairs]
    width = max(len("difference"), *map(len, names))
    lines = [f"{'difference':<{width}}  points  95 % interval  p"]
    for name, pair in zip(names, pairs, strict=True):
        beside = _p(pair.adjusted) if not pair.why else f"no interval: {pair.why}"
        interval = _range(pair.low, pair.high)
        lines.append(f"{name:<{width}}  {100 * pair.difference:>6.1f}  {interval:>13}  {beside}")
    return lines


def _excluded(excluded: Sequence["Excluded"]) -> list[str]:
    lines = [f"  {one.rater}: {one.reason}" for one in excluded]
    return ["Excluded raters", *lines] if lines else []


def _published(published: Mapping[str, float]) -> list[str]:
    width = max(map(len, published))
    lines = [f"  {name:<{width}}  {_percent(rate)}" for name, rate in published.items()]
    return ["As published, other images and raters", *lines]


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _range(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"{100 * low:.1f} to {100 * high:.1f}"


def _p(p: float) -> str:
    """Show a p-value.

    >>> _p(0.0000123), _p(0.0312), _p(0.51)
    ('< 0.001', '0.031', '0.51')
    """
    return "< 0.001" if p < 0.001 else f"{p:.2g}"
