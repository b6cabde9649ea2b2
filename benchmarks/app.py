"""The app's temperature slider: from what the network saw to the image as the browser gets it.

Of one megapixel, by the shipped classifier: distributions decoded at another temperature,
colors brought to the size of the screen, painted, and encoded as JPEG. The network does not
run again.
"""

import statistics
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.measure import Row, report, times
from photochrom.app.display import Display, jpeg
from photochrom.app.session import Look, Seen
from photochrom.image_io import of_rgb
from photochrom.models import load_model

_PHOTO = Path(__file__).parents[1] / "photochrom" / "assets" / "samples" / "dahlia.jpg"
_SIZE = (1200, 834)  # a megapixel
_REPEATS = 15


def main() -> None:
    """Measure, print and write the rows."""
    rgb = np.array(Image.open(_PHOTO).convert("RGB").resize(_SIZE))
    model, page = load_model("photochrom"), of_rgb(rgb).pages[0]
    display, seen = Display(page), Seen.by(model, page.scaled_lightness(model.size))
    temperatures = iter(np.linspace(0.05, 1, 4 * _REPEATS).tolist())

    def slider() -> bytes:
        ab = seen.ab(Look(next(temperatures)))
        return jpeg(display.colored(ab, seen.L, model.stride))

    (ours,) = times(slider, repeats=_REPEATS)
    case = "temperature slider, 1 megapixel: decode to encoded display"
    report("app", [Row.of(case, 1000 * statistics.median(ours), "<= 150", "ms")])


if __name__ == "__main__":
    main()
