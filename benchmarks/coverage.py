"""How often the intervals of an evaluation cover, and how often its tests err.

Arguments: images to take statistics of, by default those that come with photochrom, which are too
few for figures to be quoted; then models, by default those that come with photochrom.

The per-image statistics of real models on real images are a population. Sets of n images are drawn
from it with replacement, each is evaluated as `photochrom evaluate` does, and counted is how often
the 95 % interval of a score or of a difference holds the mean of that score over all sets. A score
that depends on n by itself, as rebalanced AuC does, is thus compared with its own mean at that n.

- Null: the two methods of a pair are exchanged on every image with probability ½.
- Alternative: the second method's images are those of the first but for a random share, so that the
  difference in raw AuC is 1.0.
- Seeds: every run has a shift of its own, as large as the error by images, and an interaction with
  each image: a random half of the difference between the two models.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import Row, report
from photochrom.config import EvaluateConfig
from photochrom.evaluation.baselines import Constant
from photochrom.evaluation.batch_scoring import Part, Scorer
from photochrom.evaluation.inference import LEVEL, difference, estimate, sign_flip
from photochrom.evaluation.methods import BASELINES, trained
from photochrom.evaluation.pairwise import compare
from photochrom.evaluation.results import Estimate
from photochrom.image_io import find
from photochrom.metrics import METRICS, Contributions, Tally, Truth, contributions
from photochrom.prior import PriorFile

_SAMPLES = Path(__file__).parents[1] / "photochrom" / "assets" / "samples"
_SIZES = (20, 100, 300, 1000)
_SETS = 600
_TESTS = 3000  # of exchangeable pairs: a share of .05 has a standard error of .004
_GROUP = 40
MIN_IMAGES = {metric.key: metric.min_images for metric in METRICS}
Scores = Mapping[str, Contributions]


class Population:
    """Per-image statistics of rows on real images, and sets drawn from them."""

    def __init__(self, tallies: Mapping[str, Tally], truth: Truth) -> None:
        self.tallies, self.truth = tallies, truth
        self.methods = [name for name in tallies if name not in BASELINES]
        first, second = self.methods[:2]
        self.rows = [first, second, "constant", "random-image"]
        self.pairs = [(first, second), (first, "gray"), (first, "constant"), (second, "gray")]

    def drawn(self, images: int, rng: np.random.Generator) -> tuple[dict[str, Tally], Truth]:
        """Draw images with replacement."""
        places = rng.integers(0, len(self.truth), images).tolist()
        names = tuple(map(str, range(images)))
        made = {name: tally.at(places) for name, tally in self.tallies.items()}
        true = self.truth.at(places)
        renamed = {name: one.of_others(names, one.arrays()) for name, one in made.items()}
        return renamed, true.of_others(names, true.arrays())


def population(sources: Sequence[str], models: Sequence[str]) -> Population:
    """Evaluate the models on the images, once."""
    images = find(sources).images
    constant = Constant.of(PriorFile.load(Path("photographs")))
    contenders = {name: trained(name) for name in models}
    scorer = Scorer(contenders, images, EvaluateConfig(), constant)
    part = Part(len(images))
    for number in range(len(scorer)):
        part += scorer(number)
    return Population({name: one.all() for name, one in part.tallies.items()}, part.truth.all())


def _exchanged(
    one: Tally, other: Tally, exchange: np.ndarray, *, both: bool = True
) -> tuple[Tally, Tally]:
    """Exchange two methods on some images, or only give the first's to the second."""
    common = one.arrays().keys() & other.arrays().keys()

    def mixed(a: Tally, b: Tally) -> Tally:
        x, y = a.arrays(), b.arrays()
        where = {key: exchange.reshape(-1, *[1] * (x[key].ndim - 1)) for key in common}
        found = {key: np.where(where[key], y[key], x[key]) for key in common}
        values = {key: found[key] for key in a.values if key in common}
        counts = {key: found[key] for key in a.counts if key in common}
        return Tally(a.names, values, counts)

    return mixed(one, other), mixed(other, one) if both else other


