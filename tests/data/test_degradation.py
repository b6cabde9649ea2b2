"""What training does to images beside cutting them: other scales, other grays."""

import numpy as np
import pytest
import torch

from photochrom.color.lab import lab_from_rgb
from photochrom.config import TrainConfig
from photochrom.data import TrainingSquares, collate
from photochrom.data.degradation import blurred, degraded
from photochrom.image_io import find


@pytest.fixture
def one(save_image):
    """An image of vertical stripes, 8 pixels each, red and blue; 64 high and 96 wide."""
    stripes = np.zeros((64, 96, 3), dtype=np.uint8)
    stripes[:, np.arange(96) // 8 % 2 == 0] = (220, 40, 40)
    stripes[:, np.arange(96) // 8 % 2 == 1] = (40, 40, 220)
    save_image("one/a.png", stripes)

    def squares(**changes):
        settings = {"size": 64, "crop": 32, "seed": 0} | changes
        return TrainingSquares(find([str(save_image("one/a.png", stripes))]).images, **settings)

    return squares


def widths(squares, positions=24):
    """How wide whole stripes are in each crop: the lengths of runs of one color."""
    found = []
    for position in range(positions):
        row = squares[position].rgb[0, 16].numpy() > 130
        edges = np.flatnonzero(np.diff(row))
        found += np.diff(edges).tolist()
    return found


def test_images_are_seen_at_any_size_that_is_allowed(one):
    assert set(widths(one())) == {8}
    # From half of the size on: 4 to 8 pixels a stripe, each edge within half a pixel.
    seen = set(widths(one(scale_min=32)))
    assert seen >= {4, 5, 6, 7, 8}
    assert seen <= {3, 4, 5, 6, 7, 8, 9}


def test_a_crop_at_another_size_has_its_side_and_follows_from_the_position(one):
    squares = one(scale_min=32)
    assert squares[3].rgb.shape == (3, 32, 32)
    assert torch.equal(squares[3].rgb, one(scale_min=32)[3].rgb)


def test_worn_images_keep_their_colors_and_change_their_L(one):
    whole, aged = one(), one(degrade=1.0)
    plain, changed = (
        collate([squares[position] for position in range(6)]) for squares in (whole, aged)
    )
    assert torch.equal(plain.ab, changed.ab)
    assert all((plain.L[i] - changed.L[i]).abs().mean() > 1 for i in range(6))
    assert 0 <= changed.L.min() <= changed.L.max() <= 100


def test_a_share_of_images_is_worn(one):
    gray = [one(degrade=0.25)[position].gray is not None for position in range(200)]
    # Four standard deviations of 200 draws: 4 · √(0.25 · 0.75 / 200) = 0.12.
    assert abs(np.mean(gray) - 0.25) < 0.12


def test_the_same_draws_wear_a_image_alike_and_others_differently():
    rgb = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    first, again, other = (degraded(rgb, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_what_is_worn_still_looks_like_the_image():
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 64, axis=0)
    rgb = np.stack([ramp] * 3, axis=-1)
    L = lab_from_rgb(torch.from_numpy(rgb).movedim(-1, 0).float() / 255)[0].numpy()
    for seed in range(10):
        grays = degraded(rgb, np.random.default_rng(seed)).astype(float)
        assert np.corrcoef(grays.mean(axis=0), L.mean(axis=0))[0, 1] > 0.9


def test_what_is_softened_keeps_its_mean_and_loses_what_is_fine():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    rgb = np.stack([noise] * 3, axis=-1)
    soft = [blurred(rgb, np.random.default_rng(seed)).astype(float) for seed in range(20)]
    assert all(abs(one.mean() - noise.mean()) < 2 for one in soft)
    own = np.abs(np.diff(noise.astype(float))).mean()
    steps = [np.abs(np.diff(one)).mean() / own for one in soft]
    # Of noise: half the size keeps a quarter of what neighbors differ by, nearly all of it most.
    assert min(steps) < 0.25
    assert max(steps) < 0.9


def test_images_are_worn_or_softened_or_as_they_are(one):
    squares = one(degrade=0.5, blur=0.5)
    plain, soft = one(), one(blur=1.0)
    kinds = []
    for position in range(200):
        gray = squares[position].gray
        assert torch.equal(squares[position].rgb, plain[position].rgb)
        kinds.append("plain" if gray is None else "other")
        assert soft[position].gray is not None
    # Four standard deviations of 200 draws, of which a quarter is left.
    assert abs(kinds.count("plain") / 200 - 0.25) < 0.12


def test_sizes_that_no_crop_fits_are_refused():
    with pytest.raises(ValueError, match=r"is --size \(128\), got 112, 100 and 128"):
        TrainConfig(scale_min=100)
    with pytest.raises(ValueError, match=r"is --size \(128\), got 112, 128 and 120"):
        TrainConfig(scale_max=120)
    # The model's own size has no part in training where both others are said.
    assert TrainConfig(size=64, scale_min=112, scale_max=144).sizes == (112, 144)
    with pytest.raises(ValueError, match=r"--degrade must be within 0 and 1, got 2"):
        TrainConfig(degrade=2)
    with pytest.raises(ValueError, match=r"--ema-decay must be 0 or more and below 1, got 1"):
        TrainConfig(ema_decay=1.0)
    with pytest.raises(ValueError, match=r"--ema-decay 0.9 needs --discriminator none, got patch"):
        TrainConfig(ema_decay=0.9, discriminator="patch")
