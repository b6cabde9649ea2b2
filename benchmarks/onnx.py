"""A model by onnxruntime against the same by torch, and what 8 bits cost.

One picture at a working size of 256, from L to ab, by as many threads on both sides. The
colours are those of the photographs that come with photochrom. Argument: a model.
"""

import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.measure import Row, ratio, report, times
from photochrom.color import lab_from_rgb
from photochrom.export import export
from photochrom.images import Picture, find, read
from photochrom.models import Colorizer, OnnxColorizer, load_model

_SIZE, _REPEATS = 256, 15
_SAMPLES = Path(__file__).parents[1] / "photochrom" / "assets" / "samples"


def main() -> None:
    """Measure, print and write the rows."""
    colorizer = Colorizer.load(sys.argv[1])
    colorizer.architecture = replace(colorizer.architecture, size=_SIZE)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        paths = [Path(folder) / "float.onnx", Path(folder) / "int8.onnx"]
        for path in paths:
            export(sys.argv[1], path, int8=path.stem == "int8")
        exact, rounded = (load_model(path) for path in paths)
        exact.size = rounded.size = _SIZE
        pictures = [_lightness(picture) for picture in find([str(_SAMPLES)]).pictures]
        square = pictures[0][..., :_SIZE, :_SIZE]
        acts = [lambda one=one: one.predict(square) for one in (exact, rounded, colorizer)]
        ours, int8, theirs = times(*acts, repeats=_REPEATS)
        off = {
            "onnxruntime": _distance(exact, colorizer, pictures),
            "onnxruntime --int8": _distance(rounded, colorizer, pictures),
        }
        size, small = (path.stat().st_size / 1e6 for path in paths)
    case = f"one picture of {_SIZE}²"
    rows = [
        Row.of(f"onnxruntime / torch, {case}: time", ratio(ours, theirs), "<= 0.7"),
        Row.of(f"onnxruntime --int8 / torch, {case}: time", ratio(int8, theirs)),
        Row.of("onnxruntime: file", size, unit="MB"),
        Row.of("onnxruntime --int8: file", small, unit="MB"),
    ]
    for who, (mean, most) in off.items():
        rows.append(Row.of(f"{who}: mean distance to torch in ab, 22 photographs", mean, unit="ab"))
        rows.append(Row.of(f"{who}: largest distance of a pixel", most, unit="ab"))
    report("onnx", rows)


def _lightness(picture: Picture) -> torch.Tensor:
    rgb = torch.from_numpy(read(picture, _SIZE, fit="scale").copy()).movedim(-1, 0)[None]
    return lab_from_rgb(rgb.float() / 255)[:, :1]


def _distance(
    one: OnnxColorizer, other: Colorizer, pictures: list[torch.Tensor]
) -> tuple[float, float]:
    """Of two models' ab: the mean over pictures, and the most of any pixel."""
    far = [(one.predict(L) - other.predict(L)).norm(dim=1) for L in pictures]
    return statistics.mean(map(float, map(torch.mean, far))), max(map(float, map(torch.max, far)))


if __name__ == "__main__":
    main()
