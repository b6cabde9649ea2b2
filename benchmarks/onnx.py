"""A model by onnxruntime against the same by torch, and what 8 bits cost.

Time is that of one image of 256², from L to ab, by as many threads on both sides: beside the
network as it was trained (`Colorizer.load`), and `folded` as commands run it. Colors are
those of the photographs that come with photochrom, as `photochrom colorize` has them: ab at the
network's size, and 8-bit images. Argument: a model, by default photochrom.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import Row, ratio, report, times
from photochrom.color.lab import lab_from_rgb
from photochrom.image_io import find, read_rgb
from photochrom.models import AnyColorizer, Colorizer, OnnxColorizer, load_model
from photochrom.models.onnx.export import export

_SIZE, _REPEATS = 256, 15
_SAMPLES = Path(__file__).parents[1] / "photochrom" / "assets" / "samples"


def main() -> None:
    """Measure, print and write the rows."""
    model = sys.argv[1] if len(sys.argv) > 1 else "photochrom"
    torch_model, rows = Colorizer.load(model), []
    folded = load_model(model)
    photographs = [read_rgb(image) for image in find([str(_SAMPLES)]).images]
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        for flags, target in (("", "<= 0.7"), (" --int8", None)):
            path = Path(folder) / f"model{flags}.onnx"
            export(model, path, int8=bool(flags))
            who, onnx_model = f"onnxruntime{flags}", OnnxColorizer.load(path)
            L = _lightness(photographs[0])[..., :_SIZE, :_SIZE]
            ours, plain, fewer = _times(L, onnx_model, torch_model, folded)
            row = f"{who} / torch, one image of {_SIZE}²: time"
            rows.append(Row.of(row, ratio(ours, plain), target))
            rows.append(Row.of(f"{row}, folded", ratio(ours, fewer)))
            rows.append(Row.of(f"{who}: file", path.stat().st_size / 1e6, unit="MB"))
            rows += _differences(who, onnx_model, torch_model, photographs)
    report("onnx", rows)


def _lightness(rgb: np.ndarray) -> torch.Tensor:
    return lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0)[None].float() / 255)[:, :1]


def _times(L: torch.Tensor, *models: AnyColorizer) -> list[list[float]]:
    acts = [lambda one=one: one.small(L, None, "annealed") for one in models]
    return times(*acts, repeats=_REPEATS)


def _differences(
    who: str, ours: OnnxColorizer, theirs: Colorizer, photographs: list[np.ndarray]
) -> list[Row]:
    """In ab, where the network gives it, and in the channels of the images."""
    apart, steps = [], []
    for rgb in photographs:
        ab, expected = (one.predict(_lightness(rgb)) for one in (ours, theirs))
        apart.append((ab - expected).norm(dim=1))
        steps.append(np.abs(np.subtract(ours(rgb), theirs(rgb), dtype=int)))
    told = f"{who}, {len(photographs)} photographs"
    return [
        Row.of(f"{told}: mean distance to torch in ab", _mean(apart), unit="ab"),
        Row.of(
            f"{told}: largest distance of a pixel", float(max(map(torch.max, apart))), unit="ab"
        ),
        Row.of(f"{told}: mean difference of 8-bit channels", _mean(steps), unit="of 255"),
        Row.of(f"{told}: largest difference", float(max(map(np.max, steps))), unit="of 255"),
    ]


def _mean(images: list[torch.Tensor] | list[np.ndarray]) -> float:
    return statistics.mean(float(one.mean()) for one in images)


if __name__ == "__main__":
    main()
