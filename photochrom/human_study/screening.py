"""Which raters and answers count: attention checks, and pairs that were visible for one second."""

from collections.abc import Sequence
from typing import NamedTuple

from photochrom.errors import AnswersError
from photochrom.human_study.answers import Answer, Answers

MAX_FAILED = 0.2
"""Fraction of attention checks above which a rater is excluded."""


class Excluded(NamedTuple):
    """A rater who is left out."""

    rater: str
    reason: str


class Screened(NamedTuple):
    """What counts."""

    raters: dict[str, list[Answer]]
    """Counted answers of each rater that is kept."""
    excluded: list[Excluded]
    hidden: int
    """Answers to pairs that were not visible for about one second, left out."""


def screen(answers: Sequence[Answers], *, max_failed: float = MAX_FAILED) -> Screened:
    """Leave out raters who failed attention checks, and pairs that were not seen for one second.

    Args:
        answers: The sessions, as `read_answers` returns them.
        max_failed: Fraction of a rater's attention checks that may be failed: 1 keeps everyone.

    Raises:
        ValueError: If `max_failed` is not within 0 to 1.
    """
    if not 0 <= max_failed <= 1:
        raise AnswersError(f"max_failed must be from 0 to 1, got {max_failed:g}")
    raters, excluded, hidden = {}, [], 0
    checked = any(answer.kind == "attention" for one in answers for answer in one.answers)
    for one in answers:
        reason = _reason(one, max_failed, checked)
        if reason:
            excluded.append(Excluded(one.rater, reason))
            continue
        tests = [answer for answer in one.answers if answer.kind == "test"]
        raters[one.rater] = [answer for answer in tests if answer.seen]
        hidden += len(tests) - len(raters[one.rater])
    return Screened(raters, excluded, hidden)


def _reason(one: Answers, max_failed: float, checked: bool) -> str:
    """Say why a rater is excluded; nothing for one who is kept."""
    checks = [answer for answer in one.answers if answer.kind == "attention" and answer.seen]
    if checked and not checks:
        return "answered no attention check"
    failed = sum(answer.fooled for answer in checks)
    if failed > max_failed * len(checks):
        return f"failed {failed} of {len(checks)} attention checks, more than {max_failed:.0%}"
    return ""
