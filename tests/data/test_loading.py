"""Which positions of the run make up a batch, in one process and in several."""

from itertools import islice
from types import SimpleNamespace

import pytest
import torch

from photochrom.config import ProtocolConfig
from photochrom.data import TrainingData, TrainingSquares, training_loader
from photochrom.image_io import find


def config(**changes):
    settings = {"steps": 3, "batch_size": 4, "size": 40, "crop": 32, "workers": 0} | changes
    return ProtocolConfig(**settings)


@pytest.fixture
def images(photos):
    return find([str(photos)]).images


def batches(images, settings, **where):
    squares = TrainingSquares(images, size=40, crop=32, seed=0, chunk_size=3, chunk_epochs=2)
    return list(islice(training_loader(squares, settings, **where), 3))


@pytest.mark.parametrize("start", [0, 20])  # 20: a run that is continued after five steps
@pytest.mark.parametrize("world", [1, 2, 4])
def test_the_images_of_a_step_do_not_depend_on_the_number_of_processes(images, world, start):
    whole = batches(images, config(), start=start)
    ranks = [batches(images, config(), start=start, rank=r, world=world) for r in range(world)]
    for step, batch in enumerate(whole):
        shares = [rank[step] for rank in ranks]
        assert [len(share.names) for share in shares] == [4 // world] * world
        assert batch.names == sum((share.names for share in shares), ())
        # float32: seven digits of values up to 110; other sizes may be added up otherwise
        lab = [torch.cat([getattr(share, name) for share in shares]) for name in ("L", "ab")]
        torch.testing.assert_close(batch.L, lab[0], rtol=0, atol=1e-4)
        torch.testing.assert_close(batch.ab, lab[1], rtol=0, atol=1e-4)


def test_a_run_that_is_continued_sees_what_it_would_have_seen(images):
    third, continued = batches(images, config(), start=0)[2], batches(images, config(), start=8)
    assert torch.equal(third.ab, continued[0].ab)


def test_a_batch_must_be_divisible_by_the_processes(images):
    of = r"--devices × --nodes \(3\)"
    message = rf"^--batch-size must be divisible by {of}, got 4: give a multiple of 3$"
    with pytest.raises(ValueError, match=message):
        batches(images, config(), start=0, rank=0, world=3)


@pytest.mark.parametrize("rank", [0, 1])
def test_lightning_gets_the_share_of_its_process_from_where_the_run_stands(images, rank):
    data = TrainingData(images, config())
    data.step = 5
    data.trainer = SimpleNamespace(global_rank=rank, world_size=2)
    squares = TrainingSquares(images, size=40, crop=32, seed=0)
    expected = next(iter(training_loader(squares, config(), start=20, rank=rank, world=2)))
    got = next(iter(data.train_dataloader()))
    assert got.names == expected.names
    assert torch.equal(got.ab, expected.ab)


@pytest.mark.slow
def test_workers_give_the_batches_of_one_process(images):
    for one, several in zip(
        batches(images, config(), start=0),
        batches(images, config(workers=2), start=0),
        strict=True,
    ):
        assert one.names == several.names
        assert torch.equal(one.ab, several.ab)
