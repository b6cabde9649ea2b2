"""Images larger than those that a network was trained on: at its working size, or whole.

Photographs are enlarged 1, 2 and 4 times, then colorized in two ways: by
`Colorizer.predict`, which shows the network an image of its own size and enlarges ab,
and by showing the network the whole image, which then sees a small part at a time: patches.
Scores are of the colors at the enlarged size. Arguments: a run, then images.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from benchmarks.measure import Row, report
from photochrom.color.lab import lab_from_rgb
from photochrom.image_io import find, read_rgb
from photochrom.metrics import AucCounts
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

_SCALES = (1, 2, 4)
_IMAGES = 100


def main() -> None:
    """Measure, print and write the rows."""
    run, *sources = sys.argv[1:]
    colorizer = Colorizer.load(Path(run))
    images = find(sources).images[:_IMAGES]
    gamut, side = Gamut.srgb(), colorizer.architecture.size
    rows = []
    for scale in _SCALES:
        counts = {how: AucCounts.empty(gamut) for how in ("at working size", "whole")}
        for image in tqdm(images, desc=f"× {scale}"):
            small = Image.fromarray(read_rgb(image, side, fit="scale"))
            rgb = np.asarray(small.resize([scale * one for one in small.size], Image.LANCZOS))
            lab = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0)[None].float() / 255)
            L, truth = lab[:, :1], lab[:, 1:]
            with torch.inference_mode():
                shown = {"at working size": colorizer.predict(L), "whole": colorizer.ab(L)}
            for how, ab in shown.items():
                counts[how] += AucCounts.of(ab, truth, gamut)
        for how, count in counts.items():
            told = f"photographs × {scale}, {how}"
            rows.append(Row.of(f"{told}: raw AuC", count.raw(), unit="%"))
            rows.append(Row.of(f"{told}: rebalanced AuC", count.rebalanced(), unit="%"))
    report("any_size", rows)


if __name__ == "__main__":
    main()
