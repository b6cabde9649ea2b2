"""The gray guard: what is gray, what has one tone, and what has colors."""

import numpy as np
import pytest
import torch

from photochrom.color.lab import rgb_from_lab
from photochrom.image_io import find, packed_colors, read_rgb
from photochrom.prior.counting import cells
from photochrom.prior.monochrome import are_toned, is_gray as cells_are_gray


def is_gray(rgb):
    return cells_are_gray(cells(packed_colors(rgb)))


def is_toned(rgb):
    return are_toned([packed_colors(rgb)])[0]


@pytest.fixture(scope="module")
def photographs(samples):
    return [read_rgb(image, 128, fit="sample") for image in find([str(samples)]).images]


def lightness(rgb):
    return rgb.astype(float).mean(-1)


def in_one_tone(rgb, curve):
    y = lightness(rgb)
    return np.stack(curve(y), -1).clip(0, 255).astype(np.uint8)


def test_photographs_have_colors(photographs):
    assert not any(is_gray(rgb) or is_toned(rgb) for rgb in photographs)


def test_photographs_without_colors_are_gray(photographs):
    for rgb in photographs:
        gray = in_one_tone(rgb, lambda y: (y, y, y))
        assert is_gray(gray)


@pytest.mark.parametrize(
    "curve",
    [
        lambda y: (y + 30, y, y - 25),
        lambda y: (0.7 * y, 0.9 * y, 0.8 * y + 50),
        lambda y: (y + y * 20 / 255, y, y + (255 - y) * 20 / 255),
    ],
    ids=["sepia", "cyanotype", "split tone"],
)
def test_photographs_in_one_tone_are_toned(photographs, curve):
    for rgb in photographs:
        toned = in_one_tone(rgb, curve)
        assert is_toned(toned)
        assert not is_gray(toned)


def test_one_colored_pixel_among_gray_ones_is_no_gray_image():
    rgb = np.full((50, 50, 3), 128, dtype=np.uint8)
    assert is_gray(rgb)
    rgb[31, 17] = (128, 140, 128)
    assert not is_gray(rgb)


@pytest.mark.parametrize(("reach", "gray"), [(4.6, True), (5.4, False)])
def test_gray_ends_at_five(reach, gray):
    lab = torch.tensor([60.0, reach, 0.0], dtype=torch.float64)[:, None, None]
    rgb = (rgb_from_lab(lab) * 255).round().byte().movedim(0, -1).numpy()
    assert is_gray(rgb) == gray


def test_flat_colors_are_no_toned_photograph():
    rgb = np.zeros((40, 40, 3), dtype=np.uint8)
    rgb[:20] = (200, 30, 30)
    rgb[20:] = (30, 200, 60)
    assert not is_toned(rgb)
    assert not is_toned(rgb[:1, :1])


def test_images_asked_at_once_answer_as_alone(photographs):
    sepia = [in_one_tone(rgb, lambda y: (y + 30, y, y - 25)) for rgb in photographs[:3]]
    flat = np.full((9, 5, 3), 200, dtype=np.uint8)
    mixed = [sepia[0], photographs[0], flat, sepia[1], *photographs[1:], sepia[2]]
    together = are_toned([packed_colors(rgb) for rgb in mixed])
    assert together.tolist() == [is_toned(rgb) for rgb in mixed]
    assert np.flatnonzero(together).tolist() == [0, 3, len(mixed) - 1]


@pytest.mark.slow
def test_every_color_has_the_cell_of_its_definition():
    """And lies farther from the cell's edge than any rounding goes, but for black at 0."""
    from photochrom.color.lab import lab_from_rgb

    level = np.arange(256, dtype=np.uint8)
    green, blue = np.meshgrid(level, level, indexing="ij")
    for red in range(256):
        rgb = np.stack([np.full_like(green, red), green, blue], -1)
        ab = lab_from_rgb(torch.from_numpy(rgb).movedim(-1, 0).double() / 255)[1:].numpy()
        edge = np.abs(ab - ab.round()).min(0).ravel()
        assert edge[int(red == 0) :].min() > 1e-9
        cell = np.floor(ab + 110).astype(int)
        np.testing.assert_array_equal(cells(packed_colors(rgb)), (cell[0] * 220 + cell[1]).ravel())
