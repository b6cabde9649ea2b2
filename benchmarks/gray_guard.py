"""How often the gray guard errs: color photographs left out, toned ones kept.

On `../shared/data/photos-train-*.tar`, or the archives named after the command. Their color
photographs were chosen by a mean chroma of 4 or more. Toned images are made of them, through
curves from lightness to color, and saved as JPEG of quality 60 to 95.
"""

import io
import sys
from collections.abc import Callable
from glob import glob

import numpy as np
from PIL import Image

from benchmarks.measure import Row, report
from benchmarks.prior import SOURCES
from photochrom.config import PriorConfig
from photochrom.image_io import decode_rgb, find, packed_colors, read_rgb
from photochrom.prior.counting import cells
from photochrom.prior.monochrome import are_toned, is_gray

_SIZE = PriorConfig().size
_EVERY = 12  # of the photographs, one in so many is toned
Curve = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def arch(y: np.ndarray) -> np.ndarray:
    """0 at black and white, 1 in the middle."""
    return np.sin(np.pi * y / 255)


TONES: dict[str, Curve] = {
    "gray": lambda y: (y, y, y),
    "sepia": lambda y: (y + 18 * arch(y) + 12, y, y - 22 * arch(y) - 8),
    "strong sepia, clipped": lambda y: (1.351 * y, 1.203 * y, 0.937 * y),
    "cyanotype": lambda y: (0.75 * y - 5, 0.95 * y + 5, 0.8 * y + 60),
    "split tone": lambda y: (y + y * 15 / 255, y, y + (255 - y) * 20 / 255),
}


def toned(rgb: np.ndarray, curve: Curve, quality: int) -> np.ndarray:
    """The image in one tone, as counting reads it from a JPEG."""
    y = np.asarray(Image.fromarray(rgb).convert("L")).astype(float)
    image = Image.fromarray(np.stack(curve(y), -1).clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return decode_rgb(buffer.getvalue(), _SIZE, fit="sample")


def left_out(rgb: np.ndarray) -> bool:
    """Whether the guard leaves it out."""
    colors = packed_colors(rgb)
    return is_gray(cells(colors)) or bool(are_toned([colors])[0])


def main() -> None:
    """Measure, print and write the rows."""
    images = find(sorted(sys.argv[1:] or glob(SOURCES))).images
    lost = sum(left_out(read_rgb(image, _SIZE, fit="sample")) for image in images) / len(images)
    rows = [Row.of("gray guard, color photographs left out", 100 * lost, unit="%")]
    random = np.random.default_rng(0)
    for name, curve in TONES.items():
        some = [toned(read_rgb(p), curve, int(random.integers(60, 96))) for p in images[::_EVERY]]
        kept = 1 - sum(map(left_out, some)) / len(some)
        rows.append(Row.of(f"gray guard, {name} kept", 100 * kept, unit="%"))
    report("gray_guard", rows)


if __name__ == "__main__":
    main()
