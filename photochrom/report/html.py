"""The page, and the folder that it stands in."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from photochrom.evaluation.results import Evaluation
from photochrom.metrics import BLUE, GREEN
from photochrom.report.charts import HEIGHT, WIDTH
from photochrom.report.curves import groups
from photochrom.report.files import images_csv, numbers, pairs_csv, scores_csv, sources_csv
from photochrom.report.formatting import BY_KEY, DEFINITIONS, between, plural, told
from photochrom.report.hue_confusion import hue_maps, sector_colors, sector_names
from photochrom.report.image_grid import grid
from photochrom.report.summary import sentences
from photochrom.report.tables import (
    boards,
    costs,
    in_order,
    pair_board,
    source_metrics,
    source_pairs,
)
from photochrom.storage.atomic import write_json, write_whole

PAGE = "index.html"

_THUMB = 160
"""The side, in pixels, that an image is shown at before it is enlarged."""


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write `scores.json`, `scores.csv`, `pairs.csv`, `images.csv` and the page: its path.

    And `sources.csv` where there are scores by source; without them an older one is removed. The
    page is written last: a folder that has it has the whole report. A page that cannot be made
    leaves the folder as it was.
    """
    data = _page(evaluation).encode(errors="replace")
    page = folder / PAGE
    page.unlink(missing_ok=True)  # an older page must not stand over newer numbers
    write_json(folder / "scores.json", numbers(evaluation))
    write_whole(folder / "scores.csv", scores_csv(evaluation))
    write_whole(folder / "pairs.csv", pairs_csv(evaluation))
    write_whole(folder / "images.csv", images_csv(evaluation))
    (folder / "sources.csv").unlink(missing_ok=True)
    if evaluation.sources:
        write_whole(folder / "sources.csv", sources_csv(evaluation))
    write_whole(page, data)
    return page


def _page(evaluation: Evaluation) -> str:
    environment = Environment(
        loader=PackageLoader("photochrom", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"told": told, "between": between, "plural": plural}
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation,
        sentences=sentences(evaluation),
        boards=boards(evaluation),
        definitions=DEFINITIONS,
        costs=costs(evaluation),
        rows=in_order(evaluation),
        source_metrics=source_metrics(evaluation),
        overall={row.name: row.scores for row in evaluation.rows},
        pairs=pair_board(evaluation),
        source_pairs=source_pairs(evaluation),
        primary=BY_KEY[evaluation.primary],
        runs=max((row.seeds for row in evaluation.rows), default=1),
        groups=groups(evaluation),
        chart_size=(WIDTH, HEIGHT),
        hue_maps=hue_maps(evaluation),
        sectors=list(zip(sector_names(), sector_colors(), strict=True)),
        blue=BLUE,
        green=GREEN,
        labels={row.name: row.method for row in evaluation.rows},
        grid=grid(evaluation.examples, evaluation.size),
        thumb=min(evaluation.size, _THUMB),
    )
