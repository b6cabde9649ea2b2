"""Learning rates over a run, as shares of their peak."""

import math
from typing import Literal

_WARM_UP = 0.02  # share of the run


def cosine(fraction: float) -> float:
    """Warm-up over the first 2 % of the run, then a cosine to zero (Loshchilov and Hutter 2017).

    >>> [cosine(f) for f in (0.0, 0.02, 0.51, 1.0)]
    [0.0, 1.0, 0.5, 0.0]
    """
    if fraction < _WARM_UP:
        return fraction / _WARM_UP
    return round((1 + math.cos(math.pi * (fraction - _WARM_UP) / (1 - _WARM_UP))) / 2, 12)


def steps(fraction: float) -> float:
    """A tenth from half of the run on, a hundredth from three quarters on.

    >>> [steps(f) for f in (0.0, 0.49, 0.5, 0.75)]
    [1.0, 1.0, 0.1, 0.01]
    """
    return 1.0 if fraction < 0.5 else 0.1 if fraction < 0.75 else 0.01


def factor(schedule: Literal["cosine", "step", "plateau", "constant"], fraction: float) -> float:
    """The share of the peak at a share of the run; a plateau is left to the watched loss."""
    return {"cosine": cosine, "step": steps}.get(schedule, lambda _: 1.0)(fraction)
