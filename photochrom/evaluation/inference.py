"""How sure a score is, and whether two methods differ: intervals and tests that hold their level.

A score is a sum of what each image contributes (`photochrom.metrics.Contributions`), so its
variance over sets of as many other images is N times that of the contributions' influence, and a
difference of two methods on the same images is such a sum, too: what makes an image hard for both
cancels.

- One network each: the p-value of a pair is that of a sign-flip test. Under "the two are
  exchangeable on every image", each image's difference has either sign with probability ½; the test
  is exact for that hypothesis whatever the distribution (Fisher, "The Design of Experiments", 1935,
  section 21; scipy.stats.permutation_test with permutation_type="samples").
- Three seeds or more: images and seeds are crossed random effects. The variance of a mean over both
  is V_images + V_seeds - V_interaction, each estimated from its own means, and Student's t has
  Satterthwaite's degrees of freedom, which are near S - 1 where seeds matter. Resampling S runs
  would have (S - 1) / S of their variance and their range as limit.
- Fewer than three seeds say nothing of other seeds: then a claim is about these trained networks.

`python -m benchmarks.coverage` measures how often the intervals cover, and how often the tests err.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from photochrom.evaluation.results import Estimate
from photochrom.metrics import Contributions

LEVEL = 0.05
MIN_SEEDS = 3
"""Seeds below which nothing is said of how another training would do."""
MIN_IMAGES = 20
"""Images below which no difference is called supported."""
POWER = 0.8
"""Of a sample size that is advised: the chance that the difference is then found."""
_FLIPS = 9_999
_EXACT = 13
"""Images up to which all 2ᴺ signs are tried."""
_MOST = 10_000_000  # images that may be advised
_BLOCK = 1_000  # sign vectors at a time


class Spread(NamedTuple):
    """How a mean over images and seeds varies."""

    images: float
    """Variance by the choice of images."""
    seeds: float
    """Variance by the choice of seeds beyond that; 0 for fewer than three."""
    df: float
    """Degrees of freedom of Student's t."""

    @property
    def half(self) -> float:
        """Half of the 95 % interval; nan where the variance is unknown."""
        if math.isnan(self.images):
            return math.nan
        quantile = float(stats.t.ppf(1 - LEVEL / 2, self.df))
        return quantile * math.sqrt(self.images + self.seeds)


class Difference(NamedTuple):
    """One method's score less another's, on the same images."""

    estimate: Estimate
    flipped: Float[np.ndarray, " N"]
    """What each image contributes: their signs are flipped where seeds are too few."""
    spread: Spread
    seeds: int
    """Of the method that has fewer, a baseline having as many as it needs."""

    @property
    def p_over_seeds(self) -> float:
        """p-value by Student's t over images and seeds; nan below three seeds."""
        variance = self.spread.images + self.spread.seeds
        if self.seeds < MIN_SEEDS or math.isnan(variance):
            return math.nan
        if not variance:
            return 1.0 if not self.estimate.value else 0.0
        t = abs(self.estimate.value) / math.sqrt(variance)
        return float(2 * stats.t.sf(t, self.spread.df))


def degrees_of_freedom(influence: Float[np.ndarray, " N"]) -> float:
    """Estimate the degrees of freedom of the influence's variance: N - 1 of normal numbers.

    Fewer where some images count far more than others: the variance of a sample variance is
    (κ - 1) σ⁴ / N, and that of a scaled χ² with f degrees of freedom 2 σ⁴ / f, so f = 2 N / (κ - 1)
    with the kurtosis κ. Not fewer than N / 8: where a few images carry all of the rare bins, the
    sample's kurtosis would give intervals twice as long as needed.
    """
    images = len(influence)
    squares = np.square(influence - influence.mean())
    if not squares.any():
        return images - 1.0
    kurtosis = images * np.square(squares).sum() / squares.sum() ** 2
    return float(np.clip(2 * images / max(kurtosis - 1, 1e-9), images / 8, images - 1))


def spread(values: Sequence[float], influence: Float[np.ndarray, "S N"]) -> Spread:
    """Estimate how the mean of S values varies, each of N images.

    Args:
        values: The score of each seed.
        influence: How much each image moves it, a row a seed: `Contributions.influence`.
    """
    seeds, images = influence.shape
    mean = influence.mean(axis=0)
    if images < 2 or not np.isfinite(mean).all():
        return Spread(math.nan, 0.0, math.nan)
    correction = images / (images - 1)
    by_images = correction * float(np.square(mean - mean.mean()).sum())
    df = degrees_of_freedom(mean)
    if seeds < MIN_SEEDS:
        return Spread(by_images, 0.0, df)
    by_seeds = float(np.var(values, ddof=1)) / seeds
    interaction = correction * float(influence.var(axis=0, ddof=1).sum()) / seeds
    beyond = max(0.0, by_seeds - interaction)
    parts = by_images**2 / df + by_seeds**2 / (seeds - 1)
    return Spread(by_images, beyond, (by_images + beyond) ** 2 / parts if parts else df)


def estimate(runs: Sequence[Contributions], min_images: int = MIN_IMAGES) -> Estimate:
    """Compute a method's score, the mean over its seeds, with its 95 % interval.

    Without an interval where there are fewer than `min_images`, or no number.
    """
    values = [run.value for run in runs]
    found = spread(values, np.stack([run.influence for run in runs]))
    return _with_interval(values, found, runs[0].images >= min_images)


