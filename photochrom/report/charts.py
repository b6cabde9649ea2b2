"""Lines in a frame, laid out for a small inline SVG that takes the page's own colors and type."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 10, 38
_MOST = 500
"""Points of a line, which is as wide as about that many pixels."""

TRUTH = "truth"
"""The style, and among the series the name, of the true images."""

Points = Sequence[tuple[float, float]]


class Tick(NamedTuple):
    """Where on the axis, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One series: `style` is a class of the page's style sheet."""

    style: str
    parts: list[str]
    """`points` of a polyline each: a value that is no number leaves a gap."""
    dots: list[tuple[float, float, float]]
    """x, y and radius."""


@dataclass(frozen=True)
class Chart:
    """What the template draws."""

    title: str
    x_title: str
    y_title: str
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    guide: list[str]
    """Likewise, of a line to compare with."""


class Axis(NamedTuple):
    """What an axis is called and where it begins and ends."""

    title: str
    low: float
    high: float
    log: bool = False

    def ticks(self) -> list[tuple[float, str]]:
        """Round values within the axis, as text without a needless digit."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [(10.0**power, f"{10.0**power:g}") for power in powers]
        values = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        slack = 1e-9 * (self.high - self.low)
        inside = (v for v in values if self.low - slack <= v <= self.high + slack)
        return [(float(v), f"{v:,.10g}".replace("-", "−")) for v in inside]

    def share(self, value: float) -> float:
        """How far along the axis, from 0 to 1; nan for what is not on it."""
        low, high = self.low, self.high
        if self.log:
            if value <= 0:
                return math.nan
            value, low, high = (math.log10(one) for one in (value, low, high))
        return (value - low) / (high - low)


def chart(
    title: str,
    x: Axis,
    y: Axis,
    series: Mapping[str, Points],
    styles: Mapping[str, str],
    *,
    dots: Mapping[str, Sequence[float]] | None = None,
    guide: Points = (),
) -> Chart:
    """Each of `series` as a line in the style of its name.

    `dots` gives the radii of a series' points, where they are shown; `guide` is a line to
    compare the others with.
    """

    def across(value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * x.share(value)

    def down(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * y.share(value)

    lines = []
    for name, points in series.items():
        placed = [(across(one), down(two)) for one, two in _thinned(points)]
        shown = zip(placed, (dots or {}).get(name, []), strict=False)
        known = [(*at, radius) for at, radius in shown if math.isfinite(sum(at))]
        lines.append(Line(styles.get(name, TRUTH), list(_parts(placed)), known))
    return Chart(
        title=title,
        x_title=x.title,
        y_title=y.title,
        lines=lines,
        x_ticks=[Tick(across(value), text) for value, text in x.ticks()],
        y_ticks=[Tick(down(value), text) for value, text in y.ticks()],
        guide=list(_parts((across(one), down(two)) for one, two in guide)),
    )


def _thinned(points: Points) -> Points:
    return points[:: max(1, math.ceil(len(points) / _MOST))]


def _parts(placed: Iterable[tuple[float, float]]) -> Iterable[str]:
    """The points between gaps."""
    part: list[str] = []
    for across, down in placed:
        if math.isfinite(across + down):
            part.append(f"{across:.1f},{down:.1f}")
            continue
        if part:
            yield " ".join(part)
        part = []
    if part:
        yield " ".join(part)
