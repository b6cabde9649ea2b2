"""Images that any other program has colorized, matched with the true ones by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import torch
from jaxtyping import UInt8
from torch import Tensor

from photochrom.errors import EvaluationError
from photochrom.evaluation.squares import read_page, square_of
from photochrom.image_io import ImageError, Page, SourceImage, find

_SLACK = 0.02  # of the sides' ratio: what rounding a size of 50 pixels may change


@dataclass(frozen=True)
class Predictions:
    """One image of `images` for every true one, in their order."""

    images: tuple[SourceImage, ...]
    truth: tuple[SourceImage, ...]
    surplus: tuple[str, ...]
    """Names of the images that are nobody's prediction."""

    @staticmethod
    def find(source: str, truth: Sequence[SourceImage]) -> "Predictions":
        """The images of `source` by the names of the true ones, whatever their suffix.

        `ValueError` if one is missing, or if two of either have the same name.
        """
        known = _by_stem(find([source]).images, f"{source}: expected one prediction")
        _by_stem(truth, "expected one true image")
        missing = [image.name for image in truth if _stem(image) not in known]
        if missing:
            raise EvaluationError(
                f"{source}: expected a prediction for each of {len(truth)} images, found none "
                f"for {len(missing)} (first: {missing[0]}): make them, or leave those images out"
            )
        matched = tuple(known[_stem(image)] for image in truth)
        surplus = known.keys() - {_stem(image) for image in truth}
        return Predictions(
            matched, tuple(truth), tuple(known[stem].name for stem in sorted(surplus))
        )

    def reordered(self, order: Sequence[int]) -> "Predictions":
        """The same with the images in another order."""
        return Predictions(
            tuple(self.images[place] for place in order),
            tuple(self.truth[place] for place in order),
            self.surplus,
        )

    def squares(self, places: Sequence[int], size: int) -> UInt8[Tensor, "B 3 size size"]:
        """The centered squares of some predictions, scaled to `size` as the true ones are."""
        return torch.stack([self._square(place, size) for place in places])

    def _square(self, place: int, size: int) -> UInt8[Tensor, "3 size size"]:
        image = self.images[place]
        try:
            page = read_page(image)
        except (ImageError, OSError) as error:
            raise EvaluationError(
                f"{image.name}: expected a prediction that can be read, got one that is {error}"
            ) from None
        _refuse_other_shape(image.name, page, read_page(self.truth[place]))
        return square_of(page, size)


def _by_stem(images: Sequence[SourceImage], expected: str) -> dict[str, SourceImage]:
    known: dict[str, SourceImage] = {}
    for image in images:
        other = known.setdefault(_stem(image), image)
        if other is not image:
            raise EvaluationError(
                f"{expected} for {_stem(image)}, got {other.name} and {image.name}: remove one"
            )
    return known


def _stem(image: SourceImage) -> str:
    return str(PurePosixPath(image.name).with_suffix(""))


def _refuse_other_shape(name: str, page: Page, true: Page) -> None:
    if abs(page.height * true.width / (page.width * true.height) - 1) > _SLACK:
        raise EvaluationError(
            f"{name}: expected a prediction of the true image's shape, {true.width} × "
            f"{true.height} or a multiple, got {page.width} × {page.height}: do not crop or "
            "stretch it"
        )
