"""Models side by side on the photographs that come with photochrom, as one image.

Every fourth sample in the order of their names, none chosen by how it looks, at a short side
of 128 and cut to a square. Arguments: models, and the image to write last.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from photochrom.color.lab import compose
from photochrom.data import CenterSquares, collate
from photochrom.image_io import find
from photochrom.models import Colorizer

_SAMPLES = Path(__file__).parents[1] / "photochrom" / "assets" / "samples"
_SIZE, _EVERY = 128, 4


def main() -> None:
    """Colorize and draw."""
    *runs, output = map(Path, sys.argv[1:])
    squares = CenterSquares(find([str(_SAMPLES)]).images[::_EVERY], size=_SIZE)
    batch = collate([squares[place] for place in range(len(squares))])
    columns = {"gray input": torch.zeros_like(batch.ab), "truth": batch.ab}
    with torch.inference_mode():
        columns |= {_title(run.resolve()): Colorizer.load(run).predict(batch.L) for run in runs}
    figure = Figure(figsize=(1.35 * len(columns), 1.42 * len(batch.names)), layout="constrained")
    grid = np.asarray(figure.subplots(len(batch.names), len(columns)))
    for (title, ab), axes_below in zip(columns.items(), grid.T, strict=True):
        axes_below[0].set_title(title, fontsize=9)
        for axes, rgb in zip(axes_below, compose(batch.L, ab), strict=True):
            axes.imshow(rgb.movedim(0, -1).numpy())
            axes.set_axis_off()
    figure.savefig(output, dpi=110, pil_kwargs={"quality": 88})
    print(output)


def _title(run: Path) -> str:
    """The run's name; that of its method where a study trained it with several seeds."""
    return run.parent.name if run.name.startswith("seed-") else run.name


if __name__ == "__main__":
    main()