def _with_interval(values: Sequence[float], found: Spread, enough: bool) -> Estimate:
    mean, half = float(np.mean(values)), found.half if enough else math.nan
    return Estimate(mean, mean - half, mean + half)


def difference(
    first: Sequence[Contributions],
    second: Sequence[Contributions],
    min_images: int = MIN_IMAGES,
    *,
    baseline: bool = False,
) -> Difference:
    """Compare two methods on the same images.

    Args:
        first: One method's contributions, of each of its seeds.
        second: The other's. With as many seeds they are paired by their order, as runs of one
            seed share their data.
        min_images: Images below which there is no interval.
        baseline: Whether the second is a baseline, which has no seeds and is compared with each
            run of the first.

    Returns:
        The first's score less the second's.
    """
    ones, others, seeds = _paired(first, second, baseline)
    pairs = list(zip(ones, others, strict=True))
    values = [one.value - other.value for one, other in pairs]
    parts = np.stack([one.parts - other.parts for one, other in pairs])
    found = spread(values, np.stack([one.influence - other.influence for one, other in pairs]))
    interval = _with_interval(values, found, ones[0].images >= min_images)
    return Difference(interval, parts.mean(axis=0), found, seeds)


def _paired(
    first: Sequence[Contributions], second: Sequence[Contributions], baseline: bool
) -> tuple[Sequence[Contributions], Sequence[Contributions], int]:
    """Return as many runs of both, and how many seeds they stand for."""
    if baseline:
        return first, list(second) * len(first), len(first)
    if len(first) == len(second):
        return first, second, len(first)
    return [_mean(first)], [_mean(second)], 1


def _mean(runs: Sequence[Contributions]) -> Contributions:
    parts, influence, _ = (np.mean(each, axis=0) for each in zip(*runs, strict=True))
    return Contributions(parts, influence, runs[0].images)


def sign_flip(differences: Float[np.ndarray, "N M"], seed: int = 0) -> Float[np.ndarray, " M"]:
    """Compute the two-sided p-value of M sums of N differences under flips of their signs.

    With up to 13 images by all signs, which is exact; with more by 9,999 random ones and the
    signs as they are, which keeps the level (Phipson and Smyth, "Permutation p-values should never
    be zero", 2010).

    Args:
        differences: What each image contributes to the difference of each of M pairs.
        seed: Seeds the random signs, which all pairs share.

    Returns:
        p-values; nan where a difference is not a number.
    """
    observed = np.abs(differences.sum(axis=0))
    # Sums in another order differ by their rounding.
    least = observed - 1e-9 * np.abs(differences).sum(axis=0)
    extreme, tried = np.zeros(differences.shape[1]), 0
    for signs in _signs(len(differences), seed):
        extreme += (np.abs(signs @ differences) >= least).sum(axis=0)
        tried += len(signs)
    exact = len(differences) <= _EXACT
    p = extreme / tried if exact else (extreme + 1) / (tried + 1)
    return np.where(np.isnan(observed), np.nan, p)


def _signs(images: int, seed: int) -> Iterator[Float[np.ndarray, "R N"]]:
    if images <= _EXACT:
        numbers = np.arange(2**images)[:, None]
        yield ((numbers >> np.arange(images)) & 1) * 2.0 - 1
        return
    rng = np.random.default_rng(seed)
    for first in range(0, _FLIPS, _BLOCK):
        count = min(_BLOCK, _FLIPS - first)
        yield rng.integers(0, 2, size=(count, images)) * 2.0 - 1


def holm(p: Sequence[float]) -> list[float]:
    """Adjust the p-values of several tests so that any error among them keeps the level.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979. A p-value that is not a number counts as none.

    >>> [round(one, 3) for one in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted = [math.nan] * len(p)
    known = sorted((place for place, one in enumerate(p) if one == one), key=lambda at: p[at])
    most = 0.0
    for rank, place in enumerate(known):
        most = max(most, min(1.0, (len(known) - rank) * p[place]))
        adjusted[place] = most
    return adjusted


def images_needed(found: Difference, images: int) -> int | None:
    """Estimate how many images would find a difference of this size with a power of 80 %.

    `None` where there is no difference, where the variance is unknown, where more than ten million
    would be needed, and where the variance between seeds alone is too large: more images do not
    help then.
    """
    if not found.estimate.value or math.isnan(found.spread.images):
        return None
    reach = float(stats.norm.ppf(1 - LEVEL / 2) + stats.norm.ppf(POWER))
    left = (found.estimate.value / reach) ** 2 - found.spread.seeds
    if left <= 0:
        return None
    needed = images * found.spread.images / left
    return max(MIN_IMAGES, math.ceil(needed)) if needed < _MOST else None


def wins(better: Float[np.ndarray, " N"]) -> float:
    """Compute the share of positive numbers, a zero being half of one; nan if all are unknown.

    >>> wins(np.array([1.0, 0.0, -1.0, 2.0]))
    0.625
    """
    known = better[~np.isnan(better)]
    if not len(known):
        return math.nan
    return float(((known > 0) + (known == 0) / 2).mean())
