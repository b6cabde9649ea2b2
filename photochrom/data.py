"""Pictures → batches of L and ab.

What a training batch holds is a pure function of the seed and its position in the run:
neither workers nor a stop and resume change it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from photochrom.color import lab_from_rgb, rgb_from_lab
from photochrom.config import ProtocolConfig
from photochrom.images import GREY_REACH, Picture, PictureError, read

_TRIES = 1000  # pictures in a row that may be grey or unreadable before training gives up


class Batch(NamedTuple):
    """L in 0–100 and ab of B pictures, their names, and (name, reason) of what was skipped."""

    L: Float[Tensor, "B 1 H W"]
    ab: Float[Tensor, "B 2 H W"]
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


class Square(NamedTuple):
    """One picture of a batch before its colours are converted; `rgb` is absent if unreadable."""

    name: str
    rgb: UInt8[Tensor, "3 H W"] | None
    skipped: tuple[tuple[str, str], ...] = ()


def collate(squares: Sequence[Square]) -> Batch:
    """Stack what could be read and convert it, one batch at a time."""
    readable = [(square.name, square.rgb) for square in squares if square.rgb is not None]
    skipped = tuple(one for square in squares for one in square.skipped)
    if not readable:
        return Batch(torch.zeros(0, 1, 1, 1), torch.zeros(0, 2, 1, 1), (), skipped)
    lab = lab_from_rgb(torch.stack([rgb for _, rgb in readable]).float() / 255)
    return Batch(lab[:, :1], lab[:, 1:], tuple(name for name, _ in readable), skipped)


def compose(
    L: Float[Tensor, "*batch 1 H W"], ab: Float[Tensor, "*batch 2 H W"]
) -> UInt8[Tensor, "*batch 3 H W"]:
    """8-bit sRGB of L and ab, as it would be saved; colours outside sRGB are clipped."""
    rgb = rgb_from_lab(torch.cat([L, ab.to(L)], dim=-3))
    return (255 * rgb).round().to(torch.uint8)


def is_grey(rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
    """Whether no |a| or |b| is above 5: such a picture would teach that things are grey."""
    red, green, blue = (rgb[..., channel] for channel in range(3))
    most = np.maximum(np.maximum(red, green), blue)  # far faster than a maximum over an axis
    least = np.minimum(np.minimum(red, green), blue)
    if (most - least).max() > 50:  # no sRGB colour with such a spread has both |a| and |b| below 5
        return False
    lab = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0).float() / 255)
    return bool(lab[1:].abs().max() <= GREY_REACH)


class TrainingSquares(Dataset[Square]):
    """Random crops and flips, by position in an endless run of shuffled passes."""

    def __init__(self, pictures: Sequence[Picture], *, size: int, crop: int, seed: int) -> None:
        self.pictures = pictures
        self.size, self.crop, self.seed = size, crop, seed
        self._turn, self._order = -1, np.empty(0, dtype=np.int64)  # of the pass last asked for

    def __getitem__(self, position: int) -> Square:
        """The picture of that position, or the next in its pass that is fit for training.

        `ValueError` if none of a thousand is.
        """
        skipped: list[tuple[str, str]] = []
        turn, place = divmod(position, len(self.pictures))
        if turn != self._turn:
            rng = np.random.default_rng([self.seed, turn])
            self._turn, self._order = turn, rng.permutation(len(self.pictures))
        order = self._order
        for step in range(min(len(order), _TRIES)):
            picture = self.pictures[order[(place + step) % len(order)]]
            try:
                rgb = read(picture, self.size, fit="scale")
            except (PictureError, OSError) as error:
                skipped.append((picture.name, str(error)))
                continue
            if is_grey(rgb):
                skipped.append((picture.name, "grey"))
                continue
            return Square(picture.name, self._crop(rgb, position), tuple(skipped))
        raise ValueError(
            f"expected colour pictures to train on, got {len(skipped)} in a row that are none: "
            f"the first is {skipped[0][0]} ({skipped[0][1]})"
        )

    def _crop(self, rgb: UInt8[np.ndarray, "H W 3"], position: int) -> UInt8[Tensor, "3 h w"]:
        rng = np.random.default_rng([self.seed, 1, position])
        top, left = (rng.integers(0, side - self.crop + 1) for side in rgb.shape[:2])
        square = rgb[top : top + self.crop, left : left + self.crop]
        if rng.random() < 0.5:
            square = square[:, ::-1]
        return torch.from_numpy(square.copy()).movedim(-1, 0)


class CentreSquares(Dataset[Square]):
    """The centred square of every picture, scaled to `size`; unreadable ones are named."""

    def __init__(self, pictures: Sequence[Picture], *, size: int) -> None:
        self.pictures, self.size = pictures, size

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, place: int) -> Square:
        picture = self.pictures[place]
        try:
            rgb = read(picture, self.size, fit="scale")
        except (PictureError, OSError) as error:
            return Square(picture.name, None, ((picture.name, str(error)),))
        top, left = ((side - self.size) // 2 for side in rgb.shape[:2])
        square = rgb[top : top + self.size, left : left + self.size]
        return Square(picture.name, torch.from_numpy(square.copy()).movedim(-1, 0))


class Positions(Sampler[int]):
    """start, start + 1, … without end."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self) -> Iterator[int]:
        position = self.start
        while True:
            yield position
            position += 1


def centre_loader(
    pictures: Sequence[Picture], *, size: int, batch: int, workers: int
) -> DataLoader[Square]:
    """Batches of every picture once, in the order given."""
    return _loader(CentreSquares(pictures, size=size), None, batch=batch, workers=workers)


def _loader(
    squares: Dataset[Square], sampler: Sampler[int] | None, *, batch: int, workers: int
) -> DataLoader[Square]:
    return DataLoader(
        squares,
        batch_size=batch,
        sampler=sampler,
        num_workers=workers,
        collate_fn=collate,
        # Forking a process whose torch threads are running may hang; Python 3.12 warns of it.
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def training_loader(
    squares: TrainingSquares, config: ProtocolConfig, *, start: int
) -> DataLoader[Square]:
    """The endless training batches from a position on."""
    return _loader(squares, Positions(start), batch=config.batch, workers=config.workers)


class TrainingData(pl.LightningDataModule):
    """The endless training batches, from where the run stands."""

    def __init__(self, pictures: Sequence[Picture], config: ProtocolConfig) -> None:
        super().__init__()
        self.squares = TrainingSquares(
            pictures, size=config.size, crop=config.crop, seed=config.seed
        )
        self.config = config

    def train_dataloader(self) -> DataLoader[Square]:
        assert self.trainer is not None
        start = self.trainer.global_step * self.config.batch
        return training_loader(self.squares, self.config, start=start)
