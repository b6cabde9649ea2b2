import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from photochrom.losses import l1, l2, rebalanced_cross_entropy, smooth_l1
from photochrom.quantize import Gamut, SoftBins, soft_encode


@pytest.fixture
def case():
    torch.manual_seed(0)
    ab = torch.rand(2, 2, 5, 7, dtype=torch.float64) * 120 - 60
    logits = torch.randn(2, 313, 5, 7, dtype=torch.float64, requires_grad=True)
    return logits, soft_encode(ab, Gamut.srgb())


def dense(target: SoftBins) -> torch.Tensor:
    return torch.zeros(2, 313, 5, 7, dtype=torch.float64).scatter(1, target.bins, target.weights)


def test_pairs_give_torchs_dense_cross_entropy(case):
    logits, target = case
    ours = rebalanced_cross_entropy(logits, target)
    torch.testing.assert_close(ours, F.cross_entropy(logits, dense(target)))


def test_and_its_gradient(case):
    logits, target = case
    (ours,) = torch.autograd.grad(rebalanced_cross_entropy(logits, target), logits)
    (theirs,) = torch.autograd.grad(F.cross_entropy(logits, dense(target)), logits)
    torch.testing.assert_close(ours, theirs)


def test_each_pixel_weighs_as_its_nearest_bin(case):
    logits, target = case
    weight = torch.rand(313, dtype=torch.float64)
    per_pixel = F.cross_entropy(logits, dense(target), reduction="none")
    expected = (weight[target.bins[:, 0]] * per_pixel).mean()
    torch.testing.assert_close(rebalanced_cross_entropy(logits, target, weight), expected)


def test_doubled_weights_double_the_loss(case):
    # A normalization by the batch's weights would cancel them.
    logits, target = case
    weight = torch.rand(313, dtype=torch.float64)
    once = rebalanced_cross_entropy(logits, target, weight)
    torch.testing.assert_close(rebalanced_cross_entropy(logits, target, 2 * weight), 2 * once)


def test_an_undecided_network_loses_log_q():
    target = SoftBins(torch.zeros(1, 1, 2, 2, dtype=torch.long), torch.ones(1, 1, 2, 2))
    loss = rebalanced_cross_entropy(torch.zeros(1, 313, 2, 2), target)
    assert loss.item() == pytest.approx(math.log(313), rel=1e-6)


def test_a_weight_of_zero_masks_a_pixel(case):
    logits, target = case
    loss = rebalanced_cross_entropy(logits, target, torch.zeros(313, dtype=torch.float64))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 0
    assert gradient.abs().max() == 0


def test_l2_by_hand():
    # Errors (30, 40) and (0, 0): ½ · ((3² + 4²) + 0) / 2 = 6.25.
    ab = torch.tensor([[30.0, 0.0], [40.0, 0.0]]).reshape(1, 2, 1, 2)
    assert l2(ab, torch.zeros_like(ab)).item() == pytest.approx(6.25)


def test_l1_by_hand():
    # Errors (11, -22) and (0, 0): (11 + 22 + 0 + 0) / 110 / 4 = 0.075.
    ab = torch.tensor([[11.0, 0.0], [-22.0, 0.0]]).reshape(1, 2, 1, 2)
    assert l1(ab, torch.zeros_like(ab)).item() == pytest.approx(0.075)


def test_l1_is_that_of_values_in_the_range_of_tanh():
    tanh, truth = (torch.rand(2, 2, 3, 4, dtype=torch.float64) * 2 - 1 for _ in range(2))
    torch.testing.assert_close(l1(110 * tanh, 110 * truth), nn.L1Loss()(tanh, truth))


def test_smooth_l1_is_l2_for_small_errors():
    ab = torch.rand(2, 2, 3, 3) * 10
    torch.testing.assert_close(smooth_l1(ab, torch.zeros_like(ab)), l2(ab, torch.zeros_like(ab)))


def test_smooth_l1_is_linear_for_large_ones():
    # |30 / 10| - ½ on the one axis, 0 on the other.
    ab = torch.tensor([30.0, 0.0]).reshape(1, 2, 1, 1)
    assert smooth_l1(ab, torch.zeros_like(ab)).item() == pytest.approx(2.5)
