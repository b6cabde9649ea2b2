"""The examples as data URIs, within what a page may weigh."""

import base64
import functools
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from photochrom.evaluation.results import Example
from photochrom.image_io import png_bytes
from photochrom.report.formatting import told

_BYTES = 13_000_000
"""What the images may weigh in all, which leaves the rest of a page of 15 MB to the text."""
_PNG_SIZE = 192
"""The largest side that is shown as PNG: larger ones become JPEG."""
_QUALITIES = (90, 75, 55)
"""Of JPEG, until the images fit."""
_SHOWN_SCORES = {"auc_raw": "AuC", "delta_e": "ΔE"}

Pixels = UInt8[np.ndarray, "H W 3"] | UInt8[np.ndarray, "H W"]
Encode = Callable[[Pixels], str]

_HEADINGS = {
    "random": "Random images",
    "best": "Where the methods did best",
    "worst": "Where the methods did worst",
    "disagree": "Where the methods disagree most",
}


@dataclass(frozen=True)
class Cell:
    """One method's image, or its entropy map."""

    title: str
    uri: str
    scores: str = ""
    entropy: bool = False


@dataclass(frozen=True)
class Shown:
    """One image as every method shows it."""

    image: str
    cells: list[Cell]


@dataclass(frozen=True)
class Grid:
    """All that is shown."""

    groups: dict[str, list[Shown]]
    """By heading: those that no score chose first."""
    encoding: str
    """Nothing where the images are as they were scored."""
    left: int
    """Images for which there was no room."""


def grid(examples: Sequence[Example], size: int) -> Grid:
    """The examples by why they are shown, lossless if they are small and few enough.

    Where even the strongest JPEG is too heavy, every group is cut to the same number.
    """
    for encoding, encode in _encoders(size):
        groups = {
            heading: [_shown(one, encode) for one in examples if one.why == why]
            for why, heading in _HEADINGS.items()
        }
        if _weight(groups) <= _BYTES:
            return Grid(_some(groups), encoding, 0)
    most = max(map(len, groups.values()))
    while _weight(_some(groups, most)) > _BYTES:
        most -= 1
    kept = _some(groups, most)
    return Grid(kept, encoding, len(examples) - sum(map(len, kept.values())))


def _some(groups: dict[str, list[Shown]], most: int | None = None) -> dict[str, list[Shown]]:
    """The groups that have images, each with no more than so many."""
    return {heading: shown[:most] for heading, shown in groups.items() if shown[:most]}


def _encoders(size: int) -> Iterator[tuple[str, Encode]]:
    """Ways to show an image, and what a reader is told of them."""
    if size <= _PNG_SIZE:
        yield "", _png
    for quality in _QUALITIES:
        yield f"JPEG of quality {quality}", functools.partial(_jpeg, quality=quality)


def _shown(example: Example, encode: Encode) -> Shown:
    images = [
        Cell(title, encode(rgb), _scores(example.scores.get(title, {})))
        for title, rgb in example.images.items()
    ]
    maps = [Cell(title, encode(gray), "", True) for title, gray in example.entropy.items()]
    return Shown(example.image, [*images, *maps])


def _scores(scores: dict[str, float]) -> str:
    return ", ".join(
        f"{name} {told(scores[key], 1)}" for key, name in _SHOWN_SCORES.items() if key in scores
    )


def _weight(groups: dict[str, list[Shown]]) -> int:
    return sum(len(cell.uri) for shown in groups.values() for one in shown for cell in one.cells)


def _png(image: Pixels) -> str:
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=-1)
    return _data_uri(png_bytes(image), "png")


def _jpeg(image: Pixels, *, quality: int) -> str:
    """With color at full size, as color is what is looked at."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling="4:4:4")
    return _data_uri(buffer.getvalue(), "jpeg")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