def coverage(of: Population, images: int, sets: int) -> dict[str, dict[str, float]]:
    """Compute how often intervals hold the mean over sets: of scores and pairs, by metric."""
    rng = np.random.default_rng(images)
    found: dict[tuple[str, str, str], list[Estimate]] = defaultdict(list)
    for _ in range(sets):
        tallies, truth = of.drawn(images, rng)
        names = {*of.rows, *(name for pair in of.pairs for name in pair)}
        scores = {name: contributions(tallies[name], truth) for name in names}
        for name in of.rows:
            for key, one in scores[name].items():
                found["score", name, key].append(estimate([one], MIN_IMAGES[key]))
        for first, second in of.pairs:
            for key in scores[first].keys() & scores[second].keys():
                sides = [[scores[name][key]] for name in (first, second)]
                apart = difference(sides[0], sides[1], MIN_IMAGES[key])
                found["pair", f"{first} − {second}", key].append(apart.estimate)
    rates: dict[str, dict[str, float]] = {"score": {}, "pair": {}}
    for (kind, name, key), estimates in found.items():
        if (rate := held(estimates)) is not None:
            rates[kind][f"{key} of {name}"] = rate
    return rates


def held(estimates: Sequence[Estimate]) -> float | None:
    """Compute how often an interval holds the mean; `None` where half have none, or no width."""
    known = [one for one in estimates if one.low < one.high]
    if len(known) < len(estimates) / 2:
        return None
    mean = np.nanmean([one.value for one in estimates])
    return float(np.mean([one.low <= mean <= one.high for one in known]))


def errors(of: Population, images: int, sets: int) -> dict[str, float]:
    """Compute how often a pair that is exchangeable is called different, by metric."""
    rng, wrong = np.random.default_rng([images, 1]), defaultdict(list)
    for number in range(sets):
        tallies, truth = of.drawn(images, rng)
        one, other = (tallies[name] for name in of.methods[:2])
        pair = _exchanged(one, other, rng.integers(0, 2, images).astype(bool))
        first, second = (contributions(tally, truth) for tally in pair)
        apart = [difference([first[key]], [second[key]]).flipped for key in first]
        for key, p in zip(first, sign_flip(np.stack(apart, axis=1), number), strict=True):
            wrong[key].append(p <= LEVEL)
    return {key: float(np.mean(some)) for key, some in wrong.items()}


def power(of: Population, images: int, sets: int) -> float:
    """Compute how often a difference of 1.0 in raw AuC is found."""
    one, other = (of.tallies[name] for name in of.methods[:2])
    apart = abs(one.values["auc_raw"].mean() - other.values["auc_raw"].mean())
    rng, found = np.random.default_rng([images, 2]), []
    for number in range(sets):
        tallies, truth = of.drawn(images, rng)
        first, second = (tallies[name] for name in of.methods[:2])
        # As much of the second as makes the difference 1.0; twice that cannot be.
        differ = rng.random(images) < min(1.0, 1.0 / apart)
        mixed, _ = _exchanged(first, second, differ, both=False)
        pair = [contributions(tally, truth)["auc_raw"] for tally in (first, mixed)]
        p = sign_flip(difference([pair[0]], [pair[1]]).flipped[:, None], number)
        found.append(float(p[0]) <= LEVEL)
    return float(np.mean(found))


def over_seeds(of: Population, images: int, seeds: int, sets: int, key: str) -> float:
    """Compute how often the interval of a difference between two methods covers, over seeds."""
    rng, estimates = np.random.default_rng([images, seeds, 3]), []
    for _ in range(sets):
        tallies, truth = of.drawn(images, rng)
        one, other = (contributions(tallies[name], truth)[key] for name in of.methods[:2])
        apart = difference([one], [other])
        shift = float(np.sqrt(apart.spread.images))
        first, second = (_runs(base, one, other, shift, seeds, rng) for base in (one, other))
        estimates.append(difference(first, second, MIN_IMAGES[key]).estimate)
    rate = held(estimates)
    assert rate is not None
    return rate


