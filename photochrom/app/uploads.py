"""Files that came through the browser, as the library takes them: never by a path."""

import io
from collections.abc import Callable, Iterator, Sequence

from PIL import Image

from photochrom import image_io, storage
from photochrom.app.batch import Dropped
from photochrom.config import PriorConfig
from photochrom.image_io import ImageError, Skipped, SourceImage, TooLargeError, readable_formats
from photochrom.prior import ColorPrior, PriorFile, build_prior, load_any

_HDF5 = b"\x89HDF\r\n\x1a\n"
AnyPrior = PriorFile | ColorPrior
Done = Callable[[int, int], None]
"""Told after some images: how many are done, and of how many."""


class _InMemory(SourceImage):
    """An image whose bytes are here; its path is no path."""

    data: bytes

    def read_bytes(self) -> bytes:
        return self.data


def prior_of(files: Sequence[Dropped], most_pixels: int, on_done: Done) -> PriorFile:
    """A prior file that was dropped, or the counted colors of images that were.

    `ValueError` for what is neither, and for images without colors.
    """
    if len(files) == 1 and files[0].data.startswith(_HDF5):
        return PriorFile.read(files[0].data, files[0].name)
    entries = (_entry(file, most_pixels) for file in files)
    return _counted(entries, f"{len(files)} files", len(files), on_done)


def prior_at(place: str, on_done: Done) -> AnyPrior:
    """The prior file at a path or URL, or the counted colors of images there.

    The path is of this machine: only for who sits at it. `ValueError` as for `prior_of`, and
    `OSError` for what cannot be reached.
    """
    if place.lower().endswith((".h5", ".npy")) and not storage.is_folder(place):
        return load_any(place)
    return _counted(image_io.iterate([place]), place, image_io.total([place]), on_done)


def _counted(
    entries: Iterator[SourceImage | Skipped], source: str, total: int, on_done: Done
) -> PriorFile:
    done = 0

    def more(count: int, _: int) -> None:
        nonlocal done
        done += count
        on_done(done, total)

    return build_prior(entries, PriorConfig(), [source], on_done=more)


def _entry(file: Dropped, most_pixels: int) -> SourceImage | Skipped:
    """The image, unless it declares too many pixels: counting would decode them."""
    try:
        with Image.open(io.BytesIO(file.data), formats=readable_formats()) as image:
            pixels = image.width * image.height
        if pixels > most_pixels:
            raise TooLargeError(f"expected at most {most_pixels} pixels, got {pixels}")
    except ImageError as error:
        return Skipped(file.name, str(error))
    except Exception:  # on damaged files decoders raise anything
        return Skipped(file.name, "not an image")
    entry = _InMemory(file.name, file.name)
    entry.data = file.data
    return entry
