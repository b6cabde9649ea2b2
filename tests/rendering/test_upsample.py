"""ab at full size: exact where it must be, better than plain interpolation where L has an edge."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from photochrom.color.lab import lab_from_rgb
from photochrom.image_io import find, read_rgb
from photochrom.rendering.upsample import Bilinear, EdgeAware, slope
from photochrom.runtime.threads import single_threads

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


def test_a_row_is_the_same_alone_and_in_any_strip(ab, L):
    large = torch.rand(2, 1, 50, 31) * 100
    made = EdgeAware(ab, L, (50, 31))
    whole = made.rows(ALL, large)
    for top, end in [(0, 1), (7, 9), (8, 16), (13, 47), (49, 50)]:
        strip = made.rows(slice(top, end), large[:, :, top:end])
        assert torch.equal(strip, whole[:, :, top:end])


def test_rows_that_were_given_stay_as_more_are_asked_for_in_any_mode(ab, L):
    large = torch.rand(2, 1, 50, 31) * 100
    made = EdgeAware(ab, L, (50, 31))
    with torch.inference_mode():
        first = made.rows(slice(0, 20), large[:, :, :20])
        before = first.clone()
    for rows in (slice(20, 40), slice(0, 50)):
        made.rows(rows, large[:, :, rows])
    assert torch.equal(first, before)
    with single_threads(3) as threads:
        others = list(threads.map(lambda _: made.rows(ALL, large), range(9)))
    assert all(torch.equal(other, made.rows(ALL, large)) for other in others)


@pytest.mark.parametrize("size", [(50, 31), (4, 5)])
def test_ab_is_that_of_its_definition(ab, L, size):
    """One color but in a corner, so that some is clamped and some is not."""
    small = ab * 0
    small[..., 4:, 5:] = 40.0
    large = _cubic(L, size) + torch.rand(2, 1, *size)
    back = F.interpolate(_cubic(small, (36, 48)), (9, 12), mode="bilinear", antialias=True)
    whole = _cubic(2 * small - back, size) + _cubic(slope(small, L), size) * (
        large - _cubic(L, size)
    )
    least, greatest = (_linear(each, size) for each in _around(small))
    expected = torch.minimum(torch.maximum(whole, least), greatest)
    assert 0.05 < (whole == expected).float().mean() < 0.95
    made = EdgeAware(small, L, size).rows(ALL, large)
    torch.testing.assert_close(made, expected, atol=1e-3, rtol=0)  # of float32 sums of 40 · L


def _linear(x, size):
    return Bilinear(x, size).rows(ALL, torch.zeros(2, 1, *size))


def _cubic(x, size):
    """Each row and column a sum of four by Keys's weights, in float64, edges repeated."""
    for dim in (-2, -1):
        small, large = x.shape[dim], size[dim]
        at = (np.arange(large) + 0.5) * small / large - 0.5
        matrix = torch.zeros(large, small, dtype=torch.float64)
        for row, place in enumerate(at):
            for tap in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
                d = abs(place - tap)
                near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * (d**3 - 5 * d**2 + 8 * d - 4)
                matrix[row, min(max(tap, 0), small - 1)] += near if d <= 1 else far
        x = torch.tensordot(x.double(), matrix, ([dim], [1])).movedim(-1, dim)
    return x.float()


def _around(x):
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate").unfold(2, 3, 1).unfold(3, 3, 1)
    return padded.amin((-2, -1)), padded.amax((-2, -1))


@pytest.mark.parametrize("factor", [3, 16])
def test_no_color_that_the_4_by_4_small_pixels_around_do_not_reach(ab, L, factor):
    """However far L goes, and whatever sharpening adds: petals have no purple seams."""
    size = (9 * factor, 12 * factor)
    wild = (torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(3)) > 0.5) * 100.0
    made = EdgeAware(ab, L, size).rows(ALL, wild)
    rounding = 1e-4  # of float32 at 40
    assert (made >= _of_the_nearest_4_by_4(ab, factor, torch.amin) - rounding).all()
    assert (made <= _of_the_nearest_4_by_4(ab, factor, torch.amax) + rounding).all()


def _of_the_nearest_4_by_4(x, factor, which):
    for dim in (-2, -1):
        first = ((torch.arange(x.shape[dim] * factor) + 0.5) / factor - 0.5).floor().long()
        near = (first[:, None] + torch.arange(-1, 3)).clamp(0, x.shape[dim] - 1)
        taken = x.index_select(dim, near.flatten()).unflatten(dim, near.shape)
        x = which(taken, dim)  # unflatten left the four at dim
    return x


def test_one_color_stays_one_color():
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
    expected = covariance / (mean(guide**2) - mean(guide) ** 2 + 100)
    made = slope(ab.double(), L.double())[0, 0].numpy()
    np.testing.assert_allclose(made, expected, atol=1e-9)


def test_color_ends_where_L_does():
    """A red and a green half whose edge lies within a small pixel."""
    large = torch.full((1, 1, 32, 32), 70.0)
    large[..., 14:] = 30.0
    true = torch.where(large > 50, 60.0, -60.0).expand(1, 2, 32, 32)
    ab, L = F.avg_pool2d(true, 4), F.avg_pool2d(large, 4)
    error = {
        "bilinear": (Bilinear(ab, (32, 32)).rows(ALL, large) - true).abs().mean(),
        "guided": (EdgeAware(ab, L, (32, 32)).rows(ALL, large) - true).abs().mean(),
    }
    assert error["guided"] < 0.6 * error["bilinear"]  # what is left is a ring of the cubic


def test_photographs_come_back_better_than_by_bilinear(samples):
    ratios = []
    for image in find([str(samples)]).images[:6]:
        rgb = read_rgb(image, 128)
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


def test_a_padded_small_image_is_placed_by_its_scale(ab):
    """Of a network whose last small column is half padding."""
    large = torch.rand(2, 1, 34, 46)
    made = Bilinear(ab, (34, 46), (1 / 4, 1 / 4)).rows(ALL, large)
    expected = F.interpolate(ab, scale_factor=4, mode="bilinear", align_corners=False)
    torch.testing.assert_close(made, expected[..., :34, :46], atol=1e-4, rtol=0)
