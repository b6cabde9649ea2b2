"""Other definitions of AuC in use, of the row "gray" on the photographs that come with photochrom.

Prints the rows of the table in docs/metrics.md; with --write it puts them there.
"""

import re
import sys
from pathlib import Path

from photochrom.config import EvaluateConfig
from photochrom.evaluation.evaluate import evaluate
from photochrom.image_io import find
from photochrom.metrics import AUC_READINGS

_ROOT = Path(__file__).parents[1]
_TABLE = re.compile(r"(?<=<!-- readings -->\n).*?(?=<!-- end of readings -->)", re.DOTALL)
_OURS = {"auc_raw": ("auc_raw",), "auc_rebalanced": ("auc_rebalanced", "auc_weighted")}
"""By score of ours the beginnings of the names of those that are read otherwise."""


def table() -> str:
    """Return the rows in Markdown."""
    samples = _ROOT / "photochrom" / "assets" / "samples"
    found = evaluate({}, find([str(samples)]).images, EvaluateConfig(examples=0))
    gray = next(row for row in found.rows if row.name == "gray")
    lines = []
    for name, others in _OURS.items():
        lines.append(f"| `{name}` | **ours** | | {gray.scores[name].value:.1f} |")
        lines += [
            f"| `{key}` | {reading.what} | {reading.source or 'no public code known'} | "
            f"{found.readings['gray'][key]:.1f} |"
            for key, reading in AUC_READINGS.items()
            if key.startswith(others)
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the rows, or write them."""
    rows, page = table(), _ROOT / "docs" / "metrics.md"
    print(rows, end="")
    if "--write" in sys.argv:
        text = page.read_text("utf-8")
        page.write_text(_TABLE.sub(lambda _: rows, text), "utf-8")


if __name__ == "__main__":
    main()
