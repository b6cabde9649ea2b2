"""One training step of either method: glue, no equations."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.config import TrainConfig
from photochrom.data import Batch
from photochrom.losses import fused_cross_entropy, l2, rebalanced_cross_entropy, smooth_l1
from photochrom.models import Colorizer
from photochrom.quantize import SoftBins, soft_encode

_REGRESSION = {"l2": l2, "smooth-l1": smooth_l1}


class DivergedError(ValueError):
    """The loss is no longer a number."""


class TrainingModule(pl.LightningModule):
    """Trains a colorizer; `weight` (Q,) rebalances a classification, `None` leaves it plain.

    `fused=False` computes the loss by its definition: slow, and only to compare with.
    """

    weight: Tensor | None

    def __init__(
        self,
        colorizer: Colorizer,
        weight: Float[np.ndarray, " Q"] | None,
        config: TrainConfig,
        *,
        fused: bool = True,
    ) -> None:
        super().__init__()
        self.fused = fused
        self.colorizer = colorizer
        self.config = config
        buffer = None if weight is None else torch.tensor(weight, dtype=torch.float32)
        self.register_buffer("weight", buffer, persistent=False)

    def training_step(self, batch: Batch, _: int) -> Float[Tensor, ""]:
        L = batch.L.to(memory_format=torch.channels_last)
        if self.config.method == "regression":
            loss = _REGRESSION[self.config.loss](self.colorizer.regressed(L).float(), batch.ab)
        else:
            target = soft_encode(
                batch.ab, self.colorizer.gamut, k=self.config.k, sigma=self.config.sigma
            )
            loss = self._classification_loss(self.colorizer.network.features(L), target)
        if not torch.isfinite(loss):
            raise DivergedError(
                f"training diverged: expected a finite loss at step {self.global_step + 1}, got "
                f"{loss.item():g}: continue from the last good checkpoint with a lower --lr"
            )
        return loss

    def _classification_loss(
        self, features: Float[Tensor, "B C H W"], target: SoftBins
    ) -> Float[Tensor, ""]:
        head = self.colorizer.network.head
        if self.fused:
            weight, bias = head.weight.flatten(1), head.bias
            loss: Tensor = fused_cross_entropy(features, weight, bias, target, self.weight)
            return loss
        return rebalanced_cross_entropy(head(features).float(), target, self.weight)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.colorizer.parameters(), lr=self.config.lr, weight_decay=self.config.weight_decay
        )

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        self.clip_gradients(optimizer, self.config.clip, "norm")
