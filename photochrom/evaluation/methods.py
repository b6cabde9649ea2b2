"""What is compared: trained models, images that other programs made, and the baselines."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from photochrom.data import Batch
from photochrom.evaluation.baselines import Constant
from photochrom.evaluation.external_predictions import Predictions
from photochrom.evaluation.squares import (
    Seen,
    in_gamut,
    lab_of,
    painted,
    read_page,
    scaled,
    square_of,
)
from photochrom.image_io import ImageError, Page, SourceImage
from photochrom.metrics import AucCounts, Likelihood, colorfulness, likelihood
from photochrom.models import Colorizer, read_config
from photochrom.quantize import Gamut, soft_encode, soft_mean

SWEEP = (0.0, 0.1, 0.2, 0.3, 0.38, 0.5, 0.7, 1.0)
"""Temperatures that every classifier is decoded at."""
_SWEPT = 4  # of the network's own pixels, each 4th of each 4th row: enough for shares and means

_BOUND = {"k": 5, "sigma": 5.0, "temperature": 0.38}
BASELINES = {
    "gray": "ab = 0",
    "constant": "one color for every pixel, the best by the training prior",
    "random-image": "another image's ab",
    "prior-sample": "for every pixel a color drawn from the training prior",
    "bound": "true ab, encoded and decoded (k = 5, σ = 5, T = 0.38)",
}
"""The rows that every table has: what a method must beat, and what none can."""


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
    images_seen: int | None = None
    clipped: float | None = None
    """Fraction of its training steps whose gradients were clipped."""
    selected_on: str | None = None
    """Digest of the images that its options or decoding were chosen on."""
    megabytes: int | None = None
    """The most memory that training took."""
    own_L: bool = False
    """Of predictions: judge the images as they are, not their ab with the true L."""

    def reordered(self, order: Sequence[int]) -> "Contender":
        """The same for images in another order."""
        if isinstance(self.source, Colorizer):
            return self
        return replace(self, source=self.source.reordered(order))


def trained(model: str | Path, *, method: str | None = None, seed: int = 0) -> Contender:
    """A model as `evaluate` takes it, by name, folder or URL; `ValueError` if it is none."""
    training = read_config(model).get("training", {})
    config, steps = training.get("config"), training.get("steps")
    batch = None
    if isinstance(config, dict):  # 0.1 named it otherwise
        batch = config.get("batch_size", config.get("batch"))
    return Contender(
        Colorizer.load(model),
        label=str(training.get("label", "trained elsewhere")),
        method=method,
        seed=seed,
        steps=training.get("steps"),
        minutes=training.get("minutes"),
        images_seen=steps * batch if steps and batch else None,
        clipped=training.get("clipped"),
        selected_on=(training.get("selection") or {}).get("images"),
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
    """One method's images of a batch, as they are scored and shown."""

    rgb: UInt8[Tensor, "B 3 H W"]
    finite: Sequence[bool] = ()
    """Whether every color of an image is a number; empty: of every image."""
    milliseconds: float = 0.0
    """Of making them, all images together."""
    likelihoods: Sequence[Likelihood] = ()
    """Of each image, of a classifier."""
    sweep: "Sweep | None" = None

    def lab(self) -> Float[Tensor, "B 3 H W"]:
        """Return their colors: ab is nan in an image that has one that is not a number."""
        lab = lab_of(self.rgb)
        for place, finite in enumerate(self.finite):
            if not finite:
                lab[place, 1:] = torch.nan
        return lab


@dataclass(frozen=True, eq=False)
class Sweep:
    """A classifier at several temperatures: counts that add up, and colorfulness by image."""

    counts: list[AucCounts]
    colorful: list[list[float]]

    def __add__(self, later: "Sweep") -> "Sweep":
        return Sweep(
            [a + b for a, b in zip(self.counts, later.counts, strict=True)],
            [a + b for a, b in zip(self.colorful, later.colorful, strict=True)],
        )


