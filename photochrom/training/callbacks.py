"""What happens between the steps: the budget, checkpoints, the log."""

import csv
import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from photochrom.config import TrainConfig
from photochrom.data import Batch
from photochrom.files import replacing, write_whole

_WARM_UP = 0.02  # share of the run
_CHECKPOINT_SECONDS = 30.0
_LOG_STEPS = 10
LOG_FIELDS = ("step", "seconds", "lr", "loss")


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    fraction: float
    """Share of the budget that is used up, 0 to 1."""
    step: int
    seconds: float
    """Training time, resumed parts included."""
    loss: float


def learning_rate_factor(fraction: float) -> float:
    """The share of the peak learning rate at a share of the run: warm-up, then a cosine.

    >>> [learning_rate_factor(f) for f in (0.0, 0.02, 0.51, 1.0)]
    [0.0, 1.0, 0.5, 0.0]
    """
    if fraction < _WARM_UP:
        return fraction / _WARM_UP
    return round((1 + math.cos(math.pi * (fraction - _WARM_UP) / (1 - _WARM_UP))) / 2, 12)


class Budget(pl.Callback):
    """Ends a run at its steps or minutes, and sets the learning rate by the share used up."""

    def __init__(self, config: TrainConfig, on_progress: Callable[[Progress], None]) -> None:
        self.config = config
        self.on_progress = on_progress
        self.seconds = 0.0
        self._last = 0.0

    def fraction(self, step: int) -> float:
        """The share of the budget used up after `step` steps and the seconds so far."""
        by_steps = step / self.config.steps if self.config.steps else 0.0
        by_time = self.seconds / (60 * self.config.minutes) if self.config.minutes else 0.0
        return min(1.0, max(by_steps, by_time))

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self._last = time.monotonic()

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        # Half a step on, so that the first step moves and a run by steps is symmetric.
        fraction = self.fraction(trainer.global_step)
        half = 0.5 / self.config.steps if self.config.steps else 1e-3
        factor = learning_rate_factor(min(1.0, fraction + half))
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.config.lr * factor

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        now = time.monotonic()
        self.seconds += now - self._last
        self._last = now
        fraction = self.fraction(trainer.global_step)
        loss = _loss(outputs)
        self.on_progress(Progress(fraction, trainer.global_step, self.seconds, loss))
        if fraction >= 1:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds = float(state_dict["seconds"])


class Checkpoints(pl.Callback):
    """Keeps the last good state in one file, whole at every moment; at most 30 s are lost."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saved = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        if time.monotonic() - self._saved >= _CHECKPOINT_SECONDS or trainer.should_stop:
            self.save(trainer, module)

    def save(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write the checkpoint, unless a weight is no longer a number."""
        self._saved = time.monotonic()
        if not all(torch.isfinite(p).all() for p in module.parameters()):
            return
        with replacing(self.path) as partial:
            trainer.save_checkpoint(partial)


class Log(pl.Callback):
    """`log.csv`: the mean loss over every ten steps, with time and learning rate."""

    def __init__(self, path: Path, budget: Budget, step: int) -> None:
        self.path = path
        self.budget = budget
        self.losses: list[float] = []
        rows = read_log(path) if path.exists() else []
        self.rows = [row for row in rows if row["step"] <= step]

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        self.losses.append(_loss(outputs))
        if trainer.global_step % _LOG_STEPS and not trainer.should_stop:
            return
        row = {
            "step": trainer.global_step,
            "seconds": round(self.budget.seconds, 2),
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "loss": sum(self.losses) / len(self.losses),
        }
        self.losses.clear()
        self.rows.append(row)
        self._append(row)

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, LOG_FIELDS)
        writer.writeheader()
        writer.writerows(self.rows)
        write_whole(self.path, buffer.getvalue().encode())

    def _append(self, row: dict[str, float]) -> None:
        with open(self.path, "a", newline="") as file:
            csv.DictWriter(file, LOG_FIELDS).writerow(row)


class SkippedPictures(pl.Callback):
    """Collects what the training data left out, each picture once, with the reason."""

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


def read_log(path: Path) -> list[dict[str, float]]:
    """The whole rows of a `log.csv`; a last line that a kill cut short is left out."""
    rows = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            try:
                rows.append({name: float(row[name]) for name in LOG_FIELDS})
            except (TypeError, ValueError, KeyError):
                continue
    return rows


def _loss(outputs: Tensor | Mapping[str, Any] | None) -> float:
    loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs
    return float("nan") if loss is None else float(loss)
