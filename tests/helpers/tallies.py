"""Tallies of drawn colors, shared by the tests of what is made of them."""

import numpy as np
import torch

from photochrom.color.lab import compose
from photochrom.metrics import Contributions, Reference, Tally, Truth, likelihood
from photochrom.quantize import Gamut

GAMUT = Gamut.srgb()


def ab_of(*colors):
    return torch.tensor(colors, dtype=torch.float32).T.reshape(1, 2, 1, -1)


def tallied(ab, truth, gamut=GAMUT, first=0):
    """The tally and the truth of images at L = 50."""
    L = torch.full_like(truth[:, :1], 50)
    rgb, true_rgb = compose(L, ab.nan_to_num(0, 0, 0)), compose(L, truth)
    names = [f"{place}.png" for place in range(first, first + len(ab))]
    true = Reference(names, L, truth, true_rgb, gamut)
    return Tally.of(true, ab, rgb), Truth.of(true)


def random_ab(seed, images=6, size=12):
    """Smooth colors, and predictions of them that are off by some."""
    rng = torch.Generator().manual_seed(seed)
    coarse = 60 * torch.randn(images, 2, 3, 3, generator=rng)
    truth = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
    return 0.6 * truth + 10 * torch.randn(truth.shape, generator=rng), truth


def classified(seed, images=6, size=12):
    """`tallied`, with the likelihoods of a classifier."""
    ab, truth = random_ab(seed, images, size)
    tally, true = tallied(ab, truth)
    rng = torch.Generator().manual_seed(seed)
    features = torch.randn(images, 4, size, size, generator=rng)
    head = torch.randn(len(GAMUT), 4, generator=rng), torch.zeros(len(GAMUT))
    return tally.with_likelihood(likelihood(features, *head, GAMUT, truth)), true


def mean_of(values):
    """What each image contributes to a mean over images."""
    values = np.asarray(values, dtype=np.float64)
    return Contributions.of(values / len(values), np.full(len(values), 1 / len(values)))


def ends(found):
    """Score, lower end and upper end."""
    return found.value, found.low, found.high


def counted(pixels, *areas):
    """What the AuC needs, of hand-made counts (image, bin): the truth, then a tally for each.

    `areas` are of how many of the 151 thresholds those pixels are within, summed.
    """
    images = len(pixels)
    names = tuple(map(str, range(images)))
    chroma, hue = (np.zeros((images, places), dtype=np.int32) for places in (68, 13))
    none = np.zeros(images)
    truth = Truth(names, np.asarray(pixels), chroma, hue, none, np.zeros((images, 3)))
    return truth, *(Tally(names, {"colorfulness": none}, {"area": np.array(x)}) for x in areas)


def rare_bins(rng, images, *, seeds=1, by_seed=0.0, better=0.0):
    """The truth of drawn images and two methods' runs, as far as the AuC needs them.

    Of 120 bins some occur in nearly every image and many in few: a fifth of those that occur
    among 100 images are in one of them only. How much of a bin's pixels comes within a threshold
    varies by image, by bin in it, by method in both, and by seed.
    """
    rank = np.arange(1, 121)
    there = rng.random((images, 120)) < np.minimum(1, 1.6 / rank)
    there[:, 0] = True  # no image is without pixels
    pixels = (np.ceil(rng.lognormal(3, 1.2, there.shape) / rank**0.3) * there).astype(int)
    hard = 1.2 - 0.12 * np.log(rank) + _effects(rng, there.shape, 0.5, 0.7)
    methods = []
    for advantage in (better, 0.0):
        own = hard + advantage + _effects(rng, there.shape, 0.4, 0.5)
        runs = [own + rng.normal(0, by_seed) for _ in range(seeds)]
        runs = [run + rng.normal(0, 0.3, run.shape) for run in runs] if seeds > 1 else runs
        methods.append([np.floor(151 * pixels / (1 + np.exp(-run))) for run in runs])
    truth, *tallies = counted(pixels, *methods[0], *methods[1])
    return truth, (tallies[:seeds], tallies[seeds:])


def _effects(rng, shape, by_image, by_bin):
    return rng.normal(0, by_image, (shape[0], 1)) + rng.normal(0, by_bin, shape)
