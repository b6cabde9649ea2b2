"""What an evaluation found: plain values that a report, a table or a notebook shows."""

from dataclasses import dataclass, field, fields
from math import nan
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from photochrom.image_io import Skipped


@dataclass(frozen=True)
class Estimate:
    """A score and its 95 % interval; nan where there is none."""

    value: float
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class Row:
    """One line of the table: a method, over its seeds."""

    name: str
    method: str
    """How its colors were made."""
    baseline: bool
    scores: dict[str, Estimate]
    """By `photochrom.metrics.Metric.key`; without those that do not apply."""
    seeds: int = 1
    """Runs that the scores are the mean of."""
    parameters: int | None = None
    bins: int | None = None
    """Of a classifier's gamut: scores of probabilities compare among equal ones only."""
    steps: int | None = None
    minutes: float | None = None
    """Of training, a run."""
    images_seen: int | None = None
    """In training, a run."""
    clipped: float | None = None
    """Fraction of the training steps whose gradients were clipped."""
    megabytes: int | None = None
    """The most memory that training took."""
    milliseconds: float | None = None
    """Of colorizing one image of the evaluation."""

    def flat(self) -> dict[str, Any]:
        """All in one level: each score as `key`, `key_low` and `key_high`."""
        line = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "scores"}
        for key, score in self.scores.items():
            line |= {key: score.value, f"{key}_low": score.low, f"{key}_high": score.high}
        return line


@dataclass(frozen=True)
class Pair:
    """Two methods compared on the same images, by one metric."""

    metric: str
    first: str
    second: str
    difference: Estimate
    """The first's score minus the second's, with its own 95 % interval."""
    wins: float = nan
    """Fraction of images on which the first is better; a tie is half a win. nan where the metric
    has no value of a single image."""
    p: float = nan
    """Of a difference as large, if the two were exchangeable; nan where there are too few
    images."""
    p_adjusted: float = nan
    """By Holm, over the pairs of this metric."""
    supported: bool = False
    """Whether the adjusted p-value is at most .05."""
    seeds: int = 1
    """Below three, the claim is about these trained networks; from three on about the methods."""
    images_needed: int | None = None
    """About how many would find a difference of this size, where these do not."""


@dataclass(frozen=True)
class ImageScore:
    """One method's scores on one image."""

    image: str
    row: str
    seed: int
    scores: dict[str, float]


@dataclass(frozen=True)
class SourceScores:
    """What the images of one source score, by themselves."""

    source: str
    images: int
    true_colorfulness: float
    """The true images' own."""
    scores: dict[str, dict[str, Estimate]]
    """By row and metric: raw and rebalanced AuC, and colorfulness."""
    pairs: list[Pair] = field(default_factory=list)
    """The methods by the primary metric; p-values are adjusted over all groups."""


@dataclass(frozen=True, eq=False)
class Example:
    """One image as every method shows it, by title: gray input and truth first."""

    image: str
    why: Literal["random", "best", "worst", "disagree"]
    images: dict[str, UInt8[np.ndarray, "H W 3"]]
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    """By title and metric."""
    entropy: dict[str, UInt8[np.ndarray, "H W"]] = field(default_factory=dict)
    """By title of a classifier: 0 is certain, 255 is 8 bits or more."""


@dataclass(frozen=True)
class Thresholds:
    """Share of pixels, in percent, whose ab error is within t = 0, 1, …, 150."""

    raw: list[float]
    rebalanced: list[float]


@dataclass(frozen=True)
class SweepPoint:
    """A classifier decoded at another temperature; 0 is the mode, 1 the mean."""

    temperature: float
    auc_raw: float
    auc_rebalanced: float
    colorfulness: float


@dataclass(frozen=True)
class CalibrationBin:
    """The pixels whose likeliest bin had a probability within one fifteenth of 0–1."""

    confidence: float
    """Their mean probability."""
    accuracy: float
    """How often it was the true bin."""
    share: float
    """Of all pixels."""


@dataclass(frozen=True)
class Trial:
    """What was tried on the selection images."""

    method: str
    """The method, or the run whose decoding was chosen."""
    values: str
    """The options of a trial of the sweep; empty for the decoding of a final run."""
    score: float
    """Of the best decoding, on the selection images: never a result."""
    decoding: str
    chosen: bool


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a report tells."""

    rows: list[Row]
    pairs: list[Pair]
    images: list[ImageScore]
    examples: list[Example]
    skipped: list[Skipped]
    truth: dict[str, float]
    """The true images' own value of the metrics that are best near it."""
    counted: int
    size: int
    primary: str = "auc_rebalanced"
    """The metric that claims are about, named before the run."""
    thresholds: dict[str, Thresholds] = field(default_factory=dict)
    """By row, as are those that follow."""
    sweeps: dict[str, list[SweepPoint]] = field(default_factory=dict)
    chroma: dict[str, list[float]] = field(default_factory=dict)
    """Share of pixels by chroma in steps of 2 ab units; also of "truth"."""
    hue: dict[str, list[list[float]]] = field(default_factory=dict)
    """Share in percent of the pixels of each true sector (row) that got each sector (column):
    12 sectors of 30° of the hue angle from 0° on, then gray."""
    calibration: dict[str, list[CalibrationBin]] = field(default_factory=dict)
    readings: dict[str, dict[str, float]] = field(default_factory=dict)
    """What other published definitions of AuC and colorfulness give: see docs/metrics.md."""
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """Training loss over steps, by run."""
    sources: list[SourceScores] = field(default_factory=list)
    """Where it is known which images are from where; the largest first."""
    selected: list[str] = field(default_factory=list)
    """Methods whose options or decoding were chosen on these images: their scores are no result."""
    trials: list[Trial] = field(default_factory=list)
    """What a study tried on its selection images."""
    provenance: dict[str, str] = field(default_factory=dict)

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`: a line a method, three columns a score.

        `ImportError` without pandas, which photochrom does not need otherwise.
        """
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame([row.flat() for row in self.rows])
