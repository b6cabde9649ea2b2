"""Pictures that any other program has colorized, matched with the true ones by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import torch
from jaxtyping import UInt8
from torch import Tensor

from photochrom.evaluation.squares import read_page, square_of
from photochrom.image_io import Page, Picture, PictureError, find

_SLACK = 0.02  # of the sides' ratio: what rounding a size of 50 pixels may change


@dataclass(frozen=True)
class Predictions:
    """One picture of `pictures` for every true one, in their order."""

    pictures: tuple[Picture, ...]
    truth: tuple[Picture, ...]
    surplus: tuple[str, ...]
    """Names of the pictures that are nobody's prediction."""

    @staticmethod
    def find(source: str, truth: Sequence[Picture]) -> "Predictions":
        """The pictures of `source` by the names of the true ones, whatever their suffix.

        `ValueError` if one is missing, or if two of either have the same name.
        """
        known = _by_stem(find([source]).pictures, f"{source}: expected one prediction")
        _by_stem(truth, "expected one true picture")
        missing = [picture.name for picture in truth if _stem(picture) not in known]
        if missing:
            raise ValueError(
                f"{source}: expected a prediction for each of {len(truth)} pictures, found none "
                f"for {len(missing)} (first: {missing[0]}): make them, or leave those pictures out"
            )
        matched = tuple(known[_stem(picture)] for picture in truth)
        surplus = known.keys() - {_stem(picture) for picture in truth}
        return Predictions(
            matched, tuple(truth), tuple(known[stem].name for stem in sorted(surplus))
        )

    def reordered(self, order: Sequence[int]) -> "Predictions":
        """The same with the pictures in another order."""
        return Predictions(
            tuple(self.pictures[place] for place in order),
            tuple(self.truth[place] for place in order),
            self.surplus,
        )

    def squares(self, places: Sequence[int], size: int) -> UInt8[Tensor, "B 3 size size"]:
        """The centered squares of some predictions, scaled to `size` as the true ones are."""
        return torch.stack([self._square(place, size) for place in places])

    def _square(self, place: int, size: int) -> UInt8[Tensor, "3 size size"]:
        picture = self.pictures[place]
        try:
            page = read_page(picture)
        except (PictureError, OSError) as error:
            raise ValueError(
                f"{picture.name}: expected a prediction that can be read, got one that is {error}"
            ) from None
        _refuse_other_shape(picture.name, page, read_page(self.truth[place]))
        return square_of(page, size)


def _by_stem(pictures: Sequence[Picture], expected: str) -> dict[str, Picture]:
    known: dict[str, Picture] = {}
    for picture in pictures:
        other = known.setdefault(_stem(picture), picture)
        if other is not picture:
            raise ValueError(
                f"{expected} for {_stem(picture)}, got {other.name} and {picture.name}: remove one"
            )
    return known


def _stem(picture: Picture) -> str:
    return str(PurePosixPath(picture.name).with_suffix(""))


def _refuse_other_shape(name: str, page: Page, true: Page) -> None:
    if abs(page.height * true.width / (page.width * true.height) - 1) > _SLACK:
        raise ValueError(
            f"{name}: expected a prediction of the true image's shape, {true.width} × "
            f"{true.height} or a multiple, got {page.width} × {page.height}: do not crop or "
            "stretch it"
        )
