"""How often each method fooled raters, with intervals over images and raters.

Images and raters are crossed random effects, unbalanced: a rater sees each image with one method.
The variance of a rate is clustered by both, V = V_images + V_raters - V_pairs (Cameron, Gelbach and
Miller, "Robust Inference with Multiway Clustering", Journal of Business & Economic Statistics
29(2), 2011), each part with G / (G - 1) for its G clusters, and Student's t has the fewer of images
and raters, less 1, as degrees of freedom. V is a difference and may come out too small, even
negative: it is kept at a third of V_pairs or more.

The interval of a rate is Wilson's, with t in place of the normal quantile and p (1 - p) / V in
place of the number of trials (Dean and Pagano, "Evaluating Confidence Interval Methods for Binomial
Proportions in Clustered Surveys", Journal of Survey Statistics and Methodology 3(4), 2015); its
p-value against 50 % inverts it. The interval of a difference is t times its standard error.

`python -m benchmarks.human_study` measures how often the intervals cover. Below 5 raters or 10
images none is given: three raters would need a variance of three numbers.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from photochrom.evaluation.inference import LEVEL, holm
from photochrom.human_study.answers import Answer, Answers, AnswersError
from photochrom.human_study.screening import MAX_FAILED, screen

MIN_RATERS = 5
"""Raters below which there is no interval."""
MIN_IMAGES = 10
"""Images seen with a method below which there is no interval."""
PUBLISHED = {
    "Zhang et al. 2016, full method": 0.323,
    "Zhang et al. 2016, classification without rebalancing": 0.252,
    "Zhang et al. 2016, L2 regression": 0.212,
    "Zhang et al. 2016, random image's color": 0.130,
}
"""Fooled rates of "Colorful Image Colorization", ECCV 2016, table 1: other images and raters."""
_FLOOR = 1 / 3
_CHANCE = 0.5


class FooledRate(NamedTuple):
    """How often raters took a method's colorization for the photograph."""

    method: str
    fooled: float
    """Fraction of trials; 0.5 would be indistinguishable from a photograph."""
    low: float
    """Of the 95 % interval; nan where there is none."""
    high: float
    trials: int
    raters: int
    images: int
    p: float
    """Two-sided p-value against 0.5; nan where there is no interval."""
    adjusted: float
    """p adjusted for the number of methods by Holm."""
    why: str
    """Why there is no interval; empty where there is one."""


class Pairwise(NamedTuple):
    """One method's fooled rate less another's."""

    first: str
    second: str
    difference: float
    low: float
    """Of the 95 % interval; nan where there is none."""
    high: float
    p: float
    """Two-sided p-value against no difference; nan where there is no interval."""
    adjusted: float
    """p adjusted for the number of pairs by Holm."""
    why: str
    """Why there is no interval; empty where there is one."""


class Trials(NamedTuple):
    """Trials of all methods, raters by images."""

    shown: dict[str, Float[np.ndarray, "R N"]]
    """For each method how often a rater saw it on an image: 0 or 1, from one page."""
    fooled: dict[str, Float[np.ndarray, "R N"]]
    """For each method how often the colorization was taken for the photograph."""


class _Spread(NamedTuple):
    """How an estimate varies over raters and images."""

    variance: float
    raters: int
    images: int

    @property
    def df(self) -> int:
        return min(self.raters, self.images) - 1

    @property
    def why(self) -> str:
        """Say why there is no interval; nothing where there is one."""
        if self.raters < MIN_RATERS:
            return f"fewer than {MIN_RATERS} raters"
        if self.images < MIN_IMAGES:
            return f"fewer than {MIN_IMAGES} images"
        return "" if self.variance > 0 else "all answers are alike"

    @property
    def quantile(self) -> float:
        return float(stats.t.ppf(1 - LEVEL / 2, self.df))

    def p(self, t: float) -> float:
        return float(2 * stats.t.sf(abs(t), self.df))


def judge(answers: Sequence[Answers], *, max_failed: float = MAX_FAILED) -> list[FooledRate]:
    """Compute each method's fooled rate, highest first.

    Args:
        answers: The sessions, as `read_answers` returns them.
        max_failed: Fraction of attention checks above which a rater is excluded: see `screen`.

    Raises:
        AnswersError: If no trial counts.
    """
    trials = _counted(answers, max_failed)
    rates = [fooled_rate(method, trials) for method in trials.shown]
    adjusted = holm([rate.p for rate in rates])
    rates = [rate._replace(adjusted=p) for rate, p in zip(rates, adjusted, strict=True)]
    return sorted(rates, key=lambda rate: (-rate.fooled, rate.method))


