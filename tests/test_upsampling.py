"""ab at full size: exact where it must be, better than plain interpolation where L has an edge."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from photochrom.color import lab_from_rgb
from photochrom.images import find, read
from photochrom.upsampling import Bilinear, EdgeAware, slope

ALL = slice(0, None)


@pytest.fixture
def ab():
    return torch.rand(2, 2, 9, 12, generator=torch.Generator().manual_seed(1)) * 80 - 40


@pytest.fixture
def L():
    return torch.rand(2, 1, 9, 12, generator=torch.Generator().manual_seed(2)) * 100


@pytest.mark.parametrize("size", [(9, 12), (36, 48), (50, 31), (4, 5)])
def test_bilinear_is_that_of_torch(ab, size):
    large = torch.rand(2, 1, *size)
    expected = F.interpolate(ab, size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(Bilinear(ab, size).rows(ALL, large), expected, atol=1e-4, rtol=0)


def test_strips_are_the_whole(ab, L):
    large = torch.rand(2, 1, 50, 31) * 100
    made = EdgeAware(ab, L, (50, 31))
    strips = [made.rows(slice(at, at + 7), large[:, :, at : at + 7]) for at in range(0, 50, 7)]
    assert torch.equal(torch.cat(strips, dim=2), made.rows(ALL, large))


def test_one_colour_stays_one_colour():
    ab = torch.tensor([20.0, -30.0]).reshape(1, 2, 1, 1).expand(1, 2, 6, 7)
    large = torch.rand(1, 1, 60, 70) * 100
    made = EdgeAware(ab, torch.rand(1, 1, 6, 7) * 100, (60, 70)).rows(ALL, large)
    torch.testing.assert_close(made, ab[..., :1, :1].expand_as(made), atol=1e-3, rtol=0)


def test_the_slope_is_that_of_the_guided_filter(ab, L):
    def mean(x):
        # Over 5 × 5, as the Gaussian here: truncate 4 × 0.5 is 2 pixels.
        return gaussian_filter(x, 0.5, mode="nearest", truncate=4)

    guide, a = L[0, 0].double().numpy(), ab[0, 0].double().numpy()
    covariance = mean(a * guide) - mean(a) * mean(guide)
    expected = covariance / (mean(guide**2) - mean(guide) ** 2 + 60)
    made = slope(ab.double(), L.double())[0, 0].numpy()
    np.testing.assert_allclose(made, expected, atol=1e-9)


def test_texture_makes_no_colours_up(ab, L):
    """Whatever the large L: nothing beyond the small pixels that can be its neighbours."""
    noise = torch.rand(2, 1, 90, 120, generator=torch.Generator().manual_seed(3)) * 100
    made = EdgeAware(ab, L, (90, 120)).rows(ALL, noise)
    # Between two small pixels both have a say: 3 × 3 of each are 4 × 4, within 5 × 5 of either.
    highest = F.interpolate(F.max_pool2d(ab, 5, 1, padding=2), (90, 120), mode="nearest")
    lowest = F.interpolate(-F.max_pool2d(-ab, 5, 1, padding=2), (90, 120), mode="nearest")
    assert (made <= highest + 2.001).all()
    assert (made >= lowest - 2.001).all()


def test_colour_ends_where_L_does():
    """A red and a green half whose edge lies within a small pixel."""
    large = torch.full((1, 1, 32, 32), 70.0)
    large[..., 14:] = 30.0
    true = torch.where(large > 50, 60.0, -60.0).expand(1, 2, 32, 32)
    ab, L = F.avg_pool2d(true, 4), F.avg_pool2d(large, 4)
    error = {
        "bilinear": (Bilinear(ab, (32, 32)).rows(ALL, large) - true).abs().mean(),
        "edges": (EdgeAware(ab, L, (32, 32)).rows(ALL, large) - true).abs().mean(),
    }
    assert error["edges"] < 0.6 * error["bilinear"]  # what is left is a ring of the cubic


def test_photographs_come_back_better_than_by_bilinear(samples):
    ratios = []
    for picture in find([str(samples)]).pictures[:6]:
        rgb = read(picture, 128)
        lab = lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0)[None].float() / 255)
        lab = lab[..., : rgb.shape[0] // 4 * 4, : rgb.shape[1] // 4 * 4]
        L, ab = lab[:, :1], lab[:, 1:]
        small = F.interpolate(lab, scale_factor=0.25, mode="bilinear", antialias=True)
        size = (L.shape[-2], L.shape[-1])
        ours = EdgeAware(small[:, 1:], small[:, :1], size).rows(ALL, L)
        plain = Bilinear(small[:, 1:], size).rows(ALL, L)
        ratios.append(float((ours - ab).norm(dim=1).mean() / (plain - ab).norm(dim=1).mean()))
    assert max(ratios) < 0.95
    assert np.mean(ratios) < 0.85


def test_a_padded_small_picture_is_placed_by_its_scale(ab):
    """Of a network whose last small column is half padding."""
    large = torch.rand(2, 1, 34, 46)
    made = Bilinear(ab, (34, 46), (1 / 4, 1 / 4)).rows(ALL, large)
    expected = F.interpolate(ab, scale_factor=4, mode="bilinear", align_corners=False)
    torch.testing.assert_close(made, expected[..., :34, :46], atol=1e-4, rtol=0)
