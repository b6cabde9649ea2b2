"""Evaluation at 256² against its parts that nobody can do without, and its memory.

The parts: decoding the files, the networks' forward passes at 256² and their decoding to ab.
The models are a regression, a classification and a rebalanced one of the default width, untrained,
as what they say costs the same. The images are those that come with photochrom, repeated. What
is kept of each image does not depend on its size, so memory is measured on small ones.
"""

from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

import photochrom
from benchmarks.measure import Row, ratio, report, times
from photochrom.config import Architecture, EvaluateConfig, Method
from photochrom.data import CenterSquares, collate
from photochrom.evaluation.evaluate import Contender, evaluate
from photochrom.image_io import SourceImage, find
from photochrom.models import Colorizer
from photochrom.quantize import Gamut
from photochrom.runtime.memory import keep_freed_memory, peak_megabytes

_IMAGES, _SIZE, _SMALL = 300, 256, 64
_METHODS: tuple[Method, ...] = ("regression", "classification", "classification")


def main() -> None:
    """Measure, print and write the rows."""
    keep_freed_memory()  # as evaluation does, for both
    whole, parts = times(prepare(_IMAGES, _SIZE), _parts(), repeats=2)
    rows = [
        Row.of("evaluation / forward passes + decoding the files", ratio(whole, parts), "<= 1.5")
    ]
    few, many = (_peak(count) for count in (_IMAGES, 3 * _IMAGES))
    rows.append(Row.of(f"evaluation, memory of {2 * _IMAGES} more images", many - few, unit="MB"))
    report("evaluation", rows)


def _peak(count: int) -> int:
    """The most memory that a new process holds which evaluates so many small images, in MB."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_evaluated, (count,))


def _evaluated(count: int) -> int:
    prepare(count, _SMALL)()
    peak = peak_megabytes()
    assert peak is not None
    return peak


def prepare(count: int, size: int) -> Callable[[], Any]:
    """The evaluation of so many images at a size, ready to run."""
    models, images = _models(size), _images(count)
    contenders = {f"{place}": Contender(model, "") for place, model in enumerate(models)}
    return lambda: evaluate(contenders, images, EvaluateConfig(size=size))


def _parts() -> Callable[[], None]:
    models, squares = _models(_SIZE), CenterSquares(_images(_IMAGES), size=_SIZE)
    batch = EvaluateConfig().batch_size

    def run() -> None:
        with torch.inference_mode():
            for first in range(0, len(squares), batch):
                places = range(first, min(first + batch, len(squares)))
                L = collate([squares[place] for place in places]).L
                for model in models:
                    model.predict(L)

    return run


def _models(size: int) -> list[Colorizer]:
    architectures = [Architecture(method=method, size=size) for method in _METHODS]
    return [Colorizer(one, Gamut.srgb()).eval() for one in architectures]


def _images(count: int) -> list[SourceImage]:
    found = find([str(Path(photochrom.__file__).parent / "assets" / "samples")]).images
    return [found[place % len(found)] for place in range(count)]


if __name__ == "__main__":
    main()
