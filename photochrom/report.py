"""An evaluation → a folder: one self-contained page, and the numbers as JSON and CSV."""

import base64
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from photochrom.evaluate import Evaluation, PictureScore, Row
from photochrom.files import write_json, write_whole
from photochrom.images import png_bytes
from photochrom.plots import training_curve

PAGE = "index.html"


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write `scores.json`, `scores.csv`, `pictures.csv` and the page, whose path is returned.

    The page is written last: a folder that has it has the whole report.
    """
    write_json(folder / "scores.json", _finite(_numbers(evaluation)))
    write_whole(folder / "scores.csv", _csv(evaluation.rows, Row))
    write_whole(folder / "pictures.csv", _csv(evaluation.pictures, PictureScore))
    page = folder / PAGE
    write_whole(page, _page(evaluation).encode(errors="replace"))
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
    labels = {row.name: row.method for row in evaluation.rows}
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation,
        sentences=sentences(evaluation),
        best=_best(evaluation),
        titles=list(evaluation.examples[0].images) if evaluation.examples else [],
        examples=[
            (example.picture, {t: _data_uri(png_bytes(i)) for t, i in example.images.items()})
            for example in evaluation.examples
        ],
        curves={
            name: _data_uri(training_curve(points, labels.get(name, name)))
            for name, points in evaluation.curves.items()
            if points
        },
        number=_number,
    )


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _number(value: float | None, digits: int) -> str:
    if value is None or math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else f"{value:.{digits}f}"


def _best(evaluation: Evaluation) -> dict[str, str]:
    """The method that leads each column in which more is better."""
    methods = [row for row in evaluation.rows if not row.baseline]
    columns = ("auc_raw", "auc_rebalanced", "psnr", "ssim")
    return {c: max(methods, key=lambda row: getattr(row, c)).name for c in columns if methods}


def sentences(evaluation: Evaluation) -> list[str]:
    """What the numbers say, in words that claim no more than they do."""
    methods = [row for row in evaluation.rows if not row.baseline]
    if not methods:
        return ["No trained method was evaluated; the rows below are baselines."]
    grey = next(row for row in evaluation.rows if row.name == "grey")
    best = max(methods, key=lambda row: row.auc_rebalanced)
    above = [row for row in methods if row.auc_rebalanced > grey.auc_rebalanced]
    truth = evaluation.truth_colorfulness
    nearest = min(methods, key=lambda row: abs(row.colorfulness - truth))
    said = [
        f"{best.name} has the highest rebalanced AuC of the trained methods: "
        f"{best.auc_rebalanced:.1f}, with grey at {grey.auc_rebalanced:.1f}; "
        + (
            "every trained method is above grey."
            if len(above) == len(methods)
            else f"{len(above)} of {len(methods)} trained methods are above grey."
        ),
        f"The true pictures have a colourfulness of {truth:.1f}; {nearest.name} comes nearest "
        f"with {nearest.colorfulness:.1f}.",
        f"A grey picture scores {_number(grey.psnr, 1)} dB: PSNR does not reward colour.",
        f"These are means over {evaluation.counted} pictures without intervals; differences of "
        "a point or less between methods should not be read as findings.",
    ]
    return said
