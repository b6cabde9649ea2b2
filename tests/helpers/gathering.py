"""Scores put together, for tests that make them in parts."""

from photochrom.metrics import Gathered


def gathered(*parts, most=None):
    """The scores of all parts in their order; `most` is how many images there is room for."""
    found = Gathered(sum(map(len, parts)) if most is None else most)
    for part in parts:
        found.add(part)
    return found.all()
