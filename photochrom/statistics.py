"""How sure a score is, and whether two methods differ: the bootstrap over pictures and seeds.

Each replicate weighs the pictures anew, and all methods by the same weights, so what makes a
picture hard for all of them cancels in their difference (Efron and Tibshirani, "An Introduction
to the Bootstrap", 1993: chapter 13 for percentile intervals, chapter 16 for pairs). The weights
are those of Rubin, "The Bayesian bootstrap", Annals of Statistics 9(1), 1981: no picture's is 0.
Drawing pictures instead would leave out the only ones of a rare bin in a third of the
replicates, and rebalanced AuC, a mean over the bins that occur, would rise with each.

A method trained with several seeds has its runs drawn with replacement; methods with as many
seeds share those draws, as runs of one seed share their data.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float

from photochrom.results import Estimate

Scores = Callable[[Float[np.ndarray, "R N"]], dict[str, Float[np.ndarray, " R"]]]
"""One run's scores under R weightings of the N pictures."""

_INTERVAL = (2.5, 97.5)  # percentiles: 95 %
_DRAWN_AT_ONCE = 4_000_000
_MOST = 10_000_000  # pictures that may be advised


def draws(pictures: int, replicates: int, seed: int) -> Iterator[Float[np.ndarray, "R N"]]:
    """The weight of each picture in each replicate, in blocks that fit memory.

    Uniform among all weights of N pictures that are positive and have a mean of 1.

    >>> [block.sum(axis=1).round(6).tolist() for block in draws(3, 2, seed=0)]
    [[3.0, 3.0]]
    """
    rng = np.random.default_rng(seed)
    rows = max(1, _DRAWN_AT_ONCE // pictures)
    for first in range(0, replicates, rows):
        count = min(rows, replicates - first)
        yield pictures * rng.dirichlet(np.ones(pictures), size=count)


def together(runs: Sequence[Scores], pictures: int) -> dict[str, float]:
    """Each score of a method: the mean of its runs', all pictures weighing alike."""
    ones = np.ones((1, pictures))
    found = [run(ones) for run in runs]
    return {key: float(np.mean([one[key][0] for one in found])) for key in found[0]}


def replicated(
    runs: Sequence[Scores], pictures: int, replicates: int, seed: int
) -> dict[str, Float[np.ndarray, " R"]]:
    """Each score of a method in every replicate: of its runs, as drawn, on weighed pictures.

    nan of a single picture, which tells nothing of others: there is no interval then.
    """
    drawn = seed_draws(len(runs), replicates, seed)
    blocks = [[run(weights) for run in runs] for weights in draws(pictures, replicates, seed)]
    found = {}
    for key in blocks[0][0]:
        by_run = np.stack(
            [np.concatenate([block[place][key] for block in blocks]) for place in range(len(runs))]
        )
        of_all = np.einsum("sr,rs->r", by_run, drawn)
        found[key] = of_all if pictures > 1 else np.full_like(of_all, math.nan)
    return found


def seed_draws(runs: int, replicates: int, seed: int) -> Float[np.ndarray, "R S"]:
    """The share that each of S runs has in each replicate; the same for methods of as many."""
    rng = np.random.default_rng([seed, runs])
    return rng.multinomial(runs, np.full(runs, 1 / runs), size=replicates) / runs


def estimate(value: float, replicates: Float[np.ndarray, " R"]) -> Estimate:
    """A score with its percentile interval; without one where no replicate is a number."""
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return Estimate(value)
    low, high = np.percentile(known, _INTERVAL)
    return Estimate(value, float(low), float(high))


def supported(difference: Estimate) -> bool:
    """Whether the interval leaves out 0."""
    return difference.low > 0 or difference.high < 0


def pictures_needed(difference: Estimate, pictures: int) -> int | None:
    """About how many pictures would settle a difference of this size, as √N narrows intervals.

    `None` where there is no difference, no interval, or no number below ten million.

    >>> pictures_needed(Estimate(1.0, -1.0, 3.0), 100)
    400
    """
    half = (difference.high - difference.low) / 2
    if not difference.value or not math.isfinite(half):
        return None
    needed = pictures * (half / difference.value) ** 2
    return math.ceil(needed) if needed < _MOST else None


def wins(better: Float[np.ndarray, " N"]) -> float:
    """The share of positive numbers, a zero being half of one; nan if all are unknown.

    >>> wins(np.array([1.0, 0.0, -1.0, 2.0]))
    0.625
    """
    known = better[~np.isnan(better)]
    if not len(known):
        return math.nan
    return float(((known > 0) + (known == 0) / 2).mean())
