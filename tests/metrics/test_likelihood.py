import math

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, top_k_accuracy_score

from photochrom.metrics import likelihood
from photochrom.quantize import Gamut, hard_encode


@pytest.fixture
def gamut():
    return Gamut.srgb(20)


@pytest.fixture
def case(gamut):
    """Features, head and truth whose logits are spread as a trained network's are."""
    torch.manual_seed(0)
    features = torch.randn(3, 8, 5, 7)
    weight, bias = 1.5 * torch.randn(len(gamut), 8), torch.randn(len(gamut))
    return features, weight, bias, gamut, torch.rand(3, 2, 5, 7) * 120 - 60


def plain(features, weight, bias, gamut, truth):
    """Distributions (P Q) of every image in float64, and the true bins."""
    logits = torch.einsum("bchw,qc->bhwq", features.double(), weight.double()) + bias
    return logits.flatten(1, 2).softmax(-1).numpy(), hard_encode(truth, gamut).flatten(1).numpy()


def test_likelihood_and_accuracy_are_scikit_learns(case):
    found = likelihood(*case)
    labels = np.arange(len(case[3]))
    for place, (p, true) in enumerate(zip(*plain(*case), strict=True)):
        ours = {key: values[place] for key, values in found.values.items()}
        assert ours["nll"] == pytest.approx(log_loss(true, p, labels=labels) / math.log(2))
        for k, key in ((1, "top1"), (5, "top5")):
            theirs = top_k_accuracy_score(true, p, k=k, labels=labels)
            assert ours[key] == pytest.approx(100 * theirs)


def test_entropy_is_that_of_the_softmax(case):
    p, _ = plain(*case)
    bits = -(p * np.log2(p)).sum(-1)
    found = likelihood(*case)
    # float32: a difference of two sums of some twenty.
    np.testing.assert_allclose(found.entropy.flatten(1), bits, atol=1e-5)
    np.testing.assert_allclose(found.values["entropy"], bits.mean(1), atol=1e-5)


def test_no_entropy_is_below_0(case):
    # Nearly certain: the difference of two sums of hundreds in float32.
    features, weight, *rest = case
    assert likelihood(features, 30 * weight, *rest).entropy.min() >= 0


def test_calibration_counts_by_confidence(case):
    found = likelihood(*case).calibration
    for place, (p, true) in enumerate(zip(*plain(*case), strict=True)):
        confidence, right = p.max(-1), p.argmax(-1) == true
        each = np.ceil(15 * confidence).astype(int) - 1
        for m in range(15):
            there = each == m
            expected = [there.sum(), confidence[there].sum(), right[there].sum()]
            np.testing.assert_allclose(found[place, m], expected, atol=1e-5)  # float32


def test_without_a_guess_the_likelihood_is_that_of_chance(gamut):
    # Uniform over Q bins: log₂ Q bits. Equal bins rank in their order: only pixels of the first
    # are right, and those of the first five are in the top five.
    q = len(gamut)
    truth = gamut.bins.T.reshape(1, 2, 1, q)
    found = likelihood(torch.zeros(1, 4, 1, q), torch.zeros(q, 4), torch.zeros(q), gamut, truth)
    assert found.values["nll"].item() == pytest.approx(math.log2(q))
    assert found.values["entropy"].item() == pytest.approx(math.log2(q))
    assert found.values["top1"].item() == pytest.approx(100 / q)
    assert found.values["top5"].item() == pytest.approx(500 / q)


def test_a_certain_and_right_classifier_has_nothing_to_learn(gamut):
    q = len(gamut)
    truth = gamut.bins.T.reshape(1, 2, 1, q)
    # One feature a bin, and a head that is 100 times the identity.
    found = likelihood(
        torch.eye(q)[None, :, None], 100 * torch.eye(q), torch.zeros(q), gamut, truth
    )
    assert found.values["nll"].item() == pytest.approx(0, abs=1e-6)
    assert found.values["top1"].item() == 100
    assert found.entropy.max() < 1e-6
    assert found.calibration[0, -1].tolist() == pytest.approx([q, q, q])


def test_many_blocks_of_pixels_are_as_one(gamut):
    # 2,048 pixels are a block.
    torch.manual_seed(1)
    features, truth = torch.randn(1, 4, 60, 70), torch.rand(1, 2, 60, 70) * 80 - 40
    head = torch.randn(len(gamut), 4), torch.randn(len(gamut))
    whole = likelihood(features, *head, gamut, truth)
    top = likelihood(features[:, :, :10], *head, gamut, truth[:, :, :10])
    torch.testing.assert_close(whole.entropy[:, :10], top.entropy)


def test_a_distribution_that_is_not_finite_is_wrong_and_unlikely(case):
    features, *rest = case
    features[1, 0, 0, 0] = torch.nan
    found = likelihood(features, *rest)
    sound = likelihood(torch.zeros_like(features), *rest)
    assert np.isnan(found.values["nll"]).tolist() == [False, True, False]
    assert found.entropy.isnan().sum() == 1
    assert found.calibration[:, :, 0].sum(axis=1).tolist() == [35, 34, 35]
    assert np.isfinite(sound.values["nll"]).all()


def test_nothing_but_nan_is_never_right(case):
    features, *rest = case
    found = likelihood(torch.full_like(features, torch.nan), *rest)
    assert found.values["top5"].tolist() == [0, 0, 0]
    assert not found.calibration.any()


def test_half_precision_resolves_ties_by_order(case):
    # bfloat16 holds 8 bits: several bins share the highest logit of many a pixel.
    features, weight, bias, gamut, truth = case
    found = likelihood(features.bfloat16(), weight, bias, gamut, truth)
    z = torch.nn.functional.conv2d(
        features.bfloat16(), weight.bfloat16()[..., None, None], bias.bfloat16()
    )
    right = z.argmax(1) == hard_encode(truth, gamut)
    assert found.values["top1"].tolist() == pytest.approx(
        (100 * right.double().mean((1, 2))).tolist(),
        abs=100 * 2 / 35,  # sums in another order
    )
