"""8-bit colors by tables are those of `color`, to far less than half a step."""

import numpy as np
import pytest
import torch

from photochrom.color.lab import lab_from_rgb, lightness_from_rgb, rgb_from_linear
from photochrom.color.lut import bytes_from_linear, lightness_from_grays, lightness_from_words


def words(rgb: np.ndarray) -> torch.Tensor:
    """Pixels (…, 3) of bytes as words, whose other byte is anything."""
    other = np.random.default_rng(1).integers(0, 256, (*rgb.shape[:-1], 1), dtype=np.uint8)
    return torch.from_numpy(np.concatenate([rgb, other], -1).view(np.int32)[..., 0])


def test_lightness_of_bytes_is_that_of_the_definition():
    rgb = np.random.default_rng(0).integers(0, 256, (60, 50, 3), dtype=np.uint8)
    rgb[:8] //= 16  # where L is a line
    planes = torch.from_numpy(rgb).movedim(-1, 0)
    made = lightness_from_words(words(rgb))
    # 5e-5 where the branches meet, and float32's five digits of 100.
    exact = lab_from_rgb(planes.double() / 255)[0]
    torch.testing.assert_close(made.double(), exact, atol=1e-4, rtol=0)
    torch.testing.assert_close(made, lightness_from_rgb(planes.float() / 255)[0], atol=1e-4, rtol=0)


def test_lightness_of_grays_is_that_of_the_same_among_colors():
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, -1)
    colored = np.concatenate([gray, [[[1, 2, 3]]]]).astype(np.uint8)
    alone, among = lightness_from_words(words(gray)), lightness_from_words(words(colored))
    torch.testing.assert_close(alone, among[:-1], atol=1e-4, rtol=0)
    planes = torch.from_numpy(gray).movedim(-1, 0).double() / 255
    torch.testing.assert_close(alone.double(), lab_from_rgb(planes)[0], atol=1e-4, rtol=0)
    assert torch.equal(lightness_from_grays(gray[..., 0]), alone)


@pytest.mark.parametrize("channel", range(3))
def test_one_step_in_one_channel_is_no_gray(channel):
    rgb = np.full((1, 1, 3), 90, np.uint8)
    rgb[..., channel] += 1
    assert lightness_from_words(words(rgb)) > lightness_from_words(words(rgb * 0 + 90))


def test_bytes_of_linear_values_are_rounded_to_a_300th_of_a_step():
    linear = torch.cat(
        [
            torch.linspace(0, 0.01, 200_000, dtype=torch.float64),
            torch.linspace(0, 1, 400_000, dtype=torch.float64),
        ]
    ).float()
    made = bytes_from_linear(torch.stack([linear, linear.flip(0), linear * 0])).double()
    exact = 255 * rgb_from_linear(linear.double())
    assert (made[0] - exact).abs().max() < 0.5 + 1 / 300  # 1/350 and float32's root
    assert (made[1].flip(0) - exact).abs().max() < 0.5 + 1 / 300
    assert made[2].max() == 0


def test_every_byte_comes_back_and_what_is_beyond_is_clipped():
    levels = torch.arange(256).double() / 255
    linear = torch.where(levels > 0.04045, ((levels + 0.055) / 1.055) ** 2.4, levels / 12.92)
    made = bytes_from_linear(linear.float().repeat(3, 1))
    np.testing.assert_array_equal(made, np.arange(256)[None].repeat(3, 0))
    beyond = bytes_from_linear(torch.tensor([-0.1, 1.1, 1e-9]).reshape(3, 1))
    assert beyond.flatten().tolist() == [0, 255, 0]
