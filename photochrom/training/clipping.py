"""Gradient clipping by a fixed norm, or by the norms that were measured in this run.

One fixed threshold is not fair to methods whose losses have other units: it may clip every step
of one and none of another. AutoClip (Seetharaman, Wichern, Pardo and Le Roux, "AutoClip:
Adaptive gradient clipping for source separation networks", MLSP 2020) clips to a percentile of the
norms seen so far, so about the same share of the steps of each method is clipped. Here "so far" is
the last 1,000 steps, because norms shrink as training goes.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

WINDOW = 1000
"""Steps whose norms a percentile is taken of."""


class GradientClipper:
    """Clip the gradients of one optimizer, and count the steps that were clipped."""

    def __init__(self, norm: float, percentile: float) -> None:
        self.norm, self.percentile = norm, percentile
        self.norms: deque[float] = deque(maxlen=WINDOW)
        self.steps, self.clipped = 0, 0

    def clip(self, parameters: Iterable[Tensor]) -> tuple[float, bool]:
        """Scale the gradients down where their norm is above the threshold.

        Returns:
            The norm before clipping, and whether it was above the threshold.
        """
        having = [p for p in parameters if p.grad is not None]
        total = torch.nn.utils.get_total_norm([p.grad for p in having if p.grad is not None])
        norm = float(total)
        threshold = self.threshold(norm)
        clipped = norm > threshold
        if clipped:
            torch.nn.utils.clip_grads_with_norm_(having, threshold, total)
        self.steps += 1
        self.clipped += clipped
        return norm, clipped

    def threshold(self, norm: float) -> float:
        """Return the largest norm that is left alone; `norm` is that of this step."""
        if self.norm:
            return self.norm
        if not self.percentile or not math.isfinite(norm):
            return math.inf
        self.norms.append(norm)
        return float(np.percentile(self.norms, self.percentile))

    @property
    def share(self) -> float:
        """Fraction of the steps that were clipped; nan before the first."""
        return self.clipped / self.steps if self.steps else math.nan

    def state_dict(self) -> dict[str, Any]:
        """Return all that a resumed run needs to clip as this one would."""
        return {"norms": list(self.norms), "steps": self.steps, "clipped": self.clipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.norms = deque(state["norms"], maxlen=WINDOW)
        self.steps, self.clipped = int(state["steps"]), int(state["clipped"])
