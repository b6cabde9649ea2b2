"""Which images a report shows: some whatever their scores, and some because of them."""

from typing import Literal

import numpy as np
from jaxtyping import Float

Why = Literal["random", "best", "worst", "disagree"]
_CHOSEN = 4  # of each kind


def chosen(errors: Float[np.ndarray, "rows N"], random: int) -> list[tuple[Why, int]]:
    """Places of images: the first `random` ones, whose order was shuffled, then by error.

    best and worst: the lowest and highest error, the mean over rows; disagree: the largest
    difference between two rows.

    >>> chosen(np.array([[1.0, 5.0, 2.0], [1.0, 5.0, 4.0]]), random=1)[:3]
    [('random', 0), ('best', 0), ('best', 2)]
    """
    rows, images = errors.shape
    found: list[tuple[Why, int]] = [("random", place) for place in range(min(random, images))]
    if not rows:
        return found
    mean = np.nan_to_num(errors.mean(axis=0), nan=np.inf)
    ordered = np.argsort(mean, kind="stable").tolist()
    found += [("best", place) for place in ordered[:_CHOSEN]]
    found += [("worst", place) for place in ordered[::-1][:_CHOSEN]]
    if rows > 1:
        spread = np.nan_to_num(np.ptp(errors, axis=0), nan=0.0)
        found += [
            ("disagree", int(place)) for place in np.argsort(-spread, kind="stable")[:_CHOSEN]
        ]
    return found
