"""The best constant color of a prior, and colors drawn from it, which never see an image."""

import numpy as np
import pytest
import torch
from scipy import stats

from photochrom.config import PriorConfig
from photochrom.evaluation.baselines import Constant
from photochrom.metrics import AucCounts, auc_levels
from photochrom.prior import AbHistogram, PriorFile
from photochrom.quantize import Gamut, hard_encode

GAMUT = Gamut.srgb()


def prior_of(*counted):
    """A prior of colors (a, b), each with how many pixels have it."""
    planes = np.concatenate([np.tile(np.reshape(ab, (2, 1, 1)), n) for *ab, n in counted], axis=2)
    return PriorFile.of(AbHistogram.of(planes + 0.5), PriorConfig(), ["here"], "now")


def counts_of(color, prior):
    """How far the counted colors are from one color."""
    cells = np.argwhere(prior.histogram.pixels)
    truth = torch.tensor(cells.T[None, :, None] - 109.5)  # centers
    one = torch.tensor(color, dtype=torch.float64).reshape(1, 2, 1, 1).expand_as(truth)
    pixels = AucCounts.empty(GAMUT).pixels
    places = hard_encode(truth, GAMUT).flatten().numpy(), auc_levels(one, truth).flatten().numpy()
    np.add.at(pixels, places, prior.histogram.pixels[tuple(cells.T)])
    return AucCounts(pixels)


@pytest.fixture(scope="module")
def prior():
    """Mostly grays, some reds and few blues and greens."""
    rng = np.random.default_rng(0)
    grays, reds = rng.normal(0, 4, (300, 2)), rng.normal((45, 30), 9, (60, 2))
    rare = rng.normal((10, -60), 12, (12, 2)), rng.normal((-45, 45), 9, (8, 2))
    return prior_of(*((*np.floor(ab), 1) for ab in np.concatenate([grays, reds, *rare])))


@pytest.mark.parametrize("metric", ["auc_raw", "auc_rebalanced"])
def test_no_color_of_a_grid_scores_better(prior, metric):
    found = Constant.of(prior, metric)
    score = AucCounts.raw if metric == "auc_raw" else AucCounts.rebalanced
    best = score(counts_of(found.ab, prior))
    axis = range(-100, 101, 10)
    assert best >= max(score(counts_of((a, b), prior)) for a in axis for b in axis)
    near = np.arange(-1.5, 1.6, 0.5)
    around = [(found.ab[0] + a, found.ab[1] + b) for a in near for b in near]
    # Nearest of all, half a unit away; sums are of float64.
    assert best >= max(score(counts_of(color, prior)) for color in around) - 1e-9


def test_the_best_of_one_color_is_that_color():
    # Where it is within every threshold; half a unit away it is not within 0.
    assert Constant.of(prior_of((20, -30, 100))).ab == (20.5, -29.5)


def test_rare_colors_count_by_their_bins_and_frequent_ones_by_their_pixels():
    # Ninety-six grays in one bin, and four reds in four bins.
    reds = [(50, 40, 1), (60, 40, 1), (50, 50, 1), (60, 50, 1)]
    of_bins, of_pixels = (
        Constant.of(prior_of((0, 0, 96), *reds), metric) for metric in ("auc_rebalanced", "auc_raw")
    )
    assert np.hypot(of_pixels.ab[0] - 0.5, of_pixels.ab[1] - 0.5) < 1
    assert of_bins.ab[0] > 40


def test_other_metrics_have_the_constant_of_rebalanced_auc(prior):
    assert Constant.of(prior, "psnr").ab == Constant.of(prior).ab
    assert Constant.of(prior, "auc_raw").ab != Constant.of(prior).ab


def test_on_photographs_it_scores_above_gray_and_above_the_mean_of_all_bins():
    prior = PriorFile.load("photographs")
    # What an untrained classifier gives at T = 1.
    mean = GAMUT.bins.mean(dim=0).tolist()
    assert mean == pytest.approx([15.7, 6.7], abs=0.05)
    best, *others = (
        counts_of(ab, prior).rebalanced() for ab in (Constant.of(prior).ab, mean, (0, 0))
    )
    assert best > others[0] > others[1]


def test_drawn_colors_have_the_frequencies_of_the_prior(prior):
    constant = Constant.of(prior)
    drawn = constant.drawn((200, 300), np.random.default_rng(0))
    assert (drawn.shape, drawn.dtype) == ((2, 200, 300), torch.float32)
    bins = torch.cdist(drawn.flatten(1).T.double(), GAMUT.bins.double())
    assert bins.amin(dim=1).max() == 0  # each is a bin's own color
    counts = np.bincount(bins.argmin(dim=1), minlength=len(GAMUT))
    expected = 60_000 * prior.prior.p
    assert counts[expected == 0].sum() == 0
    rare = (expected > 0) & (expected < 5)  # pooled, as the test needs
    pooled = [np.append(x[expected >= 5], x[rare].sum()) for x in (counts, expected)]
    assert stats.chisquare(*pooled).pvalue > 0.001


def test_neighbors_are_drawn_independently(prior):
    a = Constant.of(prior).drawn((300, 300), np.random.default_rng(0))[0].numpy()
    for neighbor in (a[1:, 1:], a[:-1, 1:], a[1:, :-1]):
        shared = np.corrcoef(a[:-1, :-1].ravel(), neighbor.ravel())[0, 1]
        assert abs(shared) < 4 / 299  # four standard errors


def test_what_is_drawn_is_repeated_by_its_seed(prior):
    constant = Constant.of(prior)
    one, again, other = (constant.drawn((9, 9), np.random.default_rng(s)) for s in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
