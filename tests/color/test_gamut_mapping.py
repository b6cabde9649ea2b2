"""Colors outside sRGB lose chroma, never lightness or hue."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from photochrom.color.gamut_mapping import rgb_within_gamut
from photochrom.color.lab import lab_from_rgb, lightness_from_rgb, rgb_from_lab


@pytest.fixture(scope="module")
def lab() -> torch.Tensor:
    """Colors (3, 1, 20000) all over the box that holds any network's."""
    rng = torch.Generator().manual_seed(0)
    box = torch.rand(3, 1, 20_000, generator=rng, dtype=torch.float64)
    return box * torch.tensor([100.0, 220, 220])[:, None, None] - torch.tensor(
        [0.0, 110, 110]
    ).reshape(3, 1, 1)


def hue_difference(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Between the colors' ab, as their distance if both had the smaller chroma."""
    chroma = [torch.linalg.vector_norm(ab, dim=0) for ab in (one, other)]
    angle = torch.atan2(one[1], one[0]) - torch.atan2(other[1], other[0])
    angle = torch.remainder(angle + torch.pi, 2 * torch.pi) - torch.pi
    return angle.abs() * torch.minimum(*chroma)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lightness_alone_is_that_of_the_whole_color(dtype):
    rng = np.random.default_rng(0)
    rgb = np.concatenate([rng.random((50, 50, 3)), rng.random((50, 50, 3)) / 50])
    ours = lightness_from_rgb(torch.from_numpy(rgb).movedim(-1, 0).to(dtype))
    # float32 carries seven digits, of which L of 100 and the cube root leave five.
    np.testing.assert_allclose(ours[0], rgb2lab(rgb)[..., 0], atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lightness_is_kept(lab, dtype):
    back = rgb2lab(rgb_within_gamut(lab.to(dtype)).double().movedim(0, -1).numpy())
    # 3e-4 at L = 100, see rgb_within_gamut; float32 adds 1e-4.
    np.testing.assert_allclose(back[..., 0], lab[0].numpy(), atol=1e-3)


def test_hue_is_kept(lab):
    back = lab_from_rgb(rgb_within_gamut(lab))
    # Near gray the white's last digits, 5e-3 of b, turn the angle: hence as a distance.
    assert hue_difference(back[1:], lab[1:]).max() < 1e-2


def test_chroma_is_never_raised_and_only_lost_as_needed(lab):
    back = lab_from_rgb(rgb_within_gamut(lab))
    before, after = (torch.linalg.vector_norm(x[1:], dim=0) for x in (lab, back))
    assert (after <= before + 1e-2).all()
    # 0.3 more no longer fits, twice what bisection leaves of 155: clipped, the color moves.
    lost = (after < before - 1) & (after > 5)
    more = back.clone()
    more[1:] *= 1 + 0.3 / after
    misfit = (lab_from_rgb(rgb_from_lab(more)) - more).abs().amax(0)
    assert lost.float().mean() > 0.3
    assert (misfit[lost] > 1e-3).all()


def test_colors_in_gamut_are_untouched():
    rng = torch.Generator().manual_seed(1)
    rgb = torch.rand(2, 3, 40, 50, generator=rng, dtype=torch.float64)
    # The inverse's constants have seven digits.
    torch.testing.assert_close(rgb_within_gamut(lab_from_rgb(rgb)), rgb, atol=1e-6, rtol=0)


@pytest.mark.parametrize("lightness", [0.0, 100.0])
def test_black_and_white_have_no_color(lightness):
    lab = torch.tensor([lightness, 60.0, -70.0]).reshape(3, 1, 1)
    expected = torch.full((3, 1, 1), lightness / 100)
    torch.testing.assert_close(rgb_within_gamut(lab), expected, atol=1e-4, rtol=0)


def test_it_agrees_with_plain_conversion_on_a_batch_in_gamut():
    lab = torch.tensor([[60.0, 20, 30], [40, -10, 5]]).reshape(2, 3, 1, 1)
    torch.testing.assert_close(rgb_within_gamut(lab), rgb_from_lab(lab))


def test_a_image_without_pixels_stays_empty():
    assert rgb_within_gamut(torch.zeros(3, 0, 4)).shape == (3, 0, 4)
