"""The squares that are cut from pictures: at random to train on, from the centre to evaluate."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch.utils.data import Dataset

from photochrom.data.batch import Square, is_grey
from photochrom.data.degradation import softened, worn
from photochrom.data.sampler import Order
from photochrom.image_io import Picture, PictureError, read_rgb

_TRIES = 1000  # pictures in a row that may be grey or unreadable before training gives up


class TrainingSquares(Dataset[Square]):
    """Random crops and flips, by position in an endless run of shuffled passes.

    With `part` above 0 every pass is worked through in parts of so many pictures, each of them
    `rounds` times (see `Order`). The pictures of a part are kept in memory as they are read_rgb,
    scaled, in 8 bits, until the first position outside the part is asked for: slow storage and
    decoding are paid once for `rounds` uses. What stands at a position does not depend on what
    is kept. A picture that could not be read is not tried again before the part is over.

    A process keeps one part at most: P pictures with a short side of s and a long one of 1.33 s
    take P · s · s · 1.33 · 3 bytes, 5,000 of 128 about 330 MB. Each worker of a loader sees every
    n-th batch, and each process of a distributed training its share of them, and each keeps
    what it has seen. So the memory is up to processes × workers times as much, and each of them
    that meets a picture reads it once: a part saves most with one worker a process.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        *,
        size: int,
        crop: int,
        seed: int,
        part: int = 0,
        rounds: int = 1,
        sources: Sequence[str] | None = None,
        size_from: int = 0,
        worn: float = 0.0,
        softened: float = 0.0,
    ) -> None:
        self.pictures = pictures
        self.size, self.crop, self.seed, self.part = size, crop, seed, part
        self.size_from, self.worn, self.softened = size_from or size, worn, softened
        self.order = Order(len(pictures), part=part, rounds=rounds, seed=seed, sources=sources)
        self._part: tuple[int, int] | None = None  # pass and part that is kept
        self._kept: dict[int, UInt8[np.ndarray, "H W 3"] | str] = {}

    def __getitem__(self, position: int) -> Square:
        """The picture of that position, or the next that is fit for training.

        The next is looked for in the position's part and, if none of the part is fit, in the
        rest of its pass. `ValueError` if none of a thousand is.
        """
        place = self.order.locate(position)
        if place[:2] != self._part:
            self._part, self._kept = place[:2], {}
        skipped: list[tuple[str, str]] = []
        for number in islice(self.order.candidates(place), _TRIES):
            name, rgb = self.pictures[number].name, self._look_at(number)
            if not isinstance(rgb, str):
                return self._square(name, rgb, position)._replace(skipped=tuple(skipped))
            skipped.append((name, rgb))
        raise ValueError(
            f"expected colour pictures to train on, got {len(skipped)} in a row that are none: "
            f"the first is {skipped[0][0]} ({skipped[0][1]})"
        )

    def _look_at(self, number: int) -> UInt8[np.ndarray, "H W 3"] | str:
        """A picture, or why it is not fit for training."""
        if number in self._kept:
            return self._kept[number]
        found = self._read(self.pictures[number])
        # The part's own pictures come first, so there is room for all of them.
        if len(self._kept) < self.part:
            self._kept[number] = found
        return found

    def _read(self, picture: Picture) -> UInt8[np.ndarray, "H W 3"] | str:
        try:
            rgb = read_rgb(picture, self.size, fit="scale")
        except (PictureError, OSError) as error:
            return str(error)
        return "grey" if is_grey(rgb) else rgb

    def _square(self, name: str, rgb: UInt8[np.ndarray, "H W 3"], position: int) -> Square:
        rng = np.random.default_rng([self.seed, 1, position])
        square = self._crop(rgb, rng)
        if rng.random() < 0.5:
            square = square[:, ::-1]
        grey = None
        if self.worn and rng.random() < self.worn:
            grey = torch.from_numpy(worn(square, rng))
        elif self.softened and rng.random() < self.softened:
            grey = torch.from_numpy(softened(square, rng))
        return Square(name, torch.from_numpy(square.copy()).movedim(-1, 0), grey=grey)

    def _crop(
        self, rgb: UInt8[np.ndarray, "H W 3"], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "h w 3"]:
        """A square from anywhere, of the picture reduced to a short side from anywhere allowed."""
        if self.size_from == self.size:
            top, left = (rng.integers(0, side - self.crop + 1) for side in rgb.shape[:2])
            return rgb[top : top + self.crop, left : left + self.crop]
        side = self.crop * self.size / rng.integers(self.size_from, self.size + 1)
        top, left = (rng.uniform(0, length - side) for length in rgb.shape[:2])
        box = (left, top, left + side, top + side)
        return np.asarray(
            Image.fromarray(rgb).resize((self.crop, self.crop), Image.Resampling.BILINEAR, box)
        )


class CentreSquares(Dataset[Square]):
    """The centred square of every picture, scaled to `size`; unreadable ones are named."""

    def __init__(self, pictures: Sequence[Picture], *, size: int) -> None:
        self.pictures, self.size = pictures, size

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, place: int) -> Square:
        picture = self.pictures[place]
        try:
            rgb = read_rgb(picture, self.size, fit="scale")
        except (PictureError, OSError) as error:
            return Square(picture.name, None, ((picture.name, str(error)),))
        top, left = ((side - self.size) // 2 for side in rgb.shape[:2])
        square = rgb[top : top + self.size, left : left + self.size]
        return Square(picture.name, torch.from_numpy(square.copy()).movedim(-1, 0))
