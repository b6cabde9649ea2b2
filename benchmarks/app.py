"""The app's temperature slider: from what the network saw to the picture as the browser gets it.

Of one megapixel, by the shipped classifier: distributions decoded at another temperature,
colours brought to the size of the screen, painted, and encoded as JPEG. The network does not
run again. Beside it, what the same takes through the code that writes files.
"""

import statistics
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.measure import Row, ratio, report, times
from photochrom.app.display import Display, jpeg
from photochrom.app.seen import Look, Seen
from photochrom.config import ColorizeConfig
from photochrom.models import load_model
from photochrom.originals import of_rgb
from photochrom.painting import enlarged, paint

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

    def file() -> bytes:
        ab = seen.ab(Look(next(temperatures)))
        with torch.inference_mode():
            paint(page, enlarged(ab, seen.L, model.stride, page, ColorizeConfig()))
        return jpeg(Image.fromarray(page.pixels.stored(slice(0, page.height))))

    ours, theirs = times(slider, file, repeats=_REPEATS)
    case = "temperature slider, 1 megapixel: decode to encoded display"
    rows = [
        Row.of(case, 1000 * statistics.median(ours), "<= 150", "ms"),
        Row.of(f"{case} / painted as for a file", ratio(ours, theirs)),
    ]
    report("app", rows)


if __name__ == "__main__":
    main()
