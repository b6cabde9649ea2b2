"""What is compared: trained models, pictures that others made, and the baselines."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.color import compose, lab_from_rgb
from photochrom.data import Batch
from photochrom.metrics import AucCounts, Likelihood, colorfulness, likelihood
from photochrom.models import Colorizer, read_config
from photochrom.predictions import Predictions
from photochrom.quantize import Gamut, soft_encode, soft_mean

SWEEP = (0.0, 0.1, 0.2, 0.3, 0.38, 0.5, 0.7, 1.0)
"""Temperatures that every classifier is decoded at."""
_SWEPT = 4  # of the network's own pixels, each 4th of each 4th row: enough for shares and means

_CEILING = {"k": 5, "sigma": 5.0, "temperature": 0.38}
BASELINES = {
    "grey": "ab = 0",
    "random": "another picture's ab",
    "ceiling": "true ab, encoded and decoded (k = 5, σ = 5, T = 0.38)",
}


@dataclass(frozen=True, eq=False)
class Contender:
    """A row of the comparison, or one run of a row, and what is told about it."""

    source: Colorizer | Predictions
    label: str
    method: str | None = None
    """The row that it is a run of, with other runs of other seeds; `None`: a row by itself."""
    seed: int = 0
    steps: int | None = None
    minutes: float | None = None
    megabytes: int | None = None
    """The most memory that training took."""
    own_L: bool = False
    """Of predictions: judge the pictures as they are, not their ab with the true L."""

    def reordered(self, order: Sequence[int]) -> "Contender":
        """The same for pictures in another order."""
        if isinstance(self.source, Colorizer):
            return self
        return replace(self, source=self.source.reordered(order))


def trained(model: str | Path, *, method: str | None = None, seed: int = 0) -> Contender:
    """A model as `evaluate` takes it, by name, folder or URL; `ValueError` if it is none."""
    training = read_config(model).get("training", {})
    return Contender(
        Colorizer.load(model),
        label=str(training.get("label", "trained elsewhere")),
        method=method,
        seed=seed,
        steps=training.get("steps"),
        minutes=training.get("minutes"),
        megabytes=training.get("megabytes"),
    )


def by_row(contenders: Mapping[str, Contender]) -> dict[str, list[str]]:
    """The names of the runs of each row."""
    rows: dict[str, list[str]] = {}
    for name, contender in contenders.items():
        rows.setdefault(contender.method or name, []).append(name)
    return rows


def first_runs(contenders: Mapping[str, Contender]) -> dict[str, Contender]:
    """One run of each row, to be looked at."""
    return {row: contenders[names[0]] for row, names in by_row(contenders).items()}


def bins_of(contender: Contender) -> int | None:
    """How many bins a classifier's distributions are over; `None` of what has none."""
    source = contender.source
    if isinstance(source, Colorizer) and source.architecture.method == "classification":
        return len(source.gamut)
    return None


class Colors(NamedTuple):
    """One method's colours of a batch, and the 8-bit pictures that are shown of them."""

    ab: Float[Tensor, "B 2 H W"]
    rgb: UInt8[Tensor, "B 3 H W"]
    L: Float[Tensor, "B 1 H W"]
    milliseconds: float = 0.0
    """Of making them, all pictures together."""
    likelihood: Likelihood | None = None
    sweep: "Sweep | None" = None


@dataclass(frozen=True, eq=False)
class Sweep:
    """A classifier at several temperatures: counts that add up, and colourfulness by picture."""

    counts: list[AucCounts]
    colorful: list[list[float]]

    def __add__(self, later: "Sweep") -> "Sweep":
        return Sweep(
            [a + b for a, b in zip(self.counts, later.counts, strict=True)],
            [a + b for a, b in zip(self.colorful, later.colorful, strict=True)],
        )


def colors(
    contender: Contender,
    batch: Batch,
    places: Sequence[int],
    gamut: Gamut,
    *,
    swept: bool = True,
) -> Colors:
    """What a contender makes of a batch, whose pictures stand at `places`.

    A classifier's distribution, and its sweep if asked for, come from the one pass of its
    network.
    """
    source = contender.source
    if isinstance(source, Predictions):
        rgb = source.squares(places, batch.L.shape[-1])
        lab = lab_from_rgb(rgb.float() / 255)
        if contender.own_L:
            return Colors(lab[:, 1:], rgb, lab[:, :1])
        return of_ab(batch, lab[:, 1:])
    start = time.perf_counter()
    seen = source.working(batch.L)
    features = source.features(seen)
    ab = source.as_large_as(source.colors(features, seen), batch.L)
    spent = 1e3 * (time.perf_counter() - start)
    made = of_ab(batch, ab)._replace(milliseconds=spent)
    if source.architecture.method == "regression":
        return made
    truth = _reduced(batch.ab, features)
    head = source.network.head
    assert head.bias is not None
    told = likelihood(features, head.weight.flatten(1), head.bias, source.gamut, truth)
    made = made._replace(likelihood=told)
    if not swept:
        return made
    L = _reduced(batch.L, features)
    return made._replace(sweep=_sweep(source, features, L, truth, gamut))


def _reduced(
    values: Float[Tensor, "B C H W"], features: Float[Tensor, "B F h w"]
) -> Float[Tensor, "B C h w"]:
    """The values at the size of the features, as the network's input is reduced."""
    return torch.nn.functional.interpolate(
        values, features.shape[-2:], mode="bilinear", antialias=True
    )


def _sweep(
    model: Colorizer,
    features: Float[Tensor, "B F h w"],
    L: Float[Tensor, "B 1 h w"],
    truth: Float[Tensor, "B 2 h w"],
    gamut: Gamut,
) -> Sweep:
    features, L, truth = (value[..., ::_SWEPT, ::_SWEPT] for value in (features, L, truth))
    decoded = model.decode(features, SWEEP)
    return Sweep(
        [AucCounts.of(ab, truth, gamut) for ab in decoded],
        [colorfulness(compose(L, _shown(ab))).tolist() for ab in decoded],
    )


def baselines(
    batch: Batch, borrowed: Float[Tensor, "B 2 H W"], gamut: Gamut
) -> Mapping[str, Colors]:
    """The rows that every table needs; `borrowed` is the ab of another picture each."""
    code = soft_encode(batch.ab, gamut, k=int(_CEILING["k"]), sigma=_CEILING["sigma"])
    made = {
        "grey": torch.zeros_like(batch.ab),
        "random": borrowed,
        "ceiling": soft_mean(code, gamut, _CEILING["temperature"]),
    }
    return {name: of_ab(batch, ab) for name, ab in made.items()}


def of_ab(batch: Batch, ab: Float[Tensor, "B 2 H W"]) -> Colors:
    """ab with the batch's own L."""
    return Colors(ab, compose(batch.L, _shown(ab)), batch.L)


def _shown(ab: Float[Tensor, "*batch 2 H W"]) -> Float[Tensor, "*batch 2 H W"]:
    """ab as a picture can show it: grey where it is no finite number."""
    return ab.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
