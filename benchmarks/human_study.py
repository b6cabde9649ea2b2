"""How often the 95 % intervals of fooled rates cover, and how often their tests err, by simulation.

Raters and images have normal effects on the logit scale; images also one for each method. A rater
sees each image once, with a random method, as the page assigns it; one rater in five stops halfway.
Each row is the lowest and the highest over designs, rates and effects.
"""

import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from benchmarks.measure import Row, report
from photochrom.human_study.rates import FooledRate, Pairwise, Trials, fooled_rate, pairwise

RATES = (0.13, 0.32, 0.5)
EFFECTS = ((0.0, 0.0, 0.0), (0.5, 0.7, 0.7), (1.0, 0.3, 0.3), (0.2, 1.0, 1.0))
"""Standard deviations of raters, images, and images with one method, on the logit scale."""
DESIGNS = ((20, 4), (40, 2), (100, 4))
"""Images and methods."""
_REPEATS = 800


class Found(NamedTuple):
    """Of the simulated studies: what held how often."""

    covered: float
    """Intervals of a rate that hold the rate."""
    differences: float
    """Intervals of a difference that hold it: 0."""
    given: float
    """Studies with an interval of the rate."""


def simulate(
    rate: float,
    effects: tuple[float, float, float],
    design: tuple[int, int, int],
    rng: np.random.Generator,
) -> Trials:
    """Draw one study in which all methods fool equally often.

    Args:
        rate: Over the population of raters and images.
        effects: Standard deviations, as in `EFFECTS`.
        design: Raters, images, methods.
        rng: Draws everything.
    """
    raters, images, methods = design
    by_rater, by_image, by_both = effects
    logit = _intercept(rate, float(np.linalg.norm(effects)))
    logits = logit + rng.normal(0, by_rater, (raters, 1)) + rng.normal(0, by_image, images)
    own = rng.normal(0, by_both, (methods, images))
    method = rng.permuted(np.tile(np.arange(images) % methods, (raters, 1)), axis=1)
    fooled = rng.random((raters, images)) < expit(logits + own[method, np.arange(images)])
    answered = np.ones((raters, images), dtype=bool)
    answered[::5, images // 2 :] = False
    shown = {str(m): (answered & (method == m)).astype(float) for m in range(methods)}
    return Trials(shown, {name: one * fooled for name, one in shown.items()})


@cache
def _intercept(rate: float, deviation: float) -> float:
    """Find the logit at which the mean over normal effects is `rate`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()

    def excess(logit: float) -> float:
        return float(weights @ expit(logit + deviation * nodes)) - rate

    return float(brentq(excess, -20, 20))


def measure(
    rate: float,
    effects: tuple[float, float, float],
    design: tuple[int, int, int],
    repeats: int,
    seed: int = 0,
) -> Found:
    """Simulate studies, and count what their intervals hold."""
    rng = np.random.default_rng(seed)
    studies = [simulate(rate, effects, design, rng) for _ in range(repeats)]
    rates = [fooled_rate(method, study) for study in studies for method in ("0", "1")]
    pairs = [pairwise("0", "1", study) for study in studies]
    given = [_holds(one, rate) for one in rates if not one.why]
    differences = [_holds(one, 0.0) for one in pairs if not one.why]
    return Found(
        float(np.mean(given)) if given else np.nan,
        float(np.mean(differences)) if differences else np.nan,
        len(given) / len(rates),
    )


def _holds(found: FooledRate | Pairwise, truth: float) -> bool:
    return found.low <= truth <= found.high


def _rows(raters: int, repeats: int) -> Iterator[Row]:
    cases = product(RATES, EFFECTS, DESIGNS)
    found = [
        measure(rate, effects, (raters, *design), repeats, seed)
        for seed, (rate, effects, design) in enumerate(cases)
    ]
    low, high = _extremes([one.covered for one in found])
    name = f"fooled rate, {raters} raters, 20 to 100 images: coverage of the 95 % interval"
    yield Row.of(f"{name}, lowest", low, ">= 0.92")
    yield Row.of(f"{name}, highest", high)
    low, high = _extremes([one.differences for one in found])
    name = f"difference of fooled rates, {raters} raters: coverage"
    yield Row.of(f"{name}, lowest", low, ">= 0.92")
    yield Row.of(f"{name}, highest", high)


def _extremes(values: list[float]) -> tuple[float, float]:
    return float(np.nanmin(values)), float(np.nanmax(values))


def main() -> None:
    """Measure, print and write the rows."""
    repeats = int(sys.argv[1]) if sys.argv[1:] else _REPEATS
    rows = [row for raters in (5, 10, 30) for row in _rows(raters, repeats)]
    given = [measure(rate, EFFECTS[1], (3, 100, 2), 50).given for rate in RATES]
    rows.append(Row.of("fooled rate, 3 raters: studies with an interval", max(given), "<= 0"))
    report("human_study", rows)


if __name__ == "__main__":
    main()