def colors(
    contender: Contender,
    pages: Sequence[Page],
    batch: Batch,
    places: Sequence[int],
    gamut: Gamut,
    *,
    swept: bool = True,
) -> Colors:
    """Return what a contender makes of some images, which stand at `places`.

    A classifier's distribution, and its sweep if asked for, come from the one pass of its network,
    and are of the whole image at the network's own size.
    """
    source, size = contender.source, batch.L.shape[-1]
    if isinstance(source, Predictions):
        rgb = source.squares(places, size)
        return Colors(rgb) if contender.own_L else Colors(in_gamut(batch.L, lab_of(rgb)[:, 1:]))
    start = time.perf_counter()
    made = painted(source, pages, size)
    spent = 1e3 * (time.perf_counter() - start)
    found = Colors(made.rgb, made.finite, spent)
    if source.architecture.method == "regression":
        return found
    truths = [
        lab_of(scaled(page, tuple(seen.features.shape[-2:]))[None])  # type: ignore[arg-type]
        for page, seen in zip(pages, made.seen, strict=True)
    ]
    pairs = list(zip(made.seen, truths, strict=True))
    found = found._replace(likelihoods=[_likelihood(source, *pair) for pair in pairs])
    if not swept:
        return found
    first, *others = [_sweep(source, *pair, gamut) for pair in pairs]
    return found._replace(sweep=sum(others, first))


def _likelihood(model: Colorizer, seen: Seen, truth: Float[Tensor, "1 3 h w"]) -> Likelihood:
    head = model.network.head
    assert head.bias is not None
    weight = head.weight.flatten(1)
    return likelihood(seen.features, weight, head.bias, model.gamut, truth[:, 1:])


def _sweep(model: Colorizer, seen: Seen, truth: Float[Tensor, "1 3 h w"], gamut: Gamut) -> Sweep:
    features, truth = (value[..., ::_SWEPT, ::_SWEPT] for value in (seen.features, truth))
    decoded = model.decode(features, SWEEP)
    return Sweep(
        [AucCounts.of(ab, truth[:, 1:], gamut) for ab in decoded],
        [colorfulness(in_gamut(truth[:, :1], ab)).tolist() for ab in decoded],
    )


def baselines(
    batch: Batch,
    borrowed: Float[Tensor, "B 2 H W"],
    gamut: Gamut,
    constant: Constant,
    seeds: Sequence[Sequence[int]],
) -> Mapping[str, Colors]:
    """Return the rows that every table needs, made at the size that is scored.

    Args:
        batch: L and the true ab.
        borrowed: The ab of another image for each.
        gamut: The bins of the quantization bound.
        constant: The best constant, and the prior that pixels are drawn from.
        seeds: Of the draws of each image.
    """
    code = soft_encode(batch.ab, gamut, k=int(_BOUND["k"]), sigma=_BOUND["sigma"])
    shape = tuple(batch.ab.shape[-2:])
    drawn = [constant.drawn(shape, np.random.default_rng(seed)) for seed in seeds]
    made = {
        "gray": torch.zeros_like(batch.ab),
        "constant": torch.tensor(constant.ab)[:, None, None].expand_as(batch.ab),
        "random-image": borrowed,
        "prior-sample": torch.stack(drawn),
        "bound": soft_mean(code, gamut, _BOUND["temperature"]),
    }
    return {name: Colors(in_gamut(batch.L, ab.to(batch.L))) for name, ab in made.items()}


def images_for_raters(
    contenders: Mapping[str, Contender],
    images: Sequence[SourceImage],
    *,
    size: int = 256,
    most: int = 120,
    seed: int = 0,
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """Return true squares, and what each method made of them, for people to judge.

    Args:
        contenders: The methods; of several seeds the first run is shown.
        images: The images; those that cannot be read are passed over.
        size: Side of the squares in pixels, less for images that are smaller.
        most: How many images, at most.
        seed: Seeds which ones.

    Returns:
        RGB arrays by the image's name, and the same by method and name.
    """
    truth: dict[str, np.ndarray] = {}
    made: dict[str, dict[str, np.ndarray]] = {row: {} for row in first_runs(contenders)}
    order = np.random.default_rng(seed).permutation(len(images)).tolist()
    with torch.inference_mode():
        for place in order:
            try:
                page = read_page(images[place])
            except (ImageError, OSError):
                continue
            side = min(size, page.height, page.width)
            rgb = square_of(page, side)
            lab = lab_of(rgb[None])
            batch = Batch(lab[:, :1], lab[:, 1:], (images[place].name,), ())
            truth[images[place].name] = _channels_last(rgb)
            for row, contender in first_runs(contenders).items():
                of = colors(contender, [page], batch, [place], Gamut.srgb(), swept=False)
                made[row][images[place].name] = _channels_last(of.rgb[0])
            if len(truth) == most:
                break
    return truth, made


def _channels_last(rgb: UInt8[Tensor, "3 H W"]) -> UInt8[np.ndarray, "H W 3"]:
    return np.ascontiguousarray(rgb.movedim(0, -1).numpy())
