"""Answers of raters: files of the human-study page, checked.

A file holds one session, as JSON or CSV. JSON:

    {"format": "photochrom human study answers", "version": 1, "study": "…", "rater": "…",
     "session": "…", "complete": true, "answers": [{"trial": 1, "kind": "practice" | "test" |
     "attention", "image": "…", "method": "…" | null, "real": "left" | "right",
     "answer": "left" | "right", "shown_ms": 1000.1 | null, "shown_px": 256 | null,
     "answer_ms": 640}, …]}

CSV has a row for each answer, and repeats in it what JSON has once. `shown_ms` is null where the
page was closed while the pair was visible. Whatever a file holds, it is data: nothing of it is run.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from photochrom.errors import AnswersError as AnswersError
from photochrom.image_io import printable
from photochrom.storage.atomic import parse_json

FORMAT = "photochrom human study answers"
VERSION = 1
SHOWN_MS = (750.0, 1500.0)
"""Display times between which a pair counts as seen for one second."""
_MAX_BYTES = 50_000_000
_MAX_TEXT = 4096  # characters of a name
_KINDS = ("practice", "test", "attention")
_SIDES = ("left", "right")


class Answer(NamedTuple):
    """What a rater said of one pair."""

    trial: int
    """Its number in the rater's session, from 1 on."""
    kind: str
    """practice, test or attention."""
    image: str
    method: str | None
    """None in an attention check."""
    real: str
    """The side of the true photograph: left or right."""
    answer: str
    """The side that the rater took for the photograph."""
    shown_ms: float | None
    """Measured display time; None where the page was closed meanwhile."""

    @property
    def fooled(self) -> bool:
        """Whether the rater took the colorization for the photograph."""
        return self.answer != self.real

    @property
    def seen(self) -> bool:
        """Whether the pair was visible for about one second."""
        low, high = SHOWN_MS
        return self.shown_ms is not None and low <= self.shown_ms <= high


@dataclass(frozen=True)
class Answers:
    """One rater's session."""

    study: str
    rater: str
    session: str
    answers: tuple[Answer, ...]
    files: tuple[str, ...]
    """Where it was read from; several if one session was downloaded more than once."""


def read_answers(paths: Sequence[Path]) -> list[Answers]:
    """Read files of answers, all of one study.

    Files of one session are merged: the longer one holds the shorter one.

    Raises:
        AnswersError: If a file holds no answers in this format, files are of different studies, or
            a rater has two sessions.
    """
    if not paths:
        raise AnswersError("expected at least one file of answers, got none: name one")
    found: dict[str, Answers] = {}
    for path in paths:
        one = _read(path)
        first = next(iter(found.values()), one)
        if one.study != first.study:
            raise AnswersError(
                f"{one.files[0]}: expected study {first.study} as in {first.files[0]}, got "
                f"{one.study}: judge one study at a time"
            )
        other = found.get(one.rater)
        found[one.rater] = one if other is None else _merged(other, one)
    return list(found.values())


def _merged(first: Answers, second: Answers) -> Answers:
    """Return the longer of two files of one session."""
    short, long = sorted((first, second), key=lambda one: len(one.answers))
    same = short.session == long.session
    if not same or short.answers != long.answers[: len(short.answers)]:
        raise AnswersError(
            f"{second.files[0]}: expected one session of rater {first.rater}, got another than in "
            f"{first.files[0]}: keep one file"
        )
    return Answers(long.study, long.rater, long.session, long.answers, first.files + second.files)


