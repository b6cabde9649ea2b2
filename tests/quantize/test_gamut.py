import numpy as np
import pytest
import torch

from photochrom.color.lab import lab_from_rgb
from photochrom.quantize import Gamut, annealed_mean

# The published bins: for each a, the least and the greatest b. No row has a gap.
ROWS = {
    -90: (50, 90),
    -80: (20, 90),
    -70: (0, 90),
    -60: (-20, 90),
    -50: (-30, 100),
    -40: (-40, 100),
    -30: (-50, 100),
    -20: (-50, 100),
    -10: (-60, 100),
    0: (-70, 100),
    10: (-80, 90),
    20: (-80, 90),
    30: (-90, 90),
    40: (-100, 90),
    50: (-100, 80),
    60: (-110, 80),
    70: (-110, 80),
    80: (-110, 70),
    90: (-110, 70),
    100: (-90, 0),
}


def test_the_published_313_bins_come_from_the_rule():
    expected = [(a, b) for a, (low, high) in ROWS.items() for b in range(low, high + 1, 10)]
    assert Gamut.srgb().bins.tolist() == [list(map(float, bin)) for bin in expected]


def test_the_bins_equal_the_published_file_row_for_row(reference):
    published = np.load(reference / "pts_in_hull.npy")
    np.testing.assert_array_equal(Gamut.srgb().bins.numpy(), published)


@pytest.mark.parametrize("step", [5, 7.5, 20])
def test_every_srgb_color_has_a_bin_within_a_step(step):
    level = torch.linspace(0, 1, 18, dtype=torch.float64)
    cube = torch.cartesian_prod(level, level, level).T[..., None]
    ab = lab_from_rgb(cube)[1:, :, 0].T
    nearest = torch.cdist(ab, Gamut.srgb(step).bins.double(), p=float("inf")).amin(dim=1)
    assert nearest.max() <= step / 2 + 1e-9  # the square around a bin's center


def test_finer_grids_hold_the_coarser_ones_that_they_divide():
    # A coarser step also reaches farther out, so only bins near the hull's inside are shared.
    fine = set(map(tuple, Gamut.srgb(5).bins.tolist()))
    inner = [bin for bin in map(tuple, Gamut.srgb(10).bins.tolist()) if max(map(abs, bin)) <= 30]
    assert set(inner) <= fine


def test_a_step_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"step must be within 1 and 110, got 0.5"):
        Gamut.srgb(0.5)


def test_duplicate_bins_are_refused():
    with pytest.raises(ValueError, match=r"must be distinct, got duplicates among 2"):
        Gamut(torch.zeros(2, 2), 10)


def test_bins_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match=r"bins must be finite"):
        Gamut(torch.tensor([[0.0, float("nan")]]), 10)


def test_a_gamut_without_bins_is_refused():
    with pytest.raises(ValueError, match=r"bins must be \(Q, 2\), got \(0, 2\)"):
        Gamut(torch.zeros(0, 2), 10)


def test_a_gamut_first_asked_for_in_inference_can_be_trained_with():
    with torch.inference_mode():
        gamut = Gamut.srgb(step=47)  # that no other test asks for
    logits = torch.zeros(len(gamut), 1, 1, requires_grad=True)
    annealed_mean(logits, gamut).sum().backward()
    assert logits.grad is not None
