import importlib

import numpy as np
import pytest
import torch
from scipy import stats

from photochrom.quantize import Gamut, decode_features, hard_encode
from photochrom.sampling import alternatives
from photochrom.sampling.noise_field import NoiseField, places

RED, BLUE = (60.0, 40.0), (20.0, -60.0)  # 108 ab units apart


@pytest.fixture
def gamut():
    return Gamut.srgb(20)


def random_case(gamut, shape=(2, 8, 9, 7)):
    torch.manual_seed(0)
    return torch.randn(shape), 1.5 * torch.randn(len(gamut), shape[1]), torch.randn(len(gamut))


def mixture(gamut, shares):
    """Features that are the shares (C, h, w) of C colors, and the head that makes log p of them.

    With 0 for a share, a color has e⁻¹² of the mass: logits stay finite.
    """
    bins = torch.stack([hard_encode(torch.tensor(c).reshape(2, 1, 1), gamut) for c in (RED, BLUE)])
    head = torch.zeros(len(gamut), 3)
    head[bins.flatten(), [0, 1]] = 1.0
    colors = shares.clamp(min=6e-6).log() + 12
    return torch.cat([colors, torch.ones_like(colors[:1])])[None], head, torch.zeros(len(gamut))


def even(gamut, height=16, width=24):
    return mixture(gamut, torch.full((2, height, width), 0.5))


def redness(ab):
    """1 at RED and 0 at BLUE, along the line between them."""
    red, blue = torch.tensor(RED), torch.tensor(BLUE)
    along = (ab.movedim(-3, -1) - blue) @ (red - blue)
    return along / (red - blue).square().sum()


def delta_e(one, other):
    return (one - other).norm(dim=-3).mean().item()


# Their noise


def test_noise_is_gumbel_at_every_pixel():
    # 4,000 independent fields at two pixels; Kolmogorov and Smirnov, at 0.1 %, with fixed seed
    phi = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0], [0.3, 0.1, 1.5, -0.4, 2.0]])
    noise = NoiseField.draw(0, 4000, phi).gumbel(phi)
    for pixel in noise:
        assert stats.kstest(pixel.numpy(), "gumbel_r").pvalue > 1e-3


def test_noise_is_correlated_as_the_kernel_says():
    phi = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0], [0.1, 0.1, 0.5, 0.0, 0.5]])
    expected = np.exp(-0.5 * (0.01 + 0.01 + 0.25 + 0.25))
    together = [
        (n[0] * n[1]).mean().item()
        for n in (NoiseField.draw(seed, 500, phi).normal(phi) for seed in range(20))
    ]
    # 10,000 products of standard normals deviate by 0.015 or less
    assert np.mean(together) == pytest.approx(expected, abs=3 * 0.015)