def _read(path: Path) -> Answers:
    place = printable(str(path))
    if not path.is_file():
        raise AnswersError(f"{place}: expected a file of answers, found none: check its name")
    with open(path, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise AnswersError(f"{place}: expected at most 50 MB of answers, got more: check its name")
    data = data.removeprefix(b"\xef\xbb\xbf")  # as a spreadsheet writes CSV
    if data.lstrip()[:1] == b"{":
        return _checked(place, *_of_json(data, place))
    return _checked(place, *_of_csv(data, place))


def _of_json(data: bytes, place: str) -> tuple[Mapping[str, Any], Sequence[Any]]:
    try:
        value = parse_json(data, place, "answers of a human study")
    except ValueError as error:
        raise AnswersError(printable(f"{error}: download them again")) from None
    rows = value.get("answers")
    if not isinstance(rows, list):
        raise AnswersError(_unlike(place, "a list of answers", rows))
    return value, rows


def _of_csv(data: bytes, place: str) -> tuple[Mapping[str, Any], Sequence[Any]]:
    """Return the columns of a session, the same in all rows, and the rows with their numbers."""
    what = "answers of a human study as JSON or CSV"
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))
    except (ValueError, csv.Error):
        raise AnswersError(_unlike(place, what, "text that is neither")) from None
    if not rows or rows[0].get("format") != FORMAT:
        raise AnswersError(_unlike(place, what, "a file without them"))
    columns = ("format", "version", "study", "rater", "session")
    head = {key: rows[0].get(key) for key in columns}
    if any(row.get(key) != head[key] for row in rows for key in columns):
        raise AnswersError(_unlike(place, "one session", "rows of several"))
    return head | {"version": _number(head["version"])}, [_typed(row) for row in rows]


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    method = row.get("method") or None
    return dict(row) | {
        "method": method,
        "trial": _number(row.get("trial")),
        "shown_ms": None if row.get("shown_ms") == "" else _number(row.get("shown_ms")),
    }


def _number(text: Any) -> Any:
    """Return the number that a text shows, or the text."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return text
    return int(value) if value.is_integer() else value


def _checked(place: str, head: Mapping[str, Any], rows: Sequence[Any]) -> Answers:
    """Build what the file says, or raise `AnswersError`."""
    if head.get("format") != FORMAT:
        raise AnswersError(_unlike(place, f"format {FORMAT}", head.get("format")))
    if head.get("version") != VERSION or isinstance(head.get("version"), bool):
        raise AnswersError(_unlike(place, f"version {VERSION}", head.get("version")))
    study, rater, session = (_name(place, key, head) for key in ("study", "rater", "session"))
    answers = tuple(_answer(f"{place}: answer {n}", row) for n, row in enumerate(rows, 1))
    numbers = [one.trial for one in answers]
    if len(set(numbers)) < len(numbers):
        raise AnswersError(_unlike(place, "one answer to each trial", "several to one"))
    return Answers(study, rater, session, answers, (place,))


def _answer(place: str, row: Any) -> Answer:
    if not isinstance(row, dict):
        raise AnswersError(_unlike(place, "an object", row))
    kind = _choice(place, "kind", row, _KINDS)
    method = None if kind == "attention" else _name(place, "method", row)
    real, answer = (_choice(place, key, row, _SIDES) for key in ("real", "answer"))
    shown = row.get("shown_ms")
    if shown is not None and not _is_number(shown):
        raise AnswersError(_unlike(place, "shown_ms in milliseconds", shown))
    trial = row.get("trial")
    if type(trial) is not int or trial < 1:
        raise AnswersError(_unlike(place, "trial as a number from 1 on", trial))
    return Answer(trial, kind, _name(place, "image", row), method, real, answer, shown)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < math.inf


def _name(place: str, key: str, row: Mapping[str, Any]) -> str:
    """Return a text of the row, with nothing that a terminal would obey."""
    value = row.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise AnswersError(_unlike(place, f"{key} as text", value))
    return printable(value)


def _choice(place: str, key: str, row: Mapping[str, Any], allowed: Sequence[str]) -> str:
    value = row.get(key)
    if value not in allowed or not isinstance(value, str):
        raise AnswersError(_unlike(place, f"{key} {' or '.join(allowed)}", value))
    return value


def _unlike(place: str, expected: str, got: Any) -> str:
    text = str(got)
    shown = printable(text if len(text) <= 60 else f"{text[:59]}…")
    return f"{place}: expected {expected}, got {shown}: download the answers again"
