"""Many images in color, as one zip."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from photochrom import image_io
from photochrom.app.opened_image import safe_stem, written
from photochrom.app.session import Fixed, Look, Seen, see
from photochrom.image_io import ImageError, OriginalFile, Skipped
from photochrom.models import AnyColorizer
from photochrom.rendering.predict import side_seen


class Dropped(NamedTuple):
    """A file that came through the browser."""

    name: str
    data: bytes


class Zip:
    """A zip in memory that images are put into one by one; what failed is told."""

    def __init__(self) -> None:
        self.failed: list[Skipped] = []
        self._buffer = io.BytesIO()
        self._taken: set[str] = set()

    def fill(
        self, files: Sequence[Dropped], model: AnyColorizer, look: Look, *, most_pixels: int
    ) -> Iterator[str]:
        """Colorize the files into it; gives the name of each when it is done."""
        with zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                try:
                    data, suffix = _colorized(file.data, model, look, most_pixels)
                    archive.writestr(self._free(safe_stem(file.name), suffix), data)
                except ImageError as error:
                    self.failed.append(Skipped(file.name, str(error)))
                yield file.name

    def _free(self, stem: str, suffix: str) -> str:
        """A name that no image before has: two folders may hold one of the same name."""
        name, number = f"{stem}-color{suffix}", 1
        while name.lower() in self._taken:
            number += 1
            name = f"{stem}-color-{number}{suffix}"
        self._taken.add(name.lower())
        return name

    @property
    def data(self) -> bytes:
        """All of it, once it is filled."""
        return self._buffer.getvalue()

    def __len__(self) -> int:
        return len(self._taken)


def seen_in(file: OriginalFile, model: AnyColorizer) -> Seen | Fixed:
    """What a model sees of a file's first page."""
    page = file.pages[0]
    return see(model, page.scaled_lightness(side_seen(page, model.size, model.stride)))


def _colorized(data: bytes, model: AnyColorizer, look: Look, most_pixels: int) -> tuple[bytes, str]:
    file = image_io.decode_original(data, most_pixels=most_pixels)
    made = written(file, seen_in(file, model), look)
    return made.data, made.suffix
