"""Pictures of numbers, as PNG: training curves and the ab plane.

Figures are made without pyplot: nothing global is set, so any thread may draw.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from skimage.color import lab2rgb

_FAINT, _STRONG = "#9db8d8", "#1f4e8c"


def training_curve(points: Sequence[tuple[int, float]], title: str) -> bytes:
    """The loss over the steps: faint as logged, strong as smoothed over a twentieth of the run.

    The axis begins at 0. A loss that is not finite leaves a gap; no points leave it empty.
    """
    steps, loss = np.array(points, dtype=float).reshape(-1, 2).T
    loss = np.where(np.isfinite(loss), loss, np.nan)
    figure, (axes,) = _panels(1, width=4.2, height=2.6)
    marker = "o" if len(points) == 1 else ""  # one point makes no line
    axes.plot(steps, loss, color=_FAINT, linewidth=0.8, marker=marker)
    axes.plot(steps, _smooth(loss), color=_STRONG, linewidth=1.6)
    axes.set_ylim(0, _reach(loss))
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.set_xlabel("step", fontsize=9)
    axes.set_ylabel("training loss", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def _smooth(loss: Float[np.ndarray, " P"]) -> Float[np.ndarray, " P"]:
    """The running mean, over fewer points at the ends rather than none."""
    if not len(loss):
        return loss
    window = np.ones(max(1, len(loss) // 20))
    return np.convolve(loss, window, "same") / np.convolve(np.ones_like(loss), window, "same")


def _reach(loss: Float[np.ndarray, " P"]) -> float:
    """Where the axis ends: above all but outliers and the first, far higher, steps."""
    settled = loss[len(loss) // 20 :]
    settled = settled[np.isfinite(settled)]
    top = float(np.percentile(settled, 99)) if len(settled) else 0.0
    return 1.1 * top if top > 0 else 1.0


def ab_plane(
    bins: Float[np.ndarray, "Q 2"], step: float, values: Mapping[str, Float[np.ndarray, " Q"]]
) -> bytes:
    """The bins painted in their own colours, then by each of `values`.

    A bin whose value is not finite (log p where p = 0) is hatched in light grey.
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
    if known.any():  # a colour bar needs a range
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
