"""Hue confusion as small heat maps: where each true hue went."""

import math
from dataclasses import dataclass

import numpy as np
from skimage.color import lab2rgb

from photochrom.evaluation.results import Evaluation
from photochrom.metrics import SECTORS
from photochrom.report.formatting import BY_KEY, between, told

_FAINTEST = 0.5
"""The share, in percent, from which a cell can be told from an empty one."""


@dataclass(frozen=True)
class HueMap:
    """The confusion of one row of the table."""

    name: str
    cells: list[tuple[int, int, float]]
    """True sector, predicted sector and share in percent, of those that can be seen."""
    green_for_blue: str
    """The score and its interval, or nothing."""


def hue_maps(evaluation: Evaluation) -> list[HueMap]:
    """One for each row that has a matrix."""
    scores = {row.name: row.scores.get("green_for_blue") for row in evaluation.rows}
    maps = []
    for name, matrix in evaluation.hue.items():
        cells = [
            (true, predicted, share)
            for true, shares in enumerate(matrix)
            for predicted, share in enumerate(shares)
            if math.isfinite(share) and share >= _FAINTEST
        ]
        score, digits = scores.get(name), BY_KEY["green_for_blue"].digits
        said = f"{told(score.value, digits)} %" if score else ""
        if score and (interval := between(score, digits)):
            said += f" ({interval})"
        maps.append(HueMap(name, cells, said))
    return maps


def sector_colors() -> list[str]:
    """Each sector's middle at L = 65 and chroma 45, in CSS; then gray."""
    angle = np.deg2rad(30 * np.arange(SECTORS) + 15)
    ab = 45 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    lab = np.concatenate([np.full((SECTORS, 1), 65.0), ab], axis=-1)
    lab = np.concatenate([lab, [[65.0, 0.0, 0.0]]])
    return [f"rgb({r} {g} {b})" for r, g, b in (lab2rgb(lab) * 255).round().astype(int).tolist()]


def sector_names() -> list[str]:
    """What a reader calls them: degrees of hue, and gray."""
    return [*(f"{30 * place}–{30 * place + 30}°" for place in range(SECTORS)), "gray"]
