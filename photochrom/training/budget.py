"""When a run ends, and how fast it learns until then."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl

from photochrom.config import TrainConfig
from photochrom.data import Batch
from photochrom.training.lightning_module import TrainingModule
from photochrom.training.schedule import factor


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    fraction: float
    """Share of the budget that is used up, 0 to 1."""
    step: int
    seconds: float
    """Training time, resumed parts included."""
    loss: float


class Budget(pl.Callback):
    """Ends a run at its steps or minutes, and sets the learning rates by the share used up."""

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
        assert isinstance(module, TrainingModule)
        self._last = time.monotonic()
        # Killed between its last step and the model, a run has nothing left to learn.
        trainer.should_stop = self.fraction(module.steps_done) >= 1

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        assert isinstance(module, TrainingModule)
        module.fraction = self.fraction(module.steps_done)
        if self.config.schedule == "plateau":
            return
        # Half a step on, so that the first step moves and a run by steps is symmetric.
        half = 0.5 / self.config.steps if self.config.steps else 1e-3
        share = factor(self.config.schedule, min(1.0, module.fraction + half))
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * share

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        assert isinstance(module, TrainingModule)
        now = time.monotonic()
        self.seconds += now - self._last
        if trainer.world_size > 1:  # or one process would stop a step before another
            self.seconds = trainer.strategy.broadcast(self.seconds)
        self._last = now
        fraction = self.fraction(module.steps_done)
        loss = float(outputs["loss"])
        self.on_progress(Progress(fraction, module.steps_done, self.seconds, loss))
        if fraction >= 1:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds = float(state_dict["seconds"])
