"""Decoding parameters that are chosen after training: on models whose best ones are known."""

import copy

import numpy as np
import pytest
import torch
from skimage.color import lab2rgb, rgb2lab
from torch import nn

from photochrom.color.lab import lab_from_rgb
from photochrom.config import Architecture
from photochrom.evaluation.tuning import Decoding, apply, candidates, tune
from photochrom.image_io import find, read_rgb
from photochrom.models import Colorizer
from photochrom.quantize import Gamut, hard_encode

SIZE = 32
LEVELS = np.linspace(35, 70, 8)
"""L of the bands of an image, 4 pixels each: a network may tell them apart."""
W = np.array([3.0, 0.4])
"""Rebalancing weights of two bins."""
ROUNDED = 0.05
"""Sums in another order put an error beyond a threshold: one of 151, of a pixel among 15 bins."""


class Looked(nn.Module):
    """A network that knows which band a pixel is of, and gives what stands for it in a table."""

    def __init__(self, table):
        super().__init__()
        self.head = nn.Conv2d(len(LEVELS), table.shape[1], 1)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(table.T)[..., None, None])
            self.head.bias.zero_()

    def features(self, L):
        nearest = (L - torch.tensor(LEVELS)[None, :, None, None]).abs().argmin(dim=1)
        return nn.functional.one_hot(nearest, len(LEVELS)).movedim(-1, 1).to(L)


