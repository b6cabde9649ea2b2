import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000

from photochrom.metrics import ciede2000, ciede2000_same_L, delta_e
from photochrom.metrics.color_difference import BLUE, CHROMA_STEPS, GREEN, chroma_steps, hue_sectors


def lab_of(*colors):
    return torch.tensor(np.array(colors), dtype=torch.float64).T.reshape(1, 3, 1, -1)


def random_lab(seed, n=4000):
    random = np.random.default_rng(seed)
    lab = random.uniform((0, -110, -110), (100, 110, 110), size=(n, 3))
    lab[: n // 4, 1:] *= 0.02  # nearly gray, where the hue is hardly defined
    return lab


def test_ciede2000_is_scikit_images():
    one, two = random_lab(0), random_lab(1)
    ours = ciede2000(lab_of(*one), lab_of(*two)).flatten()
    np.testing.assert_allclose(ours, deltaE_ciede2000(one, two), rtol=1e-9)


def test_ciede2000_of_the_same_lightness_is_scikit_images():
    one, two = random_lab(2), random_lab(3)
    two[:, 0] = one[:, 0]
    ours = ciede2000_same_L(lab_of(*one)[:, 1:], lab_of(*two)[:, 1:]).flatten()
    np.testing.assert_allclose(ours, deltaE_ciede2000(one, two), rtol=1e-9)


def test_ciede2000_in_float32_is_that_in_float64():
    one, two = (lab_of(*random_lab(seed)) for seed in (4, 5))
    exact = ciede2000(one, two)
    ours = ciede2000(one.float(), two.float())
    # Errors reach 120, and float32 has seven digits, of which angles and their cosines take two.
    assert ours.dtype == torch.float32
    assert (ours - exact).abs().max() < 1e-3


# Sharma, Wu and Dalal 2005, table 1: the pairs whose hues are about opposite, where the mean hue
# jumps, and those with a hue of one only.
SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0010), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0011), 7.2195),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0012), 7.2195),
    ((50, -0.0010, 2.4900), (50, 0.0009, -2.4900), 4.8045),
    ((50, -0.0010, 2.4900), (50, 0.0011, -2.4900), 4.7461),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "two", "published"), SHARMA)
def test_ciede2000_is_the_published(one, two, published):
    # To the four decimals of the table.
    assert ciede2000(lab_of(one), lab_of(two)).item() == pytest.approx(published, abs=5e-5)


def test_ciede2000_of_a_color_and_itself_is_zero():
    lab = lab_of(*random_lab(6)).float()
    assert ciede2000(lab, lab).max() == 0


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_has_no_distance(wrong):
    ab = torch.tensor([wrong, 1.0]).reshape(1, 2, 1, 1)
    for distance in (delta_e, ciede2000_same_L):
        assert distance(ab, torch.zeros_like(ab)).isnan().all()
    assert chroma_steps(ab).item() == -1
    assert hue_sectors(ab).item() == -1


def at_angles(degrees, chroma=50.0):
    h = torch.tensor(degrees, dtype=torch.float32).deg2rad()
    return torch.stack([chroma * h.cos(), chroma * h.sin()])[None, :, None]


def test_sectors_begin_at_plus_a_and_turn_to_plus_b():
    assert hue_sectors(at_angles([1, 29, 31, 91, 179, 181, 271, 359])).flatten().tolist() == [
        *(0, 0, 1, 3, 5, 6, 9, 11)
    ]


def test_an_angle_that_rounds_to_a_whole_turn_is_in_the_last_sector():
    ab = torch.tensor([50.0, -1e-30]).reshape(1, 2, 1, 1)
    assert hue_sectors(ab).item() == 11


def test_a_chroma_below_five_is_gray():
    ab = torch.tensor([[4.99, 5.0], [0.0, 0.0]])[None, :, None]
    assert hue_sectors(ab).flatten().tolist() == [12, 0]


def lab_of_rgb(*rgb):
    from photochrom.color.lab import lab_from_rgb

    return lab_from_rgb(torch.tensor(rgb, dtype=torch.float64).reshape(1, 3, 1, 1) / 255)


# 8-bit sRGB of the ColorChecker's patches, as X-Rite published them.
@pytest.mark.parametrize(
    ("patch", "sectors"),
    [
        ((98, 122, 157), BLUE),  # blue sky
        ((80, 91, 166), BLUE),  # purplish blue
        ((56, 61, 150), BLUE),  # blue
        ((87, 108, 67), GREEN),  # foliage
        ((70, 148, 73), GREEN),  # green
        ((157, 188, 64), GREEN),  # yellow green
        ((103, 189, 170), GREEN),  # bluish green
    ],
)
def test_the_blues_and_greens_of_a_color_checker_are_such(patch, sectors):
    assert hue_sectors(lab_of_rgb(*patch)[:, 1:]).item() in sectors


def test_chroma_steps_are_two_units_and_the_last_is_open():
    ab = torch.tensor([[0.0, 1.9, 2.0, 133.9, 134.0, 500.0], [0.0] * 6])[None, :, None]
    last = CHROMA_STEPS - 1
    assert chroma_steps(ab).flatten().tolist() == [0, 0, 1, 66, last, last]
