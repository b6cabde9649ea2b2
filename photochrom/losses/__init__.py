"""What training minimizes: pure functions of tensors."""

from photochrom.losses.adversarial import (
    accuracy as accuracy,
    discriminator_loss as discriminator_loss,
    generator_loss as generator_loss,
)
from photochrom.losses.classification import rebalanced_cross_entropy as rebalanced_cross_entropy
from photochrom.losses.fused_cross_entropy import fused_cross_entropy as fused_cross_entropy
from photochrom.losses.regression import l1 as l1, l2 as l2, smooth_l1 as smooth_l1
