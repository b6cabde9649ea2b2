import numpy as np
import pytest
import torch
from gathering import gathered
from sklearn.metrics import auc

from photochrom.color.lab import compose
from photochrom.metrics import (
    AUC_READINGS,
    AucCounts,
    Reference,
    Tally,
    Truth,
    colorfulness_absolute,
    readings,
)
from photochrom.prior import rebalancing_weights
from photochrom.quantize import Gamut, hard_encode

GAMUT = Gamut.srgb()
T = np.arange(151)


@pytest.fixture
def case():
    """Three images of smooth colors, and predictions that are off by some."""
    torch.manual_seed(0)
    truth = 40 * torch.randn(3, 2, 3, 3)
    truth = torch.nn.functional.interpolate(truth, 10, mode="bilinear")
    ab = truth + 30 * torch.randn(truth.shape)
    prior = np.random.default_rng(0).dirichlet(np.ones(len(GAMUT)))
    return ab, truth, prior


def read(ab, truth, prior):
    L = torch.full_like(truth[:, :1], 50)
    rgb, true_rgb = compose(L, ab), compose(L, truth)
    names = [str(place) for place in range(len(ab))]
    true = Reference(names, L, truth, true_rgb, GAMUT)
    return readings(Tally.of(true, ab, rgb), Truth.of(true), AucCounts.of(ab, truth, GAMUT), prior)


def curve(error, weights=None):
    """Share within each threshold, pixel by pixel."""
    return np.average(error.ravel()[:, None] <= T, axis=0, weights=weights)


def pixelwise(ab, truth, prior):
    """Every reading from its definition: errors and true bins, image by image."""
    errors = torch.linalg.vector_norm(ab.double() - truth.double(), dim=1).flatten(1).numpy()
    bins = hard_encode(truth, GAMUT).flatten(1).numpy()
    half, bare = (rebalancing_weights(prior, uniform) for uniform in (0.5, 0.0))

    def of_bins(error, bins):
        return [curve(error[bins == q]).mean() for q in np.unique(bins)]

    per_image = list(zip(errors, bins, strict=True))
    return {
        "auc_raw_to_149": np.mean([curve(e)[:150].mean() for e in errors]),
        "auc_raw_trapezoid": auc(T, np.mean([curve(e) for e in errors], axis=0)) / 150,
        "auc_rebalanced_all_bins": np.sum(of_bins(errors, bins)) / 313,
        "auc_rebalanced_per_image": np.mean([np.mean(of_bins(*one)) for one in per_image]),
        "auc_weighted": auc(T, curve(errors, half[bins.ravel()])) / 150,
        "auc_weighted_bare": auc(T, curve(errors, bare[bins.ravel()])) / 150,
        "auc_weighted_per_image": np.mean([curve(e, half[b]).mean() for e, b in per_image]),
    }


def test_the_readings_are_what_their_definitions_give(case):
    found = read(*case)
    defined = {name: 100 * value for name, value in pixelwise(*case).items()}
    assert {name: found[name] for name in AUC_READINGS} == pytest.approx(defined)
    # And no two of them are the same on this prediction.
    assert len({round(value, 3) for value in defined.values()}) == len(AUC_READINGS)


def test_bins_without_mass_weigh_nothing(case):
    ab, truth, prior = case
    prior[:] = 0
    there = hard_encode(truth, GAMUT)[0, 0, 0].item()
    prior[there] = 1
    of_it = (hard_encode(truth, GAMUT) == there).numpy()
    errors = torch.linalg.vector_norm(ab.double() - truth.double(), dim=1).numpy()[of_it]
    assert read(ab, truth, prior)["auc_weighted"] == pytest.approx(
        100 * auc(T, curve(errors)) / 150
    )


def test_images_without_a_bin_of_any_mass_have_no_weighted_score(case):
    ab, truth, prior = case
    prior[:] = 0
    prior[0] = 1
    found = read(ab, truth, prior)
    weighted = ["auc_weighted", "auc_weighted_bare", "auc_weighted_per_image"]
    assert np.isnan([found[name] for name in weighted]).all()


def test_colorfulness_is_also_read_with_absolute_values(case):
    ab, truth, _ = case
    rgb = compose(torch.full_like(truth[:, :1], 50), ab)
    theirs = colorfulness_absolute(rgb).mean().item()
    assert read(*case)["colorfulness_absolute"] == pytest.approx(theirs)


def test_images_of_different_sizes_count_alike_where_each_is_by_itself():
    # One of four pixels that are right, and one of a single pixel with error 50.
    right, wrong = torch.zeros(1, 2, 2, 2), torch.tensor([30.0, 40.0]).reshape(1, 2, 1, 1)
    parts, auc_counts = [], AucCounts.empty(GAMUT)
    for name, truth in (("a", right), ("b", wrong)):
        ab, L = torch.zeros_like(truth), torch.full_like(truth[:, :1], 50)
        true = Reference([name], L, truth, compose(L, truth), GAMUT)
        parts.append((Tally.of(true, ab, compose(L, ab)), Truth.of(true)))
        auc_counts += AucCounts.of(ab, truth, GAMUT)
    tally, true = (gathered(*one) for one in zip(*parts, strict=True))
    prior = np.full(len(GAMUT), 1 / len(GAMUT))
    found = readings(tally, true, auc_counts, prior)
    # Within 50 … 149, which are 100 of 150; by trapezoids ½ up to 49, ¾ between, 1 from 50 on.
    assert found["auc_raw_to_149"] == pytest.approx(100 * (1 + 100 / 150) / 2)
    assert found["auc_raw_trapezoid"] == pytest.approx(100 * (49 / 2 + 3 / 4 + 100) / 150)
    assert found["auc_weighted_per_image"] == pytest.approx(100 * (1 + 101 / 151) / 2)


@pytest.mark.parametrize("bins", [98, 400])
def test_a_prior_over_other_bins_is_refused(bins, case):
    with pytest.raises(ValueError, match=f"expected a prior over 313 bins, got {bins}"):
        read(*case[:2], np.full(bins, 1 / bins))
