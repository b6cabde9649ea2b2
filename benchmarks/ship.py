"""A finished run as a model that comes with photochrom, in 16 bit, and its scores.

python -m benchmarks.ship RUN NAME TEMPERATURE [MU]   writes photochrom/assets/models/NAME; a
    classifier that learned by rebalancing weights w then weighs by 1 + μ · w, by its bias
python -m benchmarks.ship REPORT                 writes the scores of a report of photochrom
    evaluate into the config.json and the card of each model that has a row in it, and prints
    them, and those by source, for docs/results.md
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import torch

from photochrom.files import write_json, write_whole
from photochrom.models import Colorizer, names, read_config
from photochrom.models.saved import CARD, CONFIG, SHIPPED
from photochrom.prior import PriorFile

_SCORES = {
    "auc_raw": ("raw AuC", 2),
    "auc_rebalanced": ("rebalanced AuC", 2),
    "colorfulness": ("colourfulness", 1),
    "psnr": ("PSNR, dB", 2),
    "ssim": ("SSIM", 3),
    "delta_e": ("ΔE ab", 2),
}
_PRIOR = "photographs"  # that they are trained with
_BY_SOURCE = ("auc_raw", "auc_rebalanced")
_BASELINES = ("grey", "random", "ceiling")
_TABLE = re.compile(r"(?<=<!-- scores -->\n).*?(?=<!-- end of scores -->)", re.DOTALL)


def model(run: Path, name: str, temperature: float, mu: float | None) -> None:
    """Write a run's model under its name.

    A loss that weighs bin q by w_q teaches p_q · w_q, of which the mean makes the rebalanced error
    small and lets the raw one grow. p_q · (1 + μ · w_q) is for the raw error and μ times the
    rebalanced one together: log(μ + 1 / w_q) more in the logits. After Menon et al., "Long-tail
    learning via logit adjustment", ICLR 2021.
    """
    colorizer, training = Colorizer.load(run), read_config(run)["training"]
    colorizer.temperature = temperature
    training["config"] |= {"temperature": temperature, "encoder_weights": "imagenet"}
    if mu is not None:
        file = PriorFile.load(_PRIOR)
        weights = torch.from_numpy(file.prior.weights(file.uniform)).float()
        bias = colorizer.network.head.bias
        assert bias is not None
        assert file.prior.gamut.same_as(colorizer.gamut)
        with torch.no_grad():
            bias += (mu + 1 / weights).log()
        training["adjusted"] = mu
    colorizer.save(SHIPPED / name, training, half=True)


def scores(report: Path) -> None:
    """Write the scores of a report into the models that it is about."""
    told = json.loads((report / "scores.json").read_text("utf-8"))
    rows = {row["name"]: row["scores"] for row in told["rows"]}
    table = _table({name: rows[name] for name in (*names(), *_BASELINES) if name in rows})
    for name in names():
        if name in rows:
            config = read_config(SHIPPED / name)
            config["scores"] = {key: rows[name][key] for key in _SCORES}
            config["scored"] = {"pictures": told["counted"], "size": told["size"]}
            write_json(SHIPPED / name / CONFIG, config)
            card = (SHIPPED / name / CARD).read_text("utf-8")
            write_whole(SHIPPED / name / CARD, _TABLE.sub(lambda _: table, card).encode())
    print(table)
    print(_by_source(told["sources"], [*(name for name in names() if name in rows), "grey"]))


def _table(rows: dict[str, dict[str, dict[str, float]]]) -> str:
    """The scores in Markdown, each with its interval."""
    lines = ["| | " + " | ".join(title for title, _ in _SCORES.values()) + " |"]
    lines.append("|---" * (len(_SCORES) + 1) + "|")
    for name, row in rows.items():
        cells = (
            "{value:.{0}f} ({low:.{0}f}–{high:.{0}f})".format(digits, **row[key])
            for key, (_, digits) in _SCORES.items()
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _by_source(sources: list[dict[str, Any]], rows: list[str]) -> str:
    """Raw AuC, rebalanced AuC and colourfulness of each source's pictures, in Markdown."""
    shown = [(row, key) for row in rows for key in (*_BY_SOURCE, "colorfulness")]
    shown = shown[:-1] if rows[-1] == "grey" else shown
    titles = [f"{row}: {_SCORES[key][0]}" for row, key in shown]
    lines = [f"| source | pictures | true colourfulness | {' | '.join(titles)} |"]
    lines.append("|---" * (len(titles) + 3) + "|")
    for one in sources:
        cells = [f"{one['scores'][row][key]['value']:.1f}" for row, key in shown]
        true = f"{one['true_colorfulness']:.1f}"
        lines.append(f"| {one['source']} | {one['pictures']} | {true} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        mu = float(sys.argv[4]) if len(sys.argv) > 4 else None
        model(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), mu)
    else:
        scores(Path(sys.argv[1]))
