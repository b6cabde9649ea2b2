"""The ab plane as an image, PNG.

Figures are made without pyplot: nothing global is set, so any thread may draw.
"""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from skimage.color import lab2rgb


def ab_plane(
    bins: Float[np.ndarray, "Q 2"], step: float, values: Mapping[str, Float[np.ndarray, " Q"]]
) -> bytes:
    """The bins painted in their own colors, then by each of `values`.

    A bin whose value is not finite (log p where p = 0) is hatched in light gray.
    """
    figure, (own, *panels) = _panels(1 + len(values), width=4.6, height=4.2)
    reach = float(np.abs(bins).max() + step)
    for axes in (own, *panels):
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="a")
        axes.set_ylabel("b", rotation=0)
    squares = _squares(bins, step)
    lab = np.concatenate([np.full((len(bins), 1), 60.0), bins], axis=1)
    own.add_collection(_painted(squares, facecolors=lab2rgb(lab[None])[0]))
    own.set_title(f"{len(bins)} bins at L = 60")
    for axes, (title, value) in zip(panels, values.items(), strict=True):
        _paint(axes, squares, value, np.isfinite(value))
        axes.set_title(title, parse_math=False)
    return _png(figure)


def _paint(
    axes: Axes,
    squares: Float[np.ndarray, "Q 4 2"],
    value: Float[np.ndarray, " Q"],
    known: Bool[np.ndarray, " Q"],
) -> None:
    painted = _painted(squares[known], array=value[known], cmap="viridis")
    axes.add_collection(painted)
    axes.add_collection(
        PolyCollection(
            list(squares[~known]),
            facecolor="#eeeeee",
            edgecolor="#bbbbbb",
            linewidth=0.4,
            hatch="/////",
        )
    )
    if known.any():  # a color bar needs a range
        axes.figure.colorbar(painted, ax=axes, shrink=0.8)


def _painted(squares: Float[np.ndarray, "_ 4 2"], **how: Any) -> PolyCollection:
    """Squares without seams: an antialiased edge would let the ground shine through."""
    return PolyCollection(list(squares), antialiased=False, linewidth=0, **how)


def _squares(bins: Float[np.ndarray, "Q 2"], step: float) -> Float[np.ndarray, "Q 4 2"]:
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (step / 2)
    return bins[:, None] + corners


def _panels(count: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A row of axes, each of `width` × `height` inches."""
    figure = Figure(figsize=(width * count, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    return buffer.getvalue()
