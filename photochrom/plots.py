"""Pictures of numbers, as PNG: training curves and the ab plane."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from skimage.color import lab2rgb


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


def training_curve(points: Sequence[tuple[int, float]], title: str) -> bytes:
    """The loss over the steps, faint as logged and smoothed over a twentieth of the run."""
    steps, loss = np.array(points, dtype=float).reshape(-1, 2).T
    figure = Figure(figsize=(4.2, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(steps, loss, color="#7a9cc6", alpha=0.45, linewidth=0.8)
    window = max(1, len(loss) // 20)
    smooth = np.convolve(loss, np.ones(window) / window, mode="valid")
    axes.plot(steps[window - 1 :], smooth, color="#1f4e8c", linewidth=1.6)
    settled = loss[len(loss) // 20 :]  # the first steps are far above and would flatten the rest
    axes.set_ylim(0, 1.1 * float(np.percentile(settled, 99)))
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("step", fontsize=9)
    axes.set_ylabel("training loss", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def ab_plane(
    bins: Float[np.ndarray, "Q 2"], step: float, values: Mapping[str, Float[np.ndarray, " Q"]]
) -> bytes:
    """The bins painted in their own colours, then by each of `values`; -inf is hatched."""
    figure = Figure(figsize=(4.6 * (len(values) + 1), 4.2), layout="constrained")
    panels = figure.subplots(1, len(values) + 1)
    lab = np.concatenate([np.full((len(bins), 1), 60.0), bins], axis=1)
    own = PatchCollection(_squares(bins, step), facecolors=lab2rgb(lab[None])[0])
    panels[0].add_collection(own)
    panels[0].set_title(f"{len(bins)} bins at L = 60")
    for axes, (title, value) in zip(panels[1:], values.items(), strict=True):
        seen = np.isfinite(value)
        painted = PatchCollection(_squares(bins[seen], step), cmap="viridis")
        painted.set_array(value[seen])
        axes.add_collection(painted)
        axes.add_collection(
            PatchCollection(
                _squares(bins[~seen], step), facecolor="#eeeeee", edgecolor="#bbbbbb", hatch="///"
            )
        )
        figure.colorbar(painted, ax=axes, shrink=0.8)
        axes.set_title(title)
    reach = float(np.abs(bins).max() + step)
    for axes in panels:
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="a")
        axes.set_ylabel("b", rotation=0)
    return _png(figure)


def _squares(bins: Float[np.ndarray, "Q 2"], step: float) -> list[Rectangle]:
    return [Rectangle((a - step / 2, b - step / 2), step, step) for a, b in bins]