@pytest.fixture
def banded(save_image):
    """An image of bands of ab (8, 2), as it is found and its true ab by scikit-image."""

    def call(ab):
        lab = np.concatenate([LEVELS[:, None], ab], axis=1)
        linear = lab2rgb(lab[None].repeat(SIZE, axis=0).repeat(SIZE // len(LEVELS), axis=1))
        assert 0 < linear.min() <= linear.max() < 1  # in gamut
        path = save_image("bands/0.png", (255 * linear).round().astype(np.uint8))
        rgb = read_rgb(find([str(path)]).images[0])
        true = rgb2lab(rgb)[0, :: SIZE // len(LEVELS), 1:]
        assert np.abs(true - ab).max() < 0.8  # of rounding to 8 bits
        return find([str(path.parent)]).images, true

    return call


def around(radius):
    """Bands of one chroma and of every hue."""
    angle = np.linspace(0, 2 * np.pi, len(LEVELS), endpoint=False)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def regression(table, **how):
    model = Colorizer(Architecture(method="regression", width=2, size=SIZE), Gamut.srgb(), **how)
    model.network = Looked(table)
    return model


TWO = torch.tensor([[45.0, 20.0], [-25.0, 10.0]], dtype=torch.float64)
SHARES = np.linspace(0.15, 0.85, len(LEVELS))
Q = np.stack([1 - SHARES, SHARES], axis=1)
"""The true distribution of every band over two bins, whose mean is its color."""


def classifier(logits, bins=TWO):
    architecture = Architecture(method="classification", width=2, size=SIZE)
    model = Colorizer(architecture, Gamut(bins, step=10))
    model.network = Looked(np.broadcast_to(logits, (len(LEVELS), len(bins))))
    return model


@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_ab_of_half_the_chroma_are_doubled(gain, banded):
    """Whatever the gain of the model was before: the candidates take its place."""
    images, true = banded(around(30))
    model = regression(true / 2 / 100, gain=gain)
    tuned = tune(model, images, size=SIZE)
    assert tuned.decoding == Decoding(gain=2.0)
    # Within 1 ab unit, it lacks at most the first of 151 thresholds.
    assert 100 - 100 / 151 <= tuned.score <= 100
    # Half of 30 is off by 15: it lacks 15 of them.
    scores = {one.gain: score for one, score in tuned.tried}
    assert scores[1.0] == pytest.approx(100 - 100 * 15 / 151, abs=0.7)
    assert tuned.score == max(scores.values())
    assert model.gain == gain  # nothing is changed yet


@pytest.mark.parametrize("rebalanced", [False, True])
@pytest.mark.parametrize(
    ("temperature", "adjustment"), [(0.1, 0.0), (0.5, 0.2), (0.38, 0.7), (1.0, 1.0)]
)
def test_a_classifier_that_is_right_at_one_decoding_is_decoded_so(
    temperature, adjustment, rebalanced, banded
):
    """Its p, adjusted by m and sharpened by T, is the truth's: (p · m)^(1/T) ∝ q."""
    images, _ = banded(Q @ TWO.numpy())
    m = (1 - adjustment) + adjustment * W
    p = Q**temperature / m * (W if rebalanced else 1)
    model = classifier(np.log(p))
    tuned = tune(model, images, weights=W, rebalanced=rebalanced, size=SIZE)
    assert tuned.decoding == Decoding(temperature, adjustment)
    assert tuned.score >= 100 - 100 / 151  # within 1 ab unit
    assert sum(score == tuned.score for _, score in tuned.tried) == 1


def test_the_temperature_is_found_without_weights(banded):
    images, _ = banded(Q @ TWO.numpy())
    tuned = tune(classifier(np.log(Q) / 2), images, size=SIZE)
    assert tuned.decoding.adjustment is None
    assert tuned.decoding.temperature == pytest.approx(0.5, rel=0.05)  # of 49 from 0.1 to 1


def test_both_sides_try_as_many_candidates():
    sides = [
        candidates("regression", weights=False),
        candidates("classification", weights=True),
        candidates("classification", weights=False),
    ]
    assert {len(side) for side in sides} == {49}
    assert {len(set(side)) for side in sides} == {49}
    assert all(one.gain and one.temperature is one.adjustment is None for one in sides[0])
    # What every method does where nothing is chosen is among them.
    assert Decoding(0.38, 0.0) in sides[1]
    assert min(abs(one.gain - 1) for one in sides[0]) < 0.02


@pytest.mark.parametrize("rebalanced", [False, True])
@pytest.mark.parametrize("adjustment", [0.0, 1.0, 0.25])
def test_an_adjustment_goes_from_p_to_what_rare_colors_weigh(adjustment, rebalanced):
    bins = torch.tensor([[0.0, 0.0], [60.0, 0.0], [0.0, 80.0]], dtype=torch.float64)
    p, w = np.array([0.5, 0.25, 0.25]), np.array([0.4, 0.8, 2.4])
    # p = (2, 1, 1) / 4 by itself. p · w = (2, 2, 6) / 10. A quarter of the way w is
    # (0.85, 0.95, 1.35), and p times it (17, 9.5, 13.5) / 40.
    expected = {
        0.0: [60 * 0.25, 80 * 0.25],
        1.0: [60 * 0.2, 80 * 0.6],
        0.25: [60 * 9.5 / 40, 80 * 13.5 / 40],
    }[adjustment]
    model = classifier(np.log(p * w if rebalanced else p), bins)
    apply(model, Decoding(1.0, adjustment), weights=w, rebalanced=rebalanced)
    with torch.inference_mode():
        ab = model.ab(torch.full((1, 1, 4, 4), 50.0))
    assert model.temperature == 1
    np.testing.assert_allclose(ab[0, :, 2, 2], expected, rtol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("objective", ["auc_rebalanced", "auc_raw"])
def test_a_candidate_applied_predicts_what_was_scored(objective, stride, classifier, images):
    model, images = classifier(stride), images[:3]
    weights = np.geomspace(0.2, 5, len(model.gamut))
    before = copy.deepcopy(model.state_dict())
    tuned = tune(model, images, objective=objective, weights=weights, size=SIZE)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for decoding, score in [*tuned.tried[::12], (tuned.decoding, tuned.score)]:
        other = copy.deepcopy(model)
        apply(other, decoding, weights=weights)
        assert scored(other, images, objective) == pytest.approx(score, abs=ROUNDED), decoding
    assert tuned.score == max(score for _, score in tuned.tried)
    assert len({score for _, score in tuned.tried}) > 10


def test_and_so_does_a_gain(images):
    torch.manual_seed(0)
    architecture = Architecture(method="regression", width=2, size=SIZE)
    model = Colorizer(architecture, Gamut.srgb(), gain=1.5).eval()
    tuned = tune(model, images[:3], size=SIZE)
    for decoding, score in [*tuned.tried[::12], (tuned.decoding, tuned.score)]:
        other = copy.deepcopy(model)
        apply(other, decoding)
        assert scored(other, images[:3], "auc_rebalanced") == pytest.approx(score, abs=ROUNDED)


def scored(model, images, objective):
    """The same score by its definition: every second pixel of the square, all images together."""
    ab, truth = [], []
    for image in images:
        rgb = torch.tensor(read_rgb(image, SIZE, fit="scale")).movedim(-1, 0)[None]
        lab = lab_from_rgb(rgb.float() / 255)
        top, left = ((side - SIZE) // 2 for side in lab.shape[-2:])
        square = (..., slice(top, top + SIZE, 2), slice(left, left + SIZE, 2))
        with torch.inference_mode():
            ab.append(model.predict(lab[:, :1])[square])
        truth.append(lab[:, 1:][square])
    ab, truth = torch.cat(ab), torch.cat(truth)
    errors = torch.linalg.vector_norm(ab - truth, dim=1)
    within = torch.stack([(errors <= t).double() for t in range(151)]).mean(dim=0)
    bins = hard_encode(truth, Gamut.srgb())
    groups = [bins == q for q in bins.unique()] if objective == "auc_rebalanced" else [bins >= 0]
    return 100 * float(torch.stack([within[group].mean() for group in groups]).mean())


def test_among_equal_candidates_the_first_is_taken(banded):
    images, _ = banded(Q @ TWO.numpy())
    tuned = tune(classifier(np.log(Q)), images, weights=np.ones(2), size=SIZE)
    assert tuned.decoding == Decoding(1.0, 0.0)  # with weights of one, no adjustment does anything


def test_images_that_cannot_be_read_are_passed_over(banded, tmp_path):
    images, true = banded(around(30))
    expected = tune(regression(true / 200), images, size=SIZE)
    (tmp_path / "bands/1.png").write_bytes(b"\x89PNG, but cut short")
    images = find([str(tmp_path / "bands")]).images
    assert len(images) == 2
    shown = []
    found = tune(
        regression(true / 200),
        images,
        size=SIZE,
        track=lambda images, total: shown.append(total) or images,
    )
    assert found == expected
    assert shown == [2]
    with pytest.raises(ValueError, match=r"expected images to choose on, got none of 1 that can"):
        tune(regression(true / 200), images[1:], size=SIZE)


@pytest.mark.parametrize(
    ("method", "decoding", "line"),
    [
        ("classification", Decoding(gain=2.0), "adjustment or temperature for a .*, got gain"),
        ("regression", Decoding(temperature=0.5), "gain for a regression, got temperature"),
        ("regression", Decoding(adjustment=0.5), "gain for a regression, got adjustment"),
        ("classification", Decoding(0.5, 0.5), "a prior with an adjustment, got none: add --prior"),
    ],
)
def test_a_decoding_of_another_method_is_refused(method, decoding, line):
    model = regression(around(1)) if method == "regression" else classifier(np.zeros((8, 2)))
    with pytest.raises(ValueError, match=f"^expected {line}$"):
        apply(model, decoding)