def test_what_the_noise_chooses_follows_the_distribution():
    # At one pixel, over 6,000 draws of 6 bins: χ² of 5 degrees, at 0.1 %, with fixed seed.
    p = torch.tensor([0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    phi = torch.tensor([[0.1, 0.2, 1.0, 0.3, -0.3]])
    # A field of 6 × 6,000 independent bins is 6,000 draws.
    noise = NoiseField.draw(1, 6 * 6000, phi).gumbel(phi).reshape(6000, 6)
    counts = (noise + p.log()).argmax(dim=1).bincount(minlength=6)
    assert stats.chisquare(counts.numpy(), 6000 * p.double().numpy()).pvalue > 1e-3


def test_an_edge_of_lightness_parts_the_noise_and_texture_does_not():
    L = torch.full((1, 1, 32, 32), 30.0)
    L[..., 16:] = 90
    L[..., ::2, ::3] += 5  # texture: less than half of the pixels
    phi = places(L, torch.zeros(1, 2, 32, 32))[0]
    apart = (phi[:, 16, :, None] - phi[:, 16, None, :]).norm(dim=0)  # columns of one row
    assert apart[4, 12] < 0.1 < 1 < apart[12, 20]


# The images


def test_of_one_thing_with_two_likely_colors_both_are_shown(gamut):
    L = torch.full((1, 1, 16, 24), 60.0)
    made = redness(alternatives(*even(gamut), gamut, L, 2, temperature=1.0)).flatten(1)
    assert (made > 0.95).all(dim=1).tolist() == (made[:, 0] > 0.5).tolist()
    assert (made < 0.05).all(dim=1).tolist() == (made[:, 0] < 0.5).tolist()
    assert sorted(made[:, 0].round().tolist()) == [0, 1]


def test_a_uniform_region_is_of_one_color(gamut, monkeypatch):
    # As many draws as alternatives: none is chosen among them.
    monkeypatch.setattr(importlib.import_module("photochrom.sampling.diverse"), "_DRAWS", 1)
    L = torch.full((1, 1, 16, 24), 60.0)
    made = redness(alternatives(*even(gamut), gamut, L, 24, temperature=1.0)) > 0.5
    share = made.float().mean(dim=(-2, -1))
    # Corners correlate by 0.989, so signs differ in arccos(0.989) / π = 5 % of draws: of 24,
    # 5 or more with a border have a probability of 0.1 %.
    assert ((share == 0) | (share == 1)).sum() >= 20
    assert made.diff(dim=-1).sum(dim=-1).max() <= 1  # at a border no speckle


def test_regions_on_both_sides_of_an_edge_may_differ(gamut):
    L = torch.full((1, 1, 16, 24), 10.0)
    L[..., 12:] = 95
    case = even(gamut)
    made = redness(alternatives(*case, gamut, L, 8, temperature=1.0)) > 0.5
    left, right = (part.float().mean(dim=(-2, -1)) for part in (made[..., :10], made[..., 14:]))
    together = torch.cat([left, right], dim=1).round()
    assert len(together.unique(dim=0)) >= 3  # of the 4 pairs of colors


def test_texture_of_the_distribution_is_no_speckle(gamut):
    # Shares of red between 0.4 and 0.6 at random: drawn pixel by pixel, half the neighbors
    # would differ.
    torch.manual_seed(0)
    red = 0.4 + 0.2 * torch.rand(16, 24)
    case = mixture(gamut, torch.stack([red, 1 - red]))
    made = redness(alternatives(*case, gamut, torch.full((1, 1, 16, 24), 60.0), 2, temperature=1))
    assert ((made > 0.5).diff(dim=-1)).float().mean() < 0.03


def test_alternatives_differ_from_the_plain_one_and_from_each_other(gamut):
    # Four things of different lightness, each red or blue.
    L = torch.full((1, 1, 16, 24), 0.0)
    for place, lightness in enumerate((5.0, 35.0, 65.0, 95.0)):
        L[..., 6 * place : 6 * place + 6] = lightness
    case = even(gamut)
    made = alternatives(*case, gamut, L, 4, temperature=1.0)
    (plain,) = decode_features(*case, gamut, [1.0])
    every = [*made, plain]
    apart = [delta_e(a, b) for place, a in enumerate(every) for b in every[:place]]
    # Two of them differ in one of four things at least, by 108: the plain one lies between.
    assert min(apart) > 108 / 4 * 0.75


def test_where_the_classifier_is_certain_alternatives_are_the_plain_one(gamut):
    case = mixture(gamut, torch.stack([torch.ones(8, 8), torch.zeros(8, 8)]))
    made = alternatives(*case, gamut, torch.full((1, 1, 8, 8), 50.0), 3)
    (plain,) = decode_features(*case, gamut, [0.38])
    assert (made - plain).norm(dim=-3).max() < 1


def test_a_color_is_drawn_as_often_as_it_is_likely(gamut, monkeypatch):
    # As many draws as alternatives: none is chosen among them.
    monkeypatch.setattr(importlib.import_module("photochrom.sampling.diverse"), "_DRAWS", 1)
    case = mixture(gamut, torch.tensor([0.25, 0.75])[:, None, None])
    made = alternatives(*case, gamut, torch.full((1, 1, 1, 1), 50.0), 400, temperature=1.0)
    # 400 draws: a standard deviation of 0.022, taken 3 times; and 0.013 for those near a tie,
    # which the last step moves toward the likelier color.
    assert (redness(made) > 0.5).float().mean() == pytest.approx(0.25, abs=0.08)


def test_a_seed_gives_the_same_images_again_and_another_seed_others(gamut):
    case, L = random_case(gamut), 100 * torch.rand(2, 1, 9, 7)
    made = [alternatives(*case, gamut, L, 2, temperature=1.0, seed=s) for s in (0, 0, 1)]
    assert torch.equal(made[0], made[1])
    assert delta_e(made[0], made[2]) > 1


def test_a_image_is_colored_alike_in_any_batch(gamut):
    (features, *head), L = random_case(gamut), 100 * torch.rand(2, 1, 18, 14)
    both = alternatives(features, *head, gamut, L, 2, temperature=1.0)
    alone = alternatives(features[1:], *head, gamut, L[1:], 2, temperature=1.0)
    assert (both[:, 1:] - alone).abs().max() < 1e-2  # float32


def test_large_images_are_made_in_blocks_as_in_one(gamut, monkeypatch):
    features, weight, bias = random_case(gamut, (1, 4, 40, 60))
    L = 100 * torch.rand(1, 1, 40, 60)
    whole = alternatives(features, weight, bias, gamut, L, 1)
    monkeypatch.setattr(
        importlib.import_module("photochrom.quantize.chunked_decode"), "rows_per_block", few
    )
    blocks = alternatives(features, weight, bias, gamut, L, 1)
    assert (blocks - whole).abs().max() < 1e-2  # float32: products in another order


def few(device):
    return 100


def test_a_pixel_without_a_distribution_has_no_color_and_spoils_no_other(gamut):
    features, weight, bias = random_case(gamut)
    features[0, 0, 4, 4] = torch.nan
    made = alternatives(features, weight, bias, gamut, torch.full((2, 1, 9, 7), 50.0), 2)
    assert made.isnan().any(dim=2).nonzero().tolist() == [[n, 0, 4, 4] for n in (0, 1)]


@pytest.mark.parametrize(
    ("count", "temperature", "message"),
    [
        (0, 0.38, "expected to make 1 alternative or more, got 0"),
        (2, 0.0, "temperature must be positive, got 0"),
    ],
)
def test_no_alternatives_are_refused(gamut, count, temperature, message):
    with pytest.raises(ValueError, match=message):
        alternatives(
            *random_case(gamut), gamut, torch.zeros(2, 1, 9, 7), count, temperature=temperature
        )
