"""The curves of an evaluation as charts, each a group with the names of its lines."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from photochrom.evaluation.results import Evaluation
from photochrom.report.charts import TRUTH, Axis, Chart, Points, chart

_COLORS, _DASHES = 8, 4
"""Of the style sheet."""


@dataclass(frozen=True)
class Group:
    """Charts that share a heading, a note and a key."""

    heading: str
    note: str
    charts: list[Chart]
    key: dict[str, str]
    """Style of a line by its name; empty where the charts' titles are the names."""


def groups(evaluation: Evaluation) -> list[Group]:
    """All that can be drawn of this evaluation."""
    style = styles(evaluation)
    makers = (_thresholds, _sweeps, _chroma, _calibration, _training)
    return [group for make in makers if (group := make(evaluation, style))]


def styles(evaluation: Evaluation) -> dict[str, str]:
    """The classes of each row's lines: trained methods in colors, baselines in dashed grays."""
    found, counts = {TRUTH: TRUTH}, {True: 0, False: 0}
    for row in evaluation.rows:
        place = counts[row.baseline]
        colors, dashes = (1, place + 1) if row.baseline else (_COLORS, place // _COLORS)
        found[row.name] = f"{'b' if row.baseline else 'c'}{place % colors} d{dashes % _DASHES}"
        counts[row.baseline] += 1
    return found


def _key(names: Iterable[str], style: Mapping[str, str]) -> dict[str, str]:
    return {name: style.get(name, TRUTH) for name in names}


def _thresholds(evaluation: Evaluation, style: Mapping[str, str]) -> Group | None:
    found = evaluation.thresholds
    if not found:
        return None
    x, y = Axis("threshold t, ab units", 0, 150), Axis("pixels within t, %", 0, 100)
    raw: dict[str, Points] = {name: list(enumerate(one.raw)) for name, one in found.items()}
    balanced: dict[str, Points] = {n: list(enumerate(t.rebalanced)) for n, t in found.items()}
    note = (
        "Share of pixels whose ab error is within a threshold. The area under a line is its AuC; "
        "rebalanced, every true color counts alike."
    )
    charts = [chart("All pixels", x, y, raw, style), chart("Rebalanced", x, y, balanced, style)]
    return Group("AuC against threshold", note, charts, _key(found, style))


def _sweeps(evaluation: Evaluation, style: Mapping[str, str]) -> Group | None:
    found = {name: points for name, points in evaluation.sweeps.items() if points}
    if not found:
        return None
    temperatures = [one.temperature for points in found.values() for one in points]
    x = Axis("temperature", min(0.0, *temperatures), max(1.0, *temperatures))

    def by_temperature(score: str) -> dict[str, Points]:
        return {n: [(one.temperature, getattr(one, score)) for one in p] for n, p in found.items()}

    raw, balanced = by_temperature("auc_raw"), by_temperature("auc_rebalanced")
    color, truth = by_temperature("colorfulness"), evaluation.truth.get("colorfulness", math.nan)
    if math.isfinite(truth):
        color[TRUTH] = [(x.low, truth), (x.high, truth)]
    note = (
        "Every classifier's distributions decoded at other temperatures: 0 takes the likeliest "
        "bin, 1 the mean; between them vividness is traded for caution. Of a sixteenth of the "
        "pixels, at the network's own size: they lack the rarest colors, so rebalanced AuC lies "
        "above that of the table."
    )
    charts = [
        chart("Raw AuC", x, _around("%", raw), raw, style),
        chart("Rebalanced AuC", x, _around("%", balanced), balanced, style),
        chart("Colorfulness", x, _from_zero("colorfulness", color), color, style),
    ]
    return Group("Temperature", note, charts, _key(color, style))


def _values(series: Mapping[str, Points]) -> list[float]:
    found = (value for points in series.values() for _, value in points)
    return [value for value in found if math.isfinite(value)]


def _around(title: str, series: Mapping[str, Points]) -> Axis:
    """An axis that just holds the series: what matters is their shape."""
    values = _values(series) or [0.0]
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 1.0
    return Axis(title, low - room, high + room)


def _from_zero(title: str, series: Mapping[str, Points]) -> Axis:
    return Axis(title, 0, 1.1 * max(_values(series), default=0.0) or 1.0)


def _chroma(evaluation: Evaluation, style: Mapping[str, str]) -> Group | None:
    """Log: the vivid pixels are few, and they are what a cautious method leaves out."""
    names = sorted(evaluation.chroma, key=lambda name: name == TRUTH)  # truth on top
    series: dict[str, Points] = {
        name: [(2.0 * step + 1, 100 * share) for step, share in enumerate(evaluation.chroma[name])]
        for name in names
    }
    seen = [point for points in series.values() for point in points if point[1] > 0]
    if not seen:
        return None
    lowest = min(share for _, share in seen)
    floor = 10.0 ** max(-4, min(1, math.floor(math.log10(lowest))))
    x = Axis("chroma, ab units", 0, max(chroma for chroma, _ in seen) + 1)
    shown: dict[str, Points] = {
        name: [(chroma, share if share >= floor else math.nan) for chroma, share in points]
        for name, points in series.items()
    }
    note = (
        "Share of the pixels by how far they are from gray, in steps of 2 ab units. "
        "A line that falls earlier than the truth's is of desaturated images."
    )
    y = Axis("pixels, %, log scale", floor, 100, log=True)
    return Group("Chroma", note, [chart("Chroma", x, y, shown, style)], _key(shown, style))


def _calibration(evaluation: Evaluation, style: Mapping[str, str]) -> Group | None:
    found = {n: [b for b in bins if b.share > 0] for n, bins in evaluation.calibration.items()}
    found = {name: bins for name, bins in found.items() if bins}
    if not found:
        return None
    x = Axis("probability of the likeliest bin, %", 0, 100)
    y = Axis("how often it is the true one, %", 0, 100)
    lines: dict[str, Points] = {
        name: [(100 * one.confidence, 100 * one.accuracy) for one in bins]
        for name, bins in found.items()
    }
    radii = {name: [1 + 8 * math.sqrt(one.share) for one in bins] for name, bins in found.items()}
    note = (
        "On the diagonal a probability means what it says; below it the classifier is too sure. "
        "The larger a dot, the more pixels."
    )
    diagonal = [(0.0, 0.0), (100.0, 100.0)]
    drawn = chart("Calibration", x, y, lines, style, dots=radii, guide=diagonal)
    return Group("Calibration", note, [drawn], _key(found, style))


def _training(evaluation: Evaluation, _: Mapping[str, str]) -> Group | None:
    charts = [_training_curve(name, points) for name, points in evaluation.curves.items() if points]
    note = (
        "Faint as logged, strong as a running mean over a twentieth of the run. Losses of "
        "different methods have different units: compare shapes, not heights."
    )
    return Group("Training", note, charts, {}) if charts else None


def _training_curve(name: str, points: Sequence[tuple[int, float]]) -> Chart:
    """The loss over the steps; the axis begins at 0, and a loss that is not finite is a gap."""
    steps, loss = np.array(points, dtype=float).reshape(-1, 2).T
    loss = np.where(np.isfinite(loss), loss, np.nan)
    series: dict[str, Points] = {
        style: list(zip(steps.tolist(), values.tolist(), strict=True))
        for style, values in (("faint", loss), ("strong", _smooth(loss)))
    }
    x = Axis("step", 0, float(max(1, steps.max())))
    dots = {"strong": [2.5]} if len(points) == 1 else {}  # one point makes no line
    y = Axis("training loss", 0, _reach(loss))
    return chart(name, x, y, series, {one: one for one in series}, dots=dots)


def _smooth(loss: Float[np.ndarray, " P"]) -> Float[np.ndarray, " P"]:
    """The running mean, over fewer points at the ends rather than none."""
    window = np.ones(max(1, len(loss) // 20))
    return np.convolve(loss, window, "same") / np.convolve(np.ones_like(loss), window, "same")


def _reach(loss: Float[np.ndarray, " P"]) -> float:
    """Where the axis ends: above all but outliers and the first, far higher, steps."""
    settled = loss[len(loss) // 20 :]
    settled = settled[np.isfinite(settled)]
    top = float(np.percentile(settled, 99)) if len(settled) else 0.0
    return 1.1 * top if top > 0 else 1.0
