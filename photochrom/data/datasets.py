"""The squares that are cut from images: at random to train on, from the center to evaluate."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch.utils.data import Dataset

from photochrom.data.batch import Square, is_gray
from photochrom.data.degradation import blurred, degraded
from photochrom.data.sampler import Order
from photochrom.errors import DataError
from photochrom.image_io import ImageError, SourceImage, read_rgb

_TRIES = 1000  # images in a row that may be gray or unreadable before training gives up


class TrainingSquares(Dataset[Square]):
    """Random crops and flips, by position in an endless run of shuffled passes.

    With `chunk_size` above 0 every pass is worked through in chunks of so many images, each of them
    `chunk_epochs` times (see `Order`). The images of a chunk are kept in memory as they were read,
    scaled, in 8 bits, until the first position outside the chunk is asked for: slow storage and
    decoding are paid once for `chunk_epochs` uses. What stands at a position does not depend on
    what is kept. An image that could not be read is not tried again before the part is over.

    A process keeps one part at most: P images with a short side of s and a long one of 1.33 s
    take P · s · s · 1.33 · 3 bytes, 5,000 of 128 about 330 MB. Each worker of a loader sees every
    n-th batch, and each process of a distributed training its share of them, and each keeps
    what it has seen. So the memory is up to processes × workers times as much, and each of them
    that meets an image reads it once: a part saves most with one worker a process.
    """

    def __init__(
        self,
        images: Sequence[SourceImage],
        *,
        size: int,
        crop: int,
        seed: int,
        chunk_size: int = 0,
        chunk_epochs: int = 1,
        sources: Sequence[str] | None = None,
        scale_min: int = 0,
        degrade: float = 0.0,
        blur: float = 0.0,
    ) -> None:
        self.images = images
        self.size, self.crop, self.seed, self.chunk_size = size, crop, seed, chunk_size
        self.scale_min, self.degrade, self.blur = scale_min or size, degrade, blur
        self.order = Order(
            len(images),
            chunk_size=chunk_size,
            chunk_epochs=chunk_epochs,
            seed=seed,
            sources=sources,
        )
        self._part: tuple[int, int] | None = None  # pass and part that is kept
        self._kept: dict[int, UInt8[np.ndarray, "H W 3"] | str] = {}

    def __getitem__(self, position: int) -> Square:
        """The image of that position, or the next that is fit for training.

        The next is looked for in the position's part and, if none of the part is fit, in the
        rest of its pass. `ValueError` if none of a thousand is.
        """
        place = self.order.locate(position)
        if place[:2] != self._part:
            self._part, self._kept = place[:2], {}
        skipped: list[tuple[str, str]] = []
        for number in islice(self.order.candidates(place), _TRIES):
            name, rgb = self.images[number].name, self._look_at(number)
            if not isinstance(rgb, str):
                return self._square(name, rgb, position)._replace(skipped=tuple(skipped))
            skipped.append((name, rgb))
        raise DataError(
            f"expected color images to train on, got {len(skipped)} in a row that are none: "
            f"the first is {skipped[0][0]} ({skipped[0][1]})"
        )

    def _look_at(self, number: int) -> UInt8[np.ndarray, "H W 3"] | str:
        """An image, or why it is not fit for training."""
        if number in self._kept:
            return self._kept[number]
        found = self._read(self.images[number])
        # The part's own images come first, so there is room for all of them.
        if len(self._kept) < self.chunk_size:
            self._kept[number] = found
        return found

    def _read(self, image: SourceImage) -> UInt8[np.ndarray, "H W 3"] | str:
        try:
            rgb = read_rgb(image, self.size, fit="scale")
        except (ImageError, OSError) as error:
            return str(error)
        return "gray" if is_gray(rgb) else rgb

    def _square(self, name: str, rgb: UInt8[np.ndarray, "H W 3"], position: int) -> Square:
        rng = np.random.default_rng([self.seed, 1, position])
        square = self._crop(rgb, rng)
        if rng.random() < 0.5:
            square = square[:, ::-1]
        gray = None
        if self.degrade and rng.random() < self.degrade:
            gray = torch.from_numpy(degraded(square, rng))
        elif self.blur and rng.random() < self.blur:
            gray = torch.from_numpy(blurred(square, rng))
        return Square(name, torch.from_numpy(square.copy()).movedim(-1, 0), gray=gray)

    def _crop(
        self, rgb: UInt8[np.ndarray, "H W 3"], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "h w 3"]:
        """A square from anywhere, of the image reduced to a short side from anywhere allowed."""
        if self.scale_min == self.size:
            top, left = (rng.integers(0, side - self.crop + 1) for side in rgb.shape[:2])
            return rgb[top : top + self.crop, left : left + self.crop]
        side = self.crop * self.size / rng.integers(self.scale_min, self.size + 1)
        top, left = (rng.uniform(0, length - side) for length in rgb.shape[:2])
        box = (left, top, left + side, top + side)
        return np.asarray(
            Image.fromarray(rgb).resize((self.crop, self.crop), Image.Resampling.BILINEAR, box)
        )


class CenterSquares(Dataset[Square]):
    """The centerd square of every image, scaled to `size`; unreadable ones are named."""

    def __init__(self, images: Sequence[SourceImage], *, size: int) -> None:
        self.images, self.size = images, size

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, place: int) -> Square:
        image = self.images[place]
        try:
            rgb = read_rgb(image, self.size, fit="scale")
        except (ImageError, OSError) as error:
            return Square(image.name, None, ((image.name, str(error)),))
        top, left = ((side - self.size) // 2 for side in rgb.shape[:2])
        square = rgb[top : top + self.size, left : left + self.size]
        return Square(image.name, torch.from_numpy(square.copy()).movedim(-1, 0))
