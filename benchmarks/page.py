"""Sections of a report page as an image, for the documentation. Needs chromium.

Arguments: the page, the ids of its sections with commas between them, and the image to write.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

_WIDTH, _HEIGHT = 1000, 12000  # CSS pixels: wide enough for the tables, longer than any section
_MARGIN = 16


def main() -> None:
    """Photograph the sections, in light colors, and cut off what is blank."""
    page, ids, output = Path(sys.argv[1]), sys.argv[2].split(","), Path(sys.argv[3])
    shown = ", ".join(f"#{one}" for one in ids)
    style = f"<style>body > :not({shown}) {{ display: none }}</style></head>"
    with tempfile.TemporaryDirectory() as folder:
        part, taken = Path(folder) / "part.html", Path(folder) / "part.png"
        part.write_text(page.read_text(encoding="utf-8").replace("</head>", style, 1), "utf-8")
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={taken}")
        size = f"--window-size={_WIDTH},{_HEIGHT}"
        subprocess.run(["chromium", *options, size, part.as_uri()], check=True, capture_output=True)
        with Image.open(taken) as opened:
            image = opened.convert("RGB")
    blank = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    box = ImageChops.difference(image, blank).getbbox()
    if box is None:
        raise SystemExit(f"{page}: expected the sections {shown}, found nothing of them")
    left, top, right, bottom = box
    image.crop((left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN)).quantize(
        64
    ).save(output, optimize=True)
    print(output)


if __name__ == "__main__":
    main()
