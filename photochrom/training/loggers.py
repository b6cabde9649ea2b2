"""`log.csv`: what was learned, and how busily, as means over every ten steps."""

import contextlib
import csv
import io
import math
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from photochrom.storage.atomic import write_whole
from photochrom.training.budget import Budget
from photochrom.training.lightning_module import GRADIENTS, LOSSES, TrainingModule

_LOG_STEPS = 10
LOG_FIELDS = ("step", "seconds", "lr", "discriminator_lr", *LOSSES, *GRADIENTS, "cpu", "gpu")


class Table:
    """A `.csv` of numbers that grows by a row, and goes on where a run was resumed."""

    def __init__(
        self, path: Path, columns: Sequence[str], step: int, *, writes: bool = True
    ) -> None:
        self.path, self.columns, self.writes = path, columns, writes
        rows = read_log(path) if path.exists() else []
        self.rows = [row for row in rows if row.keys() == set(columns) and row["step"] <= step]

    def begin(self) -> None:
        """Write the rows up to the step that the run goes on from."""
        if not self.writes:
            return
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, self.columns)
        writer.writeheader()
        writer.writerows(self.rows)
        write_whole(self.path, buffer.getvalue().encode())

    def add(self, row: Mapping[str, float]) -> None:
        """Append a row; what it lacks is no number."""
        whole = {name: row.get(name, math.nan) for name in self.columns}
        self.rows.append(whole)
        if not self.writes:
            return
        with open(self.path, "a", newline="") as file:
            csv.DictWriter(file, self.columns).writerow(whole)


class Log(pl.Callback):
    """Adds a row to `log.csv` every ten steps."""

    def __init__(self, path: Path, budget: Budget, step: int, *, writes: bool = True) -> None:
        self.table = Table(path, LOG_FIELDS, step, writes=writes)
        self.budget = budget
        self._told: dict[str, list[float]] = defaultdict(list)
        self._clock = (0.0, 0.0)

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.table.begin()
        self._clock = (time.monotonic(), time.process_time())

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        assert isinstance(module, TrainingModule)
        for name, value in outputs.items():
            self._told[name].append(float(value))
        if module.steps_done % _LOG_STEPS and not trainer.should_stop:
            return
        rates = [optimizer.param_groups[-1]["lr"] for optimizer in trainer.optimizers]
        self.table.add(
            {
                "step": module.steps_done,
                "seconds": round(self.budget.seconds, 2),
                **dict(zip(("lr", "discriminator_lr"), rates, strict=False)),
                **{name: sum(values) / len(values) for name, values in self._told.items()},
                **self._utilization(),
            }
        )
        self._told.clear()

    def mean_since(self, name: str, step: float) -> float:
        """The mean of a column after `step`; no number where there is none."""
        values = [row[name] for row in self.table.rows if row["step"] > step]
        told = [value for value in values if not math.isnan(value)]
        return sum(told) / len(told) if told else math.nan

    def _utilization(self) -> dict[str, float]:
        """The share of all cores that this process kept busy since the last row; of the GPU."""
        wall, busy = self._clock
        self._clock = (time.monotonic(), time.process_time())
        cores = (os.cpu_count() or 1) * max(self._clock[0] - wall, 1e-9)
        used = {"cpu": round(min(1.0, (self._clock[1] - busy) / cores), 3)}
        if torch.cuda.is_available():
            # It is told only by NVIDIA's Python package.
            with contextlib.suppress(ModuleNotFoundError, RuntimeError):
                used["gpu"] = torch.cuda.utilization() / 100
        return used


def read_log(path: Path) -> list[dict[str, float]]:
    """The whole rows of a run's `.csv`; a last line that a kill cut short is left out."""
    rows = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            try:
                rows.append({name: float(value) for name, value in row.items()})
            except (TypeError, ValueError):
                continue
    return rows
