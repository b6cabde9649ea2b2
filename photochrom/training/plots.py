"""A run as images: its curves, and the watched photographs as training went."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

_ROWS = 8  # of the strip, the truth's among them
BAND = 2.0
"""A game whose colorfulness is this many times the truth's, or less than 1 / it, collapsed."""
Rows = Sequence[Mapping[str, float]]


def run_curves(log: Rows, looks: Rows, title: str) -> bytes:
    """Losses, what the images are like, learning rates and utilization over the steps, as PNG."""
    figure = Figure(figsize=(9.6, 6.0), layout="constrained")
    losses, colors, game, machine = figure.subplots(2, 2).flat
    _draw(losses, log, {"loss": "all", "own": "own", "l1": "L1", "adversarial": "adversarial"})
    _draw(losses, looks, {"loss": "own, watched"}, marker=".")
    losses.set_ylim(bottom=0)
    losses.set_title("losses", fontsize=10)
    _draw(colors, looks, {"colorfulness": "colorfulness", "truth": "the truth's"}, marker=".")
    _draw(colors, looks, {"error": "mean error, ab units"}, marker=".")
    if looks:
        truth = looks[-1]["truth"]
        colors.axhspan(truth / BAND, BAND * truth, color="#00000008")
    colors.set_title("watched images", fontsize=10)
    _draw(game, log, {"accuracy": "accuracy", "discriminator": "loss"})
    game.set_title("discriminator" if game.lines else "no discriminator", fontsize=10)
    game.set_ylim(bottom=0)
    _draw(machine, log, {"cpu": "CPU", "gpu": "GPU"})
    machine.set_ylim(0, 1.05)
    machine.set_title("utilization (left), learning rates (right)", fontsize=10)
    _draw(machine.twinx(), log, {"lr": "rate", "discriminator_lr": "its rate"}, linestyle=":")
    figure.suptitle(title, fontsize=11, parse_math=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


def _draw(
    axes: Axes, rows: Rows, names: Mapping[str, str], marker: str = "", linestyle: str = "-"
) -> None:
    """The columns that hold numbers; a game that begins late leaves a gap before it."""
    for name, label in names.items():
        steps = np.array([row["step"] for row in rows])
        values = np.array([row[name] for row in rows])
        if np.isfinite(values).any():
            axes.plot(steps, values, marker=marker, linestyle=linestyle, linewidth=1, label=label)
    axes.tick_params(labelsize=8)
    if axes.lines:
        axes.legend(fontsize=8)


def strips(folder: Path) -> bytes:
    """Some of the strips in a run's `watch/`, one below the other, the truth last, as PNG."""
    looks = sorted(path for path in folder.glob("*.png") if path.stem.isdecimal())
    truth = [path for path in (folder / "truth.png",) if path.exists()]
    chosen = [looks[place] for place in _spread(len(looks), _ROWS - 1)] + truth
    figure = Figure(figsize=(9.6, 1.25 * max(1, len(chosen))), layout="constrained")
    panels = figure.subplots(max(1, len(chosen)), 1, squeeze=False)[:, 0]
    for axes in panels:
        axes.set(xticks=[], yticks=[])
    for axes, path in zip(panels, chosen, strict=False):
        with Image.open(path) as image:
            axes.imshow(np.asarray(image))
        told = "truth" if path in truth else f"step {int(path.stem):,}"
        axes.set_ylabel(told, fontsize=8, rotation=0, ha="right", va="center")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, bbox_inches="tight")
    return buffer.getvalue()


def _spread(count: int, most: int) -> list[int]:
    """At most so many places among `count`, the first and the last among them."""
    if not count:
        return []
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})
