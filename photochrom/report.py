"""An evaluation → a folder: one self-contained page, and the numbers as JSON and CSV."""

import base64
import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from photochrom.evaluate import Evaluation, Example, PictureScore, Row
from photochrom.files import write_json, write_whole
from photochrom.images import png_bytes
from photochrom.plots import training_curve

PAGE = "index.html"

_PAGE_BYTES = 15_000_000
"""What the pictures may weigh before they become JPEG."""
_PNG_SIZE = 192
"""The largest side that is shown as PNG: larger ones become JPEG."""
_DIGITS = {"auc_raw": 2, "auc_rebalanced": 2, "psnr": 2, "ssim": 3}
"""The columns in which more is better, and the decimals they are told with."""

Shown = list[tuple[str, dict[str, str]]]
"""The examples by picture, each a data URI by title."""


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write `scores.json`, `scores.csv`, `pictures.csv` and the page, whose path is returned.

    The page is written last: a folder that has it has the whole report. A page that cannot be
    made leaves the folder as it was.
    """
    data = _page(evaluation).encode(errors="replace")
    page = folder / PAGE
    page.unlink(missing_ok=True)  # an older page must not stand over newer numbers
    write_json(folder / "scores.json", _finite(_numbers(evaluation)))
    write_whole(folder / "scores.csv", _csv(evaluation.rows, Row))
    write_whole(folder / "pictures.csv", _csv(evaluation.pictures, PictureScore))
    write_whole(page, data)
    return page


def _numbers(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "rows": [asdict(row) for row in evaluation.rows],
        "pictures": [asdict(score) for score in evaluation.pictures],
        "skipped": [asdict(one) for one in evaluation.skipped],
        "truth_colorfulness": evaluation.truth_colorfulness,
        "counted": evaluation.counted,
        "size": evaluation.size,
        "curves": evaluation.curves,
        "provenance": evaluation.provenance,
    }


def _finite(value: Any) -> Any:
    """The same with null for what JSON has no number for, and no broken text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_finite(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


def _csv(rows: Sequence[Any], kind: type[Any]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [field.name for field in fields(kind)])
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return buffer.getvalue().encode(errors="replace")


def _page(evaluation: Evaluation) -> str:
    environment = Environment(
        loader=PackageLoader("photochrom", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    methods = _methods(evaluation)
    lossless, shown = _grid(evaluation.examples, evaluation.size)
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation,
        sentences=sentences(evaluation),
        rows=sorted(evaluation.rows, key=lambda row: row.baseline),
        labels={row.name: row.method for row in evaluation.rows},
        # One method alone leads nothing.
        leaders={c: _leaders(methods, c) if len(methods) > 1 else [] for c in _DIGITS},
        titles=list(evaluation.examples[0].images) if evaluation.examples else [],
        examples=shown,
        lossless=lossless,
        curves={
            name: _data_uri(training_curve(points, ""), "png")  # the page tells the name
            for name, points in evaluation.curves.items()
            if points
        },
        number=_number,
    )


def _grid(examples: Sequence[Example], size: int) -> tuple[bool, Shown]:
    """Whether the examples are shown lossless, and how."""
    if size <= _PNG_SIZE:
        shown = _shown(examples, "png", png_bytes)
        if sum(len(uri) for _, images in shown for uri in images.values()) <= _PAGE_BYTES:
            return True, shown
    return False, _shown(examples, "jpeg", _jpeg)


def _shown(
    examples: Sequence[Example], kind: str, encode: Callable[[UInt8[np.ndarray, "H W 3"]], bytes]
) -> Shown:
    return [
        (one.picture, {title: _data_uri(encode(rgb), kind) for title, rgb in one.images.items()})
        for one in examples
    ]


def _jpeg(rgb: UInt8[np.ndarray, "H W 3"]) -> bytes:
    """The picture as JPEG with colour at full size, as colour is what is looked at."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=90, subsampling="4:4:4")
    return buffer.getvalue()


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _number(value: float | None, digits: int) -> str:
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.{digits}f}".replace("-", "−")


def _methods(evaluation: Evaluation) -> list[Row]:
    return [row for row in evaluation.rows if not row.baseline]


def _leaders(methods: Sequence[Row], column: str) -> list[str]:
    """Who shares the highest value, told as the table tells it: a hidden digit is no lead."""
    told = {row.name: round(getattr(row, column), _DIGITS[column]) for row in methods}
    best = max((value for value in told.values() if not math.isnan(value)), default=math.nan)
    return [name for name, value in told.items() if value == best]


def sentences(evaluation: Evaluation) -> list[str]:
    """What the numbers say, in words that claim no more than they do."""
    methods = _methods(evaluation)
    grey = next((row for row in evaluation.rows if row.name == "grey"), None)
    said = [_on_leading(methods)]
    if methods and grey:
        said.append(_on_grey(methods, grey))
    if methods:
        said.append(_on_color(methods, evaluation.truth_colorfulness))
    if grey:
        said.append(_on_psnr(methods, grey))
    return [*said, _CAUTION]


_CAUTION = "No confidence intervals are given: small differences mean nothing."


def _on_leading(methods: Sequence[Row]) -> str:
    if not methods:
        return "No trained method was evaluated: the rows below are baselines."
    leaders = _leaders(methods, "auc_rebalanced")
    if not leaders:
        return "No trained method has a rebalanced AuC that is a number."
    ordered = sorted(methods, key=lambda row: row.name not in leaders)
    best = _number(ordered[0].auc_rebalanced, 2)
    if len(methods) == 1:
        return f"{leaders[0]}, the one trained method, has a rebalanced AuC of {best}."
    verb = "has" if len(leaders) == 1 else "share"
    return f"{_joined(leaders)} {verb} the highest rebalanced AuC of the trained methods: {best}."


def _on_grey(methods: Sequence[Row], grey: Row) -> str:
    base = round(grey.auc_rebalanced, 2)
    above = [row for row in methods if round(row.auc_rebalanced, 2) > base]
    than = f"above grey ({_number(base, 2)}) in rebalanced AuC"
    if len(above) < len(methods):
        return f"{_share(len(above), len(methods))} {than}."
    least = min(above, key=lambda row: row.auc_rebalanced)
    lead = _number(round(least.auc_rebalanced, 2) - base, 2)
    return (
        f"{_share(len(above), len(methods))} {than}; the smallest lead, of {least.name}, is {lead}."
    )


def _on_color(methods: Sequence[Row], truth: float) -> str:
    nearest = min(methods, key=lambda row: abs(row.colorfulness - truth))
    duller = sum(row.colorfulness < truth for row in methods)
    return (
        f"{_share(duller, len(methods))} less colourful than the true pictures, at "
        f"{_number(truth, 1)} on average; {nearest.name} comes nearest, at "
        f"{_number(nearest.colorfulness, 1)}."
    )


def _on_psnr(methods: Sequence[Row], grey: Row) -> str:
    beaten = sum(grey.psnr > row.psnr for row in methods)
    score = f"PSNR rewards no colour: grey, which has none, scores {_number(grey.psnr, 2)} dB"
    if not beaten:
        return f"{score}."
    whom = "every" if beaten == len(methods) else f"{beaten} of {len(methods)}"
    return f"{score}, above {whom} trained method{'' if whom == 'every' else 's'}."


def _share(count: int, total: int) -> str:
    """The subject and verb of a sentence on `count` of the `total` trained methods.

    >>> _share(3, 3), _share(1, 3), _share(0, 1)
    ('All 3 trained methods are', '1 of 3 trained methods is', 'The trained method is not')
    """
    if total == 1:
        return "The trained method is" if count else "The trained method is not"
    if count in (0, total):
        every = "Both" if total == 2 else f"All {total}"
        return f"{every} trained methods are" if count else "No trained method is"
    return f"{count} of {total} trained methods {'is' if count == 1 else 'are'}"


def _joined(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
