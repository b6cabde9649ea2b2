import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from photochrom.losses import accuracy, discriminator_loss, generator_loss

KINDS = pytest.mark.parametrize("kind", ["bce", "hinge", "least-squares"])


@pytest.fixture
def outputs():
    """Of a discriminator, for real and for fake patches."""
    torch.manual_seed(0)
    return tuple(
        torch.randn(3, 1, 4, 5, dtype=torch.float64).mul(2).requires_grad_() for _ in range(2)
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # softplus(-log 3) = log 4/3 and log 4, mean log 4/√3; softplus(0) = log 2.
        ("bce", (math.log(4 / math.sqrt(3)) + math.log(2)) / 2),
        # 1 + log 3 from below -1; 0 from above 1; 1 and 1 from 0. Not halved.
        ("hinge", (0 + 1 + math.log(3)) / 2 + 1),
        # (log 3 - 1)² and (log 3 + 1)², mean log² 3 + 1; 0.
        ("least-squares", (math.log(3) ** 2 + 1) / 2),
    ],
)
def test_the_discriminators_loss_by_hand(kind, expected):
    real, fake = torch.tensor([math.log(3), -math.log(3)]), torch.zeros(2)
    assert discriminator_loss(real, fake, kind).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bce", math.log(4 / math.sqrt(3))),
        ("hinge", 0),
        ("least-squares", math.log(3) ** 2 + 1),
    ],
)
def test_the_generators_loss_by_hand(kind, expected):
    fake = torch.tensor([math.log(3), -math.log(3)])
    assert generator_loss(fake, kind).item() == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_bce_is_torchs_bceloss_of_the_sigmoid(outputs, smoothing):
    real, fake = outputs
    judge, p, q = nn.BCELoss(), real.sigmoid(), fake.sigmoid()
    smooth = torch.full_like(p, 1 - smoothing)
    expected = (judge(p, smooth) + judge(q, torch.zeros_like(q))) / 2
    torch.testing.assert_close(discriminator_loss(real, fake, "bce", smoothing), expected)
    torch.testing.assert_close(generator_loss(fake, "bce"), judge(q, torch.ones_like(q)))


def test_bce_stays_finite_where_the_sigmoid_is_0():
    # The sigmoid of -200 is 0 in float32, its logarithm -∞ (BCELoss cuts it to -100).
    assert generator_loss(torch.tensor([-200.0]), "bce").item() == 200


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_least_squares_is_torchs_mseloss(outputs, smoothing):
    real, fake = outputs
    judge = nn.MSELoss()
    smooth = torch.full_like(real, 1 - smoothing)
    expected = (judge(real, smooth) + judge(fake, torch.zeros_like(fake))) / 2
    torch.testing.assert_close(discriminator_loss(real, fake, "least-squares", smoothing), expected)
    torch.testing.assert_close(
        generator_loss(fake, "least-squares"), judge(fake, torch.ones_like(fake))
    )


def test_hinge_is_torchs_margin_loss_against_0(outputs):
    real, fake = outputs
    nought, one = torch.zeros_like(real), torch.ones_like(real)
    expected = F.margin_ranking_loss(real, nought, one, margin=1.0)
    expected = expected + F.margin_ranking_loss(fake, nought, -one, margin=1.0)
    torch.testing.assert_close(discriminator_loss(real, fake, "hinge"), expected)


@KINDS
def test_the_discriminator_parts_what_the_generator_brings_together(outputs, kind):
    # From between the targets of all kinds, where none is reached yet.
    real, fake = (output.sigmoid() for output in outputs)
    by_real, by_fake = torch.autograd.grad(discriminator_loss(real, fake, kind), (real, fake))
    (for_generator,) = torch.autograd.grad(generator_loss(fake, kind), fake)
    assert (by_real < 0).all()
    assert (by_fake > 0).all()
    assert (for_generator < 0).all()


def test_a_generator_that_convinces_nobody_still_learns():
    # The saturating log(1 - D) would have the gradient -σ(-20) = -2e-9; -log D has -σ(20).
    fake = torch.full((4,), -20.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(generator_loss(fake, "bce"), fake)
    torch.testing.assert_close(gradient, torch.full((4,), -0.25))


@pytest.mark.parametrize(
    ("kind", "optimum"), [("bce", math.log(0.9 / 0.1)), ("least-squares", 0.9)]
)
def test_smoothed_by_a_tenth_real_is_best_at_nine_tenths(kind, optimum):
    around = [optimum - 0.1, optimum, optimum + 0.1]
    real = torch.tensor(around, dtype=torch.float64, requires_grad=True)
    loss = discriminator_loss(real, torch.zeros_like(real), kind, 0.1)
    (gradient,) = torch.autograd.grad(loss, real)
    assert gradient[0] < 0 < gradient[2]
    assert abs(gradient[1].item()) < 1e-15  # a few roundings of numbers near 1


@pytest.mark.parametrize("kind", ["bce", "least-squares"])
def test_smoothing_is_one_sided(outputs, kind):
    real, fake = outputs
    gradients = [
        torch.autograd.grad(discriminator_loss(real, fake, kind, smoothing), fake)[0]
        for smoothing in (0.0, 0.1)
    ]
    assert torch.equal(*gradients)


def test_hinge_has_no_labels_to_smooth():
    with pytest.raises(ValueError, match=r"no label smoothing with hinge.*got 0\.1: set it to 0"):
        discriminator_loss(torch.zeros(1), torch.zeros(1), "hinge", 0.1)


@pytest.mark.parametrize(
    ("kind", "right"), [("bce", 5 / 8), ("hinge", 5 / 8), ("least-squares", 4 / 8)]
)
def test_accuracy_by_hand(kind, right):
    # Above 0: 3 of 4 real; not above 0: 2 of 4 fake. Above ½: 2 of 4, not above ½: 2 of 4.
    real = torch.tensor([0.3, 0.7, 2.0, -1.0])
    fake = torch.tensor([-0.2, 0.6, 1.5, -3.0])
    assert accuracy(real, fake, kind).item() == right


@KINDS
@pytest.mark.parametrize("same", [-1.0, 0.0, 0.5, 1.0])
def test_who_says_one_thing_of_all_is_right_half_the_time(kind, same):
    outputs = torch.full((2, 1, 3, 3), same)
    assert accuracy(outputs, outputs, kind).item() == 0.5
