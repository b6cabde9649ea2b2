import numpy as np
import pytest
import torch
from skimage.color import lab2rgb, rgb2lab

from photochrom.color.lab import lab_from_rgb, rgb_from_lab


def _channels_first(x):
    return torch.from_numpy(x).movedim(-1, 0)


@pytest.fixture
def rgb():
    """Random 8-bit colors, with the corners of the cube and near-black among them."""
    drawn = np.random.default_rng(0).integers(0, 256, size=(64, 64, 3)).astype(np.float64)
    drawn[0, :8] = [[255 * ((i >> c) & 1) for c in range(3)] for i in range(8)]
    drawn[1, :16] = np.arange(16)[:, None]
    return drawn / 255


def test_lab_equals_scikit_image(rgb):
    ours = lab_from_rgb(_channels_first(rgb))
    # float64 rounding of values up to 108
    torch.testing.assert_close(ours, _channels_first(rgb2lab(rgb)), atol=1e-10, rtol=0)


def test_rgb_equals_scikit_image(rgb):
    lab = rgb2lab(rgb)
    ours = rgb_from_lab(_channels_first(lab))
    torch.testing.assert_close(ours, _channels_first(lab2rgb(lab)), atol=1e-10, rtol=0)


def test_colors_outside_srgb_are_clipped_as_scikit_image_clips_them():
    lab = np.random.default_rng(1).uniform([0, -110, -110], [100, 110, 110], size=(32, 32, 3))
    with pytest.warns(UserWarning, match="negative Z values"):
        theirs = lab2rgb(lab)
    ours = rgb_from_lab(_channels_first(lab))
    torch.testing.assert_close(ours, _channels_first(theirs), atol=1e-10, rtol=0)


def test_float32_comes_back_to_the_same_8_bit_color(rgb):
    there = lab_from_rgb(_channels_first(rgb).float())
    back = (255 * rgb_from_lab(there)).round() / 255
    torch.testing.assert_close(back.double(), _channels_first(rgb), atol=1e-6, rtol=0)


def test_black_has_finite_gradients():
    rgb = torch.zeros(3, 1, 1, requires_grad=True)
    lab_from_rgb(rgb).sum().backward()
    assert rgb.grad.isfinite().all()


def test_mid_gray_is_darker_than_its_value_over_255():
    # L* of 8-bit 128 is 53.6, not 100 · 128 / 255 = 50.2: the trap of a popular sample.
    gray = torch.full((3, 1, 1), 128 / 255)
    assert lab_from_rgb(gray)[0].item() == pytest.approx(53.585, abs=1e-3)


def test_float32_loses_little_more_than_scikit_image_does():
    level = torch.cat([torch.arange(0, 256, 5), torch.tensor([10, 11, 254])])  # 11 / 255 is curved
    rgb = torch.cartesian_prod(level, level, level).T[..., None].double() / 255
    exact = lab_from_rgb(rgb)
    theirs = rgb2lab(rgb.float().movedim(0, -1).numpy())
    error = (lab_from_rgb(rgb.float()) - exact).abs().max().item()
    their_error = np.abs(theirs - exact.movedim(0, -1).numpy()).max()
    # 1e-4: two roundings of f(X) near 1, times 500, in another order.
    assert error <= their_error + 1e-4


@pytest.mark.parametrize("shape", [(3, 1, 1), (2, 3, 5, 7), (0, 3, 4, 4), (2, 2, 3, 300, 500)])
def test_float32_is_converted_in_any_shape(shape):
    rgb = torch.rand(shape)
    # 3e-4: the float32 error of the conversion, as above
    torch.testing.assert_close(
        lab_from_rgb(rgb).double(), lab_from_rgb(rgb.double()), atol=3e-4, rtol=0
    )
    turned = rgb.mT.contiguous().mT
    assert torch.equal(lab_from_rgb(turned), lab_from_rgb(rgb))


def test_the_gradient_is_that_of_the_definition():
    rgb = torch.rand(3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lab_from_rgb, rgb)
    assert torch.autograd.gradcheck(rgb_from_lab, lab_from_rgb(rgb).detach().requires_grad_())