def compare(answers: Sequence[Answers], *, max_failed: float = MAX_FAILED) -> list[Pairwise]:
    """Compute the differences of all pairs of methods, each the higher rate less the lower.

    Args:
        answers: The sessions, as `read_answers` returns them.
        max_failed: Fraction of attention checks above which a rater is excluded: see `screen`.

    Raises:
        AnswersError: If no trial counts.
    """
    trials = _counted(answers, max_failed)
    order = [rate.method for rate in judge(answers, max_failed=max_failed)]
    pairs = [pairwise(first, second, trials) for first, second in combinations(order, 2)]
    adjusted = holm([pair.p for pair in pairs])
    return [pair._replace(adjusted=p) for pair, p in zip(pairs, adjusted, strict=True)]


def _counted(answers: Sequence[Answers], max_failed: float) -> Trials:
    kept, excluded, hidden = screen(answers, max_failed=max_failed)
    if not any(kept.values()):
        first = f" (first {excluded[0].rater}, who {excluded[0].reason})" if excluded else ""
        raise AnswersError(
            f"expected at least one answer that counts, got none: excluded raters {len(excluded)}"
            f"{first}, pairs not visible for one second {hidden}: collect more answers"
        )
    return _tabulated(kept)


def _tabulated(raters: Mapping[str, Sequence[Answer]]) -> Trials:
    every = [one for given in raters.values() for one in given]
    images = {name: place for place, name in enumerate(sorted({one.image for one in every}))}
    methods = sorted({one.method for one in every if one.method is not None})
    shape = len(raters), len(images)
    trials = Trials(*({method: np.zeros(shape) for method in methods} for _ in range(2)))
    for row, given in enumerate(raters.values()):
        for one in given:
            if one.method is not None:
                trials.shown[one.method][row, images[one.image]] += 1
                trials.fooled[one.method][row, images[one.image]] += one.fooled
    return trials


def fooled_rate(method: str, trials: Trials) -> FooledRate:
    """Compute one method's fooled rate with its interval; `adjusted` is left at p."""
    shown = trials.shown[method]
    number, rate = int(shown.sum()), _rate(method, trials)
    found = _spread(_influence(method, trials), shown > 0)
    counts = number, found.raters, found.images
    if found.why:
        return FooledRate(method, rate, *(math.nan,) * 2, *counts, *(math.nan,) * 2, found.why)
    effective = rate * (1 - rate) / found.variance
    low, high = _wilson(rate, effective, found.quantile)
    p = found.p((rate - _CHANCE) * math.sqrt(effective) / _CHANCE)
    return FooledRate(method, rate, low, high, *counts, p, p, "")


def pairwise(first: str, second: str, trials: Trials) -> Pairwise:
    """Compute the difference of two methods with its interval; `adjusted` is left at p."""
    difference = _rate(first, trials) - _rate(second, trials)
    seen = [trials.shown[method] > 0 for method in (first, second)]
    spreads = [
        _spread(_influence(m, trials), s) for m, s in zip((first, second), seen, strict=True)
    ]
    both = _spread(_influence(first, trials) - _influence(second, trials), seen[0] | seen[1])
    fewest = (min(getattr(one, key) for one in spreads) for key in ("raters", "images"))
    found = _Spread(both.variance, *fewest)
    if found.why:
        return Pairwise(first, second, difference, *(math.nan,) * 4, found.why)
    error = math.sqrt(found.variance)
    half, p = found.quantile * error, found.p(difference / error)
    return Pairwise(first, second, difference, difference - half, difference + half, p, p, "")


def _rate(method: str, trials: Trials) -> float:
    return float(trials.fooled[method].sum() / trials.shown[method].sum())


def _influence(method: str, trials: Trials) -> Float[np.ndarray, "R N"]:
    """Return how much each pair of a rater and an image moves the method's rate."""
    shown = trials.shown[method]
    influence: np.ndarray = trials.fooled[method] - _rate(method, trials) * shown
    return influence / float(shown.sum())


def _spread(influence: Float[np.ndarray, "R N"], seen: Bool[np.ndarray, "R N"]) -> _Spread:
    raters, images = (int(seen.any(axis=axis).sum()) for axis in (1, 0))
    by_raters = _clustered(influence.sum(axis=1), raters)
    by_images = _clustered(influence.sum(axis=0), images)
    by_pairs = _clustered(influence.ravel(), int(seen.sum()))
    return _Spread(max(by_raters + by_images - by_pairs, _FLOOR * by_pairs), raters, images)


def _clustered(sums: Float[np.ndarray, " G"], clusters: int) -> float:
    """Compute the variance by the sums of clusters' influences, of which some may be absent."""
    return float(np.square(sums).sum()) * clusters / max(clusters - 1, 1)


def _wilson(rate: float, trials: float, quantile: float) -> tuple[float, float]:
    """Compute Wilson's interval.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.

    >>> low, high = _wilson(0.5, 16, 2.0)  # 1/2 ± 2 √(1/64 + 1/256) / (1 + 4/16)
    >>> round(low, 4), round(high, 4)
    (0.2764, 0.7236)
    """
    square = quantile**2 / trials
    middle = (rate + square / 2) / (1 + square)
    half = quantile * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials)) / (1 + square)
    return middle - half, middle + half
