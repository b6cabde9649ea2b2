import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from scipy import stats
from skimage.color import lab2rgb, rgb2lab
from torch.nn import functional as F

from photochrom.quantize import Gamut, hard_encode
from photochrom.sampling import entropy, entropy_image, palette

RED, BLUE = (60.0, 40.0), (20.0, -60.0)  # 108 ab units apart


@pytest.fixture
def gamut():
    return Gamut.srgb(20)


def random_case(gamut, shape=(2, 8, 9, 7)):
    torch.manual_seed(0)
    return torch.randn(shape), 1.5 * torch.randn(len(gamut), shape[1]), torch.randn(len(gamut))


def red_and_blue(gamut, shares):
    """Features whose red and blue are as likely as shares (2, h, w) say, of 1 or both ½."""
    bins = [hard_encode(torch.tensor(c).reshape(2, 1, 1), gamut).item() for c in (RED, BLUE)]
    head = torch.zeros(len(gamut), 2)
    head[bins, [0, 1]] = 40.0
    return shares, head, torch.zeros(len(gamut))


# Entropy


def test_entropy_is_scipys(gamut):
    features, weight, bias = random_case(gamut)
    logits = F.conv2d(features.double(), weight.double()[..., None, None], bias.double())
    expected = stats.entropy(logits.softmax(dim=1).numpy(), base=2, axis=1)
    # float32: a difference of two sums of some twenty
    np.testing.assert_allclose(entropy(features, weight, bias)[:, 0], expected, atol=1e-5)


def test_equal_bins_have_the_entropy_of_their_number(gamut):
    bits = entropy(torch.zeros(1, 4, 1, 1), torch.zeros(len(gamut), 4), torch.zeros(len(gamut)))
    assert bits.item() == pytest.approx(np.log2(len(gamut)))


def test_what_has_no_distribution_has_no_entropy(gamut):
    features, weight, bias = random_case(gamut)
    features[1, 0, 2, 3] = torch.nan
    assert entropy(features, weight, bias).isnan().nonzero().tolist() == [[1, 0, 2, 3]]


def test_the_image_of_entropy_is_black_where_certain_and_white_at_8_bits():
    bits = torch.tensor([0.0, 2.0, 8.0, torch.nan]).reshape(1, 1, 2, 2)
    gray = entropy_image(bits, (4, 4))[0, 0]
    # 255 · 2 / 8 = 63.75
    assert gray[::2, ::2].tolist() == [[0, 64], [255, 255]]
    assert torch.equal(gray[::2, ::2], gray[1::2, 1::2])


# Palette


def test_two_colors_are_told_apart_and_neighboring_bins_are_one(gamut):
    fine = Gamut.srgb()
    shares = {(60, 40): 0.4, (70, 40): 0.2, (20, -60): 0.3, (20, -50): 0.1}
    bias = torch.full((len(fine),), -40.0)
    for ab, share in shares.items():
        bias[(fine.bins == torch.tensor(ab)).all(dim=1)] = np.log(share)
    L = torch.full((1, 8, 8), 50.0)
    found = palette(torch.zeros(1, 2, 2), torch.zeros(len(fine), 1), bias, fine, L, (7, 7))
    assert [one.probability for one in found] == pytest.approx([0.6, 0.4])
    # (2 · 60 + 70) / 3 and (3 · -60 - 50) / 4
    assert found[0].ab == pytest.approx((190 / 3, 40))
    assert found[1].ab == pytest.approx((20, -57.5))
    for one in found:
        theirs = 255 * lab2rgb([50.0, *one.ab])
        np.testing.assert_allclose(one.rgb, theirs, atol=0.5 + 1e-3)  # rounded


def test_the_palette_is_of_the_point_and_its_own_lightness(gamut):
    shares = torch.zeros(2, 2, 3)
    shares[0], shares[0, 1, 2], shares[1, 1, 2] = 1, 0, 1
    L = torch.arange(6.0).reshape(1, 2, 3) * 16
    features, *head = red_and_blue(gamut, shares)
    large = L.repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
    by_point = {
        point: palette(features, *head, gamut, large, point)[0]
        for point in [(3, 7), (4, 8), (3, 8)]
    }
    assert by_point[4, 8].ab[1] < -50 < by_point[3, 7].ab[1]
    assert by_point[3, 8].rgb != by_point[3, 7].rgb  # lighter


def test_a_color_outside_srgb_keeps_the_lightness_of_the_point(gamut):
    shares = torch.tensor([1.0, 0.0]).reshape(2, 1, 1)
    features, *head = red_and_blue(gamut, shares)
    (red,) = palette(features, *head, gamut, torch.full((1, 1, 1), 95.0), (0, 0))
    L, a, b = rgb2lab(np.uint8(red.rgb))
    assert abs(L - 95) < 0.5  # half a step of 8 bits is at most 0.45 in L
    assert (a, b) < red.ab


def test_probabilities_sum_to_what_is_covered(gamut):
    features, weight, bias = random_case(gamut)
    L = torch.full((1, 9, 7), 60.0)
    found = palette(features[0], weight, bias, gamut, L, (4, 4), most=100)
    told = [one.probability for one in found]
    assert told == sorted(told, reverse=True)
    assert 1 - 0.01 * len(gamut) < sum(told) <= 1 + 1e-9
    assert palette(features[0], weight, bias, gamut, L, (4, 4), most=2) == found[:2]


def test_a_palette_is_ready_for_json(gamut):
    features, *head = red_and_blue(gamut, torch.full((2, 16, 24), 0.5))
    found = palette(features, *head, gamut, torch.full((1, 16, 24), 50.0), (0, 0))
    assert len(json.loads(json.dumps([asdict(one) for one in found]))) == 2


@pytest.mark.parametrize(
    ("point", "most", "message"),
    [
        ((9, 0), 8, "a row within 0 and 8 and a column within 0 and 6, got 9, 0"),
        ((0, -1), 8, "a row within 0 and 8 and a column within 0 and 6, got 0, -1"),
        ((0, 0), 0, "a palette must be of 1 color or more, got 0"),
        ((1, 1), 8, "expected a distribution at 1, 1, got logits that make none"),
    ],
)
def test_a_palette_of_nothing_is_refused(gamut, point, most, message):
    features, weight, bias = random_case(gamut)
    features[0, :, 1, 1] = torch.nan
    with pytest.raises(ValueError, match=message):
        palette(features[0], weight, bias, gamut, torch.zeros(1, 9, 7), point, most=most)
