import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from photochrom.quantize import (
    Gamut,
    SoftBins,
    annealed_mean,
    mean,
    mode,
    soft_encode,
    soft_mean,
)


def dense(code: SoftBins, bins: int) -> torch.Tensor:
    """The code as Q logits: log weights, and almost nothing elsewhere."""
    p = torch.zeros(bins, *code.bins.shape[-2:], dtype=torch.float64)
    return p.scatter(0, code.bins, code.weights.double()).clamp(min=1e-300).log()


@pytest.fixture
def two():
    return Gamut(torch.tensor([[0.0, 0.0], [10.0, -20.0]]), step=10)


def test_by_hand(two):
    # logits (0, ln 4), T = ½: p ∝ (1, 4²), so 16/17 of the second bin.
    logits = torch.tensor([0.0, np.log(4)]).reshape(2, 1, 1)
    expected = [10 * 16 / 17, -20 * 16 / 17]
    assert annealed_mean(logits, two, 0.5).flatten().tolist() == pytest.approx(expected, abs=1e-5)


def test_temperature_one_is_the_mean(two):
    logits = torch.randn(3, 2, 4, 5)
    assert torch.equal(annealed_mean(logits, two, 1.0), mean(logits, two))


def test_a_low_temperature_gives_the_mode(two):
    logits = torch.randn(3, 2, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(annealed_mean(logits, two, 1e-4), mode(logits, two))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_logits_that_make_no_distribution_have_no_mode(wrong, two):
    logits = torch.tensor([[1.0, wrong, -np.inf], [2.0, 0.0, 0.0]])[:, None]  # of three pixels
    known = [True, False, True]
    for ab in (mode(logits, two), annealed_mean(logits, two)):
        assert ab.isfinite().all(dim=0).flatten().tolist() == known


def test_the_fixtures_are_reproduced(reference):
    *cases, limit = json.loads((reference / "fixtures.json").read_text())["annealed_mean"]
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=313) * 3).reshape(313, 1, 1)
    for case in cases:
        ours = annealed_mean(logits, Gamut.srgb(), case["T"]).flatten().tolist()
        assert ours == pytest.approx(case["ab"], abs=1e-9)
    assert mode(logits, Gamut.srgb()).flatten().tolist() == limit["ab"]  # T → 0


@settings(deadline=None, max_examples=30)
@given(st.floats(-1e4, 1e4), st.floats(0.01, 10))
def test_huge_logits_are_decoded(offset, temperature):
    # exp(logit / 0.38) alone overflows float32 above 33.7.
    gamut = Gamut.srgb()
    logits = torch.linspace(-80, 80, 313).reshape(313, 1, 1)
    plain = annealed_mean(logits.double(), gamut, temperature)
    shifted = annealed_mean(logits + offset, gamut, temperature)
    # float32 keeps about 1e-3 of a logit near 1e4, which moves the mean by some 1e-1 / T.
    torch.testing.assert_close(shifted.double(), plain, atol=0.2 / temperature, rtol=0)
    assert annealed_mean(1e30 * logits, gamut, temperature).isfinite().all()


def test_decoded_colors_lie_between_the_bins():
    logits = 10 * torch.randn(313, 16, 16)
    assert annealed_mean(logits, Gamut.srgb()).abs().max() <= 110


def test_temperature_must_be_positive(two):
    with pytest.raises(ValueError, match=r"temperature must be positive, got 0"):
        annealed_mean(torch.zeros(2, 1, 1), two, temperature=0.0)


def test_pairs_decode_as_their_dense_distribution():
    gamut = Gamut.srgb()
    code = soft_encode(torch.rand(2, 6, 7, dtype=torch.float64) * 100 - 50, gamut)
    for temperature in (0.38, 1.0):
        expected = annealed_mean(dense(code, 313), gamut, temperature)
        torch.testing.assert_close(soft_mean(code, gamut, temperature), expected)
