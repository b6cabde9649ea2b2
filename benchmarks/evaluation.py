"""Evaluation at 256² against its parts that nobody can do without, and its memory.

The parts: decoding the files, the networks' forward passes and their decoding to ab. The
models are a regression, a classification and a rebalanced one of the default size, untrained,
as what they say costs the same. The pictures are those that come with photochrom, repeated.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import photochrom
from benchmarks.measure import Row, peak_bytes, ratio, report, times
from photochrom.config import Architecture, EvaluateConfig
from photochrom.data import CentreSquares, collate
from photochrom.evaluate import Contender, evaluate
from photochrom.images import Picture, find
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

_PICTURES, _SIZE = 300, 256
_METHODS = ("regression", "classification", "classification")


def main() -> None:
    """Measure, print and write the rows."""
    whole, parts = times(prepare(_PICTURES), _parts(), repeats=3)
    rows = [
        Row.of("evaluation / forward passes + decoding the files", ratio(whole, parts), "<= 1.5")
    ]
    few, many = (peak_bytes(prepare, count) for count in (_PICTURES, 3 * _PICTURES))
    told = f"evaluation, memory of {2 * _PICTURES} more pictures"
    rows.append(Row.of(told, (many - few) / 1e6, unit="MB"))
    report("evaluation", rows)


def prepare(count: int) -> Callable[[], Any]:
    """The evaluation of so many pictures, ready to run."""
    models, pictures = _models(), _pictures(count)
    contenders = {f"{place}": Contender(model, "") for place, model in enumerate(models)}
    return lambda: evaluate(contenders, pictures, EvaluateConfig(size=_SIZE))


def _parts() -> Callable[[], None]:
    models, squares = _models(), CentreSquares(_pictures(_PICTURES), size=_SIZE)
    batch = EvaluateConfig().batch

    def run() -> None:
        with torch.inference_mode():
            for first in range(0, len(squares), batch):
                places = range(first, min(first + batch, len(squares)))
                L = collate([squares[place] for place in places]).L
                for model in models:
                    model.predict(L)

    return run


def _models() -> list[Colorizer]:
    return [Colorizer(Architecture(method=m), Gamut.srgb()).eval() for m in _METHODS]  # type: ignore[arg-type]


def _pictures(count: int) -> list[Picture]:
    found = find([str(Path(photochrom.__file__).parent / "assets" / "samples")]).pictures
    return [found[place % len(found)] for place in range(count)]


if __name__ == "__main__":
    main()
