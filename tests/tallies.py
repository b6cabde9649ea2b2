"""Tallies of drawn colours, shared by the tests of what is made of them."""

import torch

from photochrom.color import compose
from photochrom.metrics import Reference, Tally, Truth, likelihood
from photochrom.quantize import Gamut

GAMUT = Gamut.srgb()


def ab_of(*colours):
    return torch.tensor(colours, dtype=torch.float32).T.reshape(1, 2, 1, -1)


def tallied(ab, truth, gamut=GAMUT, first=0):
    """The tally and the truth of pictures at L = 50."""
    L = torch.full_like(truth[:, :1], 50)
    rgb, true_rgb = compose(L, ab.nan_to_num(0, 0, 0)), compose(L, truth)
    names = [f"{place}.png" for place in range(first, first + len(ab))]
    true = Reference(names, L, truth, true_rgb, gamut)
    return Tally.of(true, ab, rgb), Truth.of(true)


def random_ab(seed, pictures=6, size=12):
    """Smooth colours, and predictions of them that are off by some."""
    rng = torch.Generator().manual_seed(seed)
    coarse = 60 * torch.randn(pictures, 2, 3, 3, generator=rng)
    truth = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
    return 0.6 * truth + 10 * torch.randn(truth.shape, generator=rng), truth


def classified(seed, pictures=6, size=12):
    """`tallied`, with the likelihoods of a classifier."""
    ab, truth = random_ab(seed, pictures, size)
    tally, true = tallied(ab, truth)
    rng = torch.Generator().manual_seed(seed)
    features = torch.randn(pictures, 4, size, size, generator=rng)
    head = torch.randn(len(GAMUT), 4, generator=rng), torch.zeros(len(GAMUT))
    return tally.with_likelihood(likelihood(features, *head, GAMUT, truth)), true
