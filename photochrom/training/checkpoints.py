"""What a stopped run leaves: its last good state, and the images it could not use."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from photochrom.data import Batch
from photochrom.storage.atomic import replacing
from photochrom.training.budget import Budget

_CHECKPOINT_SECONDS = 30.0


class Checkpoints(pl.Callback):
    """Keeps the last good state in one file, whole at every moment; at most 30 s are lost."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self.path = path
        self.budget = budget  # all processes agree on its seconds
        self._saved: float | None = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        now = self.budget.seconds
        self._saved = now if self._saved is None else self._saved
        if now - self._saved >= _CHECKPOINT_SECONDS or trainer.should_stop:
            self._saved = now
            self.save(trainer, module)

    def save(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write the checkpoint, unless a weight is no longer a number."""
        if not all(torch.isfinite(p).all() for p in module.parameters()):
            return
        if not trainer.is_global_zero:
            trainer.save_checkpoint(self.path)  # writes nothing, but has its share in it
            return
        with replacing(self.path) as partial:
            trainer.save_checkpoint(partial)


class SkippedImages(pl.Callback):
    """Collects what the training data left out, each image once, with the reason."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        self.reasons.update(batch.skipped)

    def state_dict(self) -> dict[str, Any]:
        return dict(self.reasons)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.reasons = dict(state_dict)