def _runs(
    base: Contributions,
    one: Contributions,
    other: Contributions,
    shift: float,
    seeds: int,
    rng: np.random.Generator,
) -> list[Contributions]:
    """Return runs of a method: each with a shift of its own and an interaction with each image."""
    made = []
    apart = (one.influence - other.influence) / 2
    for _ in range(seeds):
        interaction = apart * rng.choice([-1.0, 1.0], len(apart))
        moved = shift / np.sqrt(2) * rng.normal() / len(apart) + interaction
        influence = base.influence + interaction - interaction.mean()
        made.append(Contributions(base.parts + moved, influence, base.images))
    return made


def cost(of: Population, images: int, methods: int) -> float:
    """Measure the seconds of scores, intervals and tests of so many methods."""
    tallies, truth = of.drawn(images, np.random.default_rng(0))
    runs = {f"method {place}": [tallies[of.methods[place % 2]]] for place in range(methods)}
    runs |= {name: [tallies[name]] for name in BASELINES}
    began = time.perf_counter()
    compare(runs, truth, trained={name: 313 for name in runs if name not in BASELINES})
    return time.perf_counter() - began


def _extremes(what: str, rates: Mapping[str, float], targets: Sequence[str | None]) -> list[Row]:
    rows = []
    for which, choose, target in (("least", min, targets[0]), ("greatest", max, targets[1])):
        at: Callable[[str], float] = rates.__getitem__
        name = choose(rates, key=at)
        rows.append(Row.of(f"{what}, {which}: {name}", rates[name], target, "share"))
    return rows


def main() -> None:
    """Simulate, print and write the rows."""
    torch.set_num_threads(1)
    models = [word for word in sys.argv[1:] if word.startswith("photochrom")]
    sources = [word for word in sys.argv[1:] if word not in models]
    began = time.perf_counter()
    of = population(sources or [str(_SAMPLES)], models or ["photochrom", "photochrom-l2"])
    evaluating = (time.perf_counter() - began) / len(of.truth) / 2
    rows: list[Row] = []
    for images in _SIZES:
        bounds = (">= 0.92", "<= 0.98") if images >= 100 else (None, None)
        for kind, rates in coverage(of, images, _SETS).items():
            for row in _extremes(f"coverage, {kind}s, n = {images}", rates, bounds):
                rows.append(row)
            for key in ("auc_rebalanced", "auc_raw"):
                name = f"{key} of {of.methods[0] if kind == 'score' else ' − '.join(of.pairs[0])}"
                if name in rates:
                    text = f"coverage, {kind}, n = {images}: {name}"
                    rows.append(Row.of(text, rates[name], unit="share"))
        wrong = errors(of, images, _TESTS if images < 1000 else _TESTS // 3)
        worst = max(wrong, key=wrong.__getitem__)
        text = f"false positives at .05, greatest of {len(wrong)} metrics, n = {images}: {worst}"
        rows.append(Row.of(text, wrong[worst], "<= 0.06", "share"))
        text = f"false positives at .05, rebalanced AuC, n = {images}"
        rows.append(Row.of(text, wrong["auc_rebalanced"], "<= 0.06", "share"))
    rates = coverage(of, _GROUP, _SETS)["score"]
    rows += _extremes(f"coverage, scores of a group of {_GROUP}", rates, (None, None))
    text = "power, 1.0 raw AuC apart, n = 300"
    rows.append(Row.of(text, power(of, 300, _SETS), ">= 0.8", "share"))
    for key in ("auc_raw", "auc_rebalanced"):
        for seeds in (1, 2, 3, 5):
            rate = over_seeds(of, 300, seeds, _SETS, key)
            text = f"coverage of a difference between methods, {key}, n = 300, seeds: {seeds}"
            rows.append(Row.of(text, rate, ">= 0.92" if seeds >= 3 else None, "share"))
    share = cost(of, 1000, 8) / (1000 * 8 * evaluating)
    text = "inference / evaluation, 1,000 images × 8 methods, time"
    rows.append(Row.of(text, share, "<= 0.05"))
    report("coverage", rows)


if __name__ == "__main__":
    main()
