"""A finished run as a model that comes with photochrom, in 16 bit, and its scores.

python -m benchmarks.ship RUN NAME    writes photochrom/assets/models/NAME; photochrom tune sets its
    temperature, adjustment or gain before
python -m benchmarks.ship REPORT      writes the scores of a report of photochrom
    evaluate into the config.json and the card of each model that has a row in it, and prints
    them, and those by source, for docs/results.md
"""

import re
import sys
from pathlib import Path

from benchmarks import report_table
from photochrom.evaluation.methods import BASELINES
from photochrom.models import Colorizer, names, read_config
from photochrom.models.io.checkpoint import CARD, CONFIG, SHIPPED
from photochrom.storage.atomic import write_json, write_whole

_TABLE = re.compile(r"(?<=<!-- scores -->\n).*?(?=<!-- end of scores -->)", re.DOTALL)


def model(run: Path, name: str) -> None:
    """Write a run's model under its name, in 16 bit."""
    colorizer, training = Colorizer.load(run), read_config(run)["training"]
    training["config"] |= {"temperature": colorizer.temperature, "encoder_weights": "imagenet"}
    colorizer.save(SHIPPED / name, training, half=True)


def scores(report: Path) -> None:
    """Write the scores of a report into the models that it is about."""
    told = report_table.read(report)
    rows = {row["name"]: row["scores"] for row in told["rows"]}
    shown = {name: rows[name] for name in (*names(), *BASELINES) if name in rows}
    table = report_table.scores(shown)
    for name in names():
        if name in rows:
            config = read_config(SHIPPED / name)
            config["scores"] = {key: rows[name][key] for key in report_table.SCORES}
            config["scored"] = {"images": told["counted"], "size": told["size"]}
            write_json(SHIPPED / name / CONFIG, config)
            card = (SHIPPED / name / CARD).read_text("utf-8")
            write_whole(SHIPPED / name / CARD, _TABLE.sub(lambda _: table, card).encode())
    print(table)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        model(Path(sys.argv[1]), sys.argv[2])
    else:
        scores(Path(sys.argv[1]))
