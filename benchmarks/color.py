"""sRGB → CIELAB against scikit-image, both in float32, on 16 images of 256²."""

import torch
from skimage.color import rgb2lab

from benchmarks.measure import Row, ratio, report, times
from photochrom.color.lab import lab_from_rgb
from photochrom.runtime.memory import keep_freed_memory


def main() -> None:
    """Measure, print and write the rows."""
    keep_freed_memory()  # as training does
    rgb = torch.rand(16, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    last = rgb.movedim(1, -1).contiguous().numpy()
    ours, theirs = times(lambda: lab_from_rgb(rgb), lambda: rgb2lab(last), repeats=15)
    row = "RGB → Lab against skimage.color.rgb2lab, float32"
    report("color", [Row.of(row, ratio(theirs, ours), ">= 4")])


if __name__ == "__main__":
    main()
