"""One training step of any method, with or without a discriminator: glue, no equations.

The generator's loss is loss_weight · (the method's own) + l1_weight · L1 + λ · adversarial,
where λ grows from 0 to `adversarial_weight` over the warm-up. Both networks take their steps
from the same batch, the generator judged by the discriminator as it was before.
"""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.config import TrainConfig
from photochrom.data import Batch
from photochrom.errors import DivergedError as DivergedError
from photochrom.losses import (
    accuracy,
    discriminator_loss,
    fused_cross_entropy,
    generator_loss,
    l1,
    l2,
    rebalanced_cross_entropy,
    smooth_l1,
)
from photochrom.models import Colorizer, PatchDiscriminator, PooledDiscriminator, exact
from photochrom.quantize import SoftBins, soft_encode
from photochrom.training.clipping import GradientClipper

LOSSES = ("loss", "own", "l1", "adversarial", "discriminator", "accuracy")
"""What a step tells; the last three only where there is a discriminator."""
GRADIENTS = ("gradient_norm", "clipped")
"""Norm of the generator's gradients before clipping, and 1 where they were clipped."""
_REGRESSION = {"l1": l1, "l2": l2, "smooth-l1": smooth_l1}
_DISCRIMINATORS = {"patch": PatchDiscriminator, "pooled": PooledDiscriminator}
_BETA2 = 0.999


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
        self.automatic_optimization = False
        self.fused = fused
        self.colorizer = colorizer
        self.config = config
        self.steps_done = 0
        self.fraction = 0.0
        """Share of the run that is over; whoever trains keeps it."""
        buffer = None if weight is None else torch.tensor(weight, dtype=torch.float32)
        self.register_buffer("weight", buffer, persistent=False)
        self.discriminator = _discriminator(config)
        networks = 1 if self.discriminator is None else 2
        self.clippers = [
            GradientClipper(config.gradient_clip, config.clip_percentile) for _ in range(networks)
        ]

    @property
    def refines(self) -> bool:
        """Whether the decoded colors are judged by now, beside the method's own loss."""
        return self.fraction >= self.config.adversarial_start

    def training_step(self, batch: Batch) -> dict[str, Tensor]:
        # What is dropped follows from the step, so a resumed run drops the same.
        torch.manual_seed(hash((self.config.seed, self.steps_done, self.global_rank)))
        L = batch.L.to(memory_format=torch.channels_last)
        told, ab = self.losses(L, batch.ab)
        optimizers = self.optimizers()
        generator, *discriminator = optimizers if isinstance(optimizers, list) else [optimizers]
        norm, clipped = self._step(generator, told["loss"], self.clippers[0])
        told |= dict(zip(GRADIENTS, map(torch.tensor, (norm, float(clipped))), strict=True))
        plays = discriminator and self.refines
        if plays and self.steps_done % self.config.discriminator_interval == 0:
            assert ab is not None
            told |= self.judged(L, ab.detach(), batch.ab)
            self._step(discriminator[0], told["discriminator"], self.clippers[1])
        self.steps_done += 1
        return {name: value.detach() for name, value in told.items()}

    def losses(
        self, L: Float[Tensor, "B 1 H W"], truth: Float[Tensor, "B 2 H W"]
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """The generator's "loss" and its parts, and the ab that was judged, if any was.

        `DivergedError` where it is no number.
        """
        config = self.config
        features = self.colorizer.features(L)
        told = {"own": self.own_loss(features, truth)}
        loss, ab = config.loss_weight * told["own"], None
        if self.refines and (config.l1_weight or self.discriminator):
            ab = self._colors(features, L)
        if ab is not None and config.l1_weight:
            told["l1"] = l1(ab, truth)
            loss = loss + config.l1_weight * told["l1"]
        if ab is not None and self.discriminator:
            told["adversarial"] = self._adversarial(L, ab)
            loss = loss + self._adversarial_weight() * told["adversarial"]
        if not torch.isfinite(loss):
            raise DivergedError(
                f"training diverged: expected a finite loss at step {self.steps_done + 1}, got "
                f"{loss.item():g}: continue from the last good checkpoint with a lower --lr"
            )
        return told | {"loss": loss}, ab

    def own_loss(self, features: Tensor, truth: Tensor) -> Float[Tensor, ""]:
        """The method's own loss, at the size of the network's output."""
        stride = self.config.stride
        at = truth if stride == 1 else F.avg_pool2d(truth, stride, ceil_mode=True)
        if self.config.method == "regression":
            return _REGRESSION[self.config.loss](self.colorizer.regressed(features), at)
        target = soft_encode(at, self.colorizer.gamut, k=self.config.k, sigma=self.config.sigma)
        return self._cross_entropy(features, target)

    def _cross_entropy(self, features: Tensor, target: SoftBins) -> Float[Tensor, ""]:
        head, features = self.colorizer.network.head, exact(features)
        with torch.autocast(features.device.type, enabled=False):
            if self.fused:
                weight, bias = head.weight.flatten(1), head.bias
                loss: Tensor = fused_cross_entropy(features, weight, bias, target, self.weight)
                return loss
            return rebalanced_cross_entropy(head(features), target, self.weight)

    def _colors(self, features: Tensor, L: Tensor) -> Float[Tensor, "B 2 H W"]:
        """ab as the model would give it, with its gradient."""
        of = self.colorizer
        ab = of.regressed(features) if self.config.method == "regression" else of.annealed(features)
        return of.full_size(ab.float(), L)

    def _adversarial(self, L: Tensor, ab: Tensor) -> Float[Tensor, ""]:
        assert self.discriminator is not None
        self.discriminator.requires_grad_(False)  # it learns from `judged` alone
        loss = generator_loss(self.discriminator(L, ab).float(), self.config.adversarial)
        self.discriminator.requires_grad_(True)
        return loss

    def _adversarial_weight(self) -> float:
        """λ: from 0 to all of it over the warm-up."""
        config, since = self.config, self.fraction - self.config.adversarial_start
        grown = min(1.0, since / config.adversarial_warmup) if config.adversarial_warmup else 1.0
        return config.adversarial_weight * grown

    def judged(
        self,
        L: Float[Tensor, "B 1 H W"],
        ab: Float[Tensor, "B 2 H W"],
        truth: Float[Tensor, "B 2 H W"],
    ) -> dict[str, Tensor]:
        """The loss of the "discriminator", and its "accuracy"."""
        assert self.discriminator is not None
        real, fake = (self.discriminator(L, colors).float() for colors in (truth, ab))
        config = self.config
        return {
            "discriminator": discriminator_loss(
                real, fake, config.adversarial, smoothing=config.label_smoothing
            ),
            "accuracy": accuracy(real, fake, config.adversarial),
        }

    def _step(self, optimizer: Any, loss: Tensor, clipper: GradientClipper) -> tuple[float, bool]:
        """Take a step; return the gradients' norm, and whether it was clipped."""
        optimizer.zero_grad()
        self.manual_backward(loss)
        found = clipper.clip(p for group in optimizer.param_groups for p in group["params"])
        optimizer.step()
        return found

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW of the generator, and Adam of the discriminator if there is one."""
        config, network = self.config, self.colorizer.network
        own = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
        encoder = [p for p in network.encoder.parameters() if p.requires_grad]
        rates = [(own, config.lr)]
        if encoder:
            rates.insert(0, (encoder, config.encoder_lr * config.lr))
        groups = [{"params": params, "lr": lr, "peak_lr": lr} for params, lr in rates]
        betas, decay = (config.beta1, _BETA2), config.weight_decay
        generator = torch.optim.AdamW(groups, betas=betas, weight_decay=decay)
        if self.discriminator is None:
            return [generator]
        lr = config.discriminator_lr
        judge = [{"params": list(self.discriminator.parameters()), "lr": lr, "peak_lr": lr}]
        return [generator, torch.optim.Adam(judge, betas=betas)]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["steps_done"] = self.steps_done
        checkpoint["clippers"] = [clipper.state_dict() for clipper in self.clippers]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.steps_done = int(checkpoint["steps_done"])
        for clipper, state in zip(self.clippers, checkpoint.get("clippers", []), strict=False):
            clipper.load_state_dict(state)


def _discriminator(config: TrainConfig) -> nn.Module | None:
    if config.discriminator == "none":
        return None
    return _DISCRIMINATORS[config.discriminator](
        width=config.discriminator_width,
        norm=config.discriminator_norm,
        dropout=config.discriminator_dropout,
    )
