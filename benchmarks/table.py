"""The last results of all benchmarks as a Markdown table: what docs/results.md holds."""

from benchmarks.__main__ import NAMES
from benchmarks.measure import load


def table() -> str:
    """One line for every row, with the command that measures it."""
    lines = ["| row | value | target | command |", "|---|---|---|---|"]
    for name in NAMES:
        for row in load(name)["rows"]:
            target = (row["target"] or "–").replace("<=", "≤").replace(">=", "≥")
            missed = "" if row["holds"] in (True, None) else ", missed"
            unit = "" if row["unit"] == "ratio" else f" {row['unit']}"
            value = f"{row['value']:.3g}{unit}"
            lines.append(f"| {row['row']} | {value} | {target}{missed} | `benchmarks.{name}` |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
