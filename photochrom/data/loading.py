"""Squares → batches, loaded in time for the steps: in one process or in several."""

from collections.abc import Iterator, Sequence

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from photochrom.config import ProtocolConfig
from photochrom.data.batch import Square, collate
from photochrom.data.datasets import CenterSquares, TrainingSquares
from photochrom.errors import DataError
from photochrom.image_io import SourceImage


class Positions(Sampler[int]):
    """Of each `batch` positions from `start` on, without end, the share of one of `world` ranks.

    >>> from itertools import islice
    >>> list(islice(Positions(8, batch=4, rank=1, world=2), 4))
    [10, 11, 14, 15]
    """

    def __init__(self, start: int, *, batch: int, rank: int, world: int) -> None:
        self.start, self.batch, self.rank, self.world = start, batch, rank, world

    def __iter__(self) -> Iterator[int]:
        share = self.batch // self.world
        first = self.start + self.rank * share
        while True:
            yield from range(first, first + share)
            first += self.batch


def center_loader(
    images: Sequence[SourceImage], *, size: int, batch: int, workers: int
) -> DataLoader[Square]:
    """Batches of every image once, in the order given."""
    return _loader(CenterSquares(images, size=size), None, batch=batch, workers=workers)


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
    squares: TrainingSquares,
    config: ProtocolConfig,
    *,
    start: int,
    rank: int = 0,
    world: int = 1,
) -> DataLoader[Square]:
    """The endless training batches from a position on.

    `config.batch_size` is the images of a step on all processes; of each step, the process `rank`
    of `world` gets its contiguous share. The images of a step thus do not depend on the number
    of processes. `ValueError` if the batch cannot be shared equally.
    """
    if config.batch_size % world:
        raise DataError(
            f"--batch-size must be divisible by --devices × --nodes ({world}), got "
            f"{config.batch_size}: give a multiple of {world}"
        )
    positions = Positions(start, batch=config.batch_size, rank=rank, world=world)
    return _loader(squares, positions, batch=config.batch_size // world, workers=config.workers)


class TrainingData(pl.LightningDataModule):
    """The endless training batches after `step` steps, for each process its share.

    `step` is set before a run is continued. It is not the trainer's `global_step`, which counts
    the steps of every optimizer.
    """

    def __init__(
        self,
        images: Sequence[SourceImage],
        config: ProtocolConfig,
        sources: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        least, most = config.sizes
        self.squares = TrainingSquares(
            images,
            size=most,
            scale_min=least,
            crop=config.crop,
            seed=config.seed,
            chunk_size=config.chunk_size,
            chunk_epochs=config.chunk_epochs,
            sources=sources,
            degrade=config.degrade,
            blur=config.blur,
        )
        self.config = config
        self.step = 0

    def train_dataloader(self) -> DataLoader[Square]:
        assert self.trainer is not None
        return training_loader(
            self.squares,
            self.config,
            start=self.step * self.config.batch_size,
            rank=self.trainer.global_rank,
            world=self.trainer.world_size,
        )
