"""A color chosen at one point is carried over its region, and nowhere else."""

import pytest
import torch

from photochrom.quantize import Gamut, decode_features
from photochrom.sampling import Choice, recolored, region

RED, BLUE = (60.0, 40.0), (20.0, -60.0)


@pytest.fixture
def gamut():
    return Gamut.srgb(20)


@pytest.fixture
def case(gamut):
    """Features (8, 9, 7) at random, and a head."""
    torch.manual_seed(0)
    return torch.randn(8, 9, 7), 1.5 * torch.randn(len(gamut), 8), torch.randn(len(gamut))


@pytest.fixture
def columns(gamut):
    """Columns 0–2 and 6–7 may be red or blue, 3–5 are neither: two things that are alike."""
    shares = torch.zeros(3, 4, 8)
    shares[:2], shares[:2, :, 3:6], shares[2, :, 3:6] = 1.0, 0.0, 1.0
    bins = [(gamut.bins - torch.tensor(c)).norm(dim=1).argmin() for c in (RED, BLUE, (-40.0, 40.0))]
    head = torch.zeros(len(gamut), 3)
    head[bins, [0, 1, 2]] = 12.0
    return shares, head, torch.zeros(len(gamut))


def everywhere(features):
    return torch.ones(features.shape[1:])


@pytest.mark.parametrize("temperature", [0, 0.38, 1.0])
def test_without_choices_it_is_the_decoder(temperature, case, gamut):
    plain = decode_features(case[0][None], *case[1:], gamut, [temperature])[0, 0]
    nowhere = Choice(torch.zeros(9, 7), RED)
    assert recolored(*case, gamut, [], temperature=temperature).equal(plain)
    assert recolored(*case, gamut, [nowhere], temperature=temperature).equal(plain)


def test_a_pixel_is_as_the_equation_says(case, gamut):
    w = torch.rand(9, 7)
    made = recolored(*case, gamut, [Choice(w, RED)], temperature=0.5)
    z = torch.einsum("qc,chw->hwq", case[1].double(), case[0].double()) + case[2]
    squared = (gamut.bins.double() - torch.tensor(RED)).square().sum(dim=1)
    p = (z / 0.5 - w[..., None] * squared / (2 * 6.0**2)).softmax(dim=-1)
    expected = (p @ gamut.bins.double()).movedim(-1, 0)
    # float32 logits of up to about 100 are exact to 1e-5, ab to 110 times that.
    torch.testing.assert_close(made.double(), expected, atol=2e-3, rtol=0)


@pytest.mark.parametrize("chosen", [RED, BLUE])
def test_the_color_moves_to_the_chosen_one(chosen, columns, gamut):
    w = region(*columns, (0, 0))
    made = recolored(*columns, gamut, [Choice(w, chosen)])
    nearest = gamut.bins[(gamut.bins - torch.tensor(chosen)).norm(dim=1).argmin()]
    assert (made[:, 0, 0] - nearest).norm() < 1


def test_outside_the_region_nothing_changes_to_the_bit(columns, gamut):
    w = region(*columns, (0, 0))
    plain = recolored(*columns, gamut, [])
    made = recolored(*columns, gamut, [Choice(w, BLUE)])
    assert made[:, w == 0].equal(plain[:, w == 0])
    assert not made[:, w > 0].equal(plain[:, w > 0])


def test_a_region_is_what_is_alike_and_connected(columns):
    w = region(*columns, (2, 1))
    assert w[:, :3].eq(1).all()
    assert w[:, 3:].eq(0).all()  # 6 and 7 are alike, but lie apart


def test_a_point_belongs_to_its_own_region(case):
    for row in range(9):
        for column in range(7):
            assert region(*case, (row, column))[row, column] == 1


def test_of_choices_that_overlap_the_later_counts(columns, gamut):
    both = [Choice(everywhere(columns[0]), RED), Choice(everywhere(columns[0]), BLUE)]
    assert recolored(*columns, gamut, both).equal(recolored(*columns, gamut, both[1:]))


def test_the_mode_is_of_distributions_that_are_not_sharpened(columns, gamut):
    columns[1][:, 1] -= columns[1][:, 1].gt(0) * 2  # blue is less likely than red
    made = recolored(*columns, gamut, [Choice(region(*columns, (0, 0)), BLUE)], temperature=0)
    assert (made[:, 0, 0] - torch.tensor(BLUE)).norm() <= 15  # half a diagonal of step 20


def test_logits_that_make_no_distribution_stay_nan_and_are_no_region(case, gamut):
    features = case[0].clone()
    features[:, 4, 4] = torch.nan
    made = recolored(features, *case[1:], gamut, [Choice(everywhere(features), RED)])
    assert made.isnan().any(dim=0).nonzero().tolist() == [[4, 4]]
    assert region(features, *case[1:], (0, 0)).isfinite().all()
    with pytest.raises(ValueError, match="expected a distribution at 4, 4, got logits that make"):
        region(features, *case[1:], (4, 4))


def test_a_point_outside_is_refused(case):
    with pytest.raises(ValueError, match=r"a row within 0 and 8 and a column within 0 and 6, got"):
        region(*case, (9, 0))
