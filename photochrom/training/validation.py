"""A look at the same few images, again and again as training goes.

RUN/
├── watch.csv    step, seconds, loss, error, colorfulness and the truth's
├── watch/       the images as they were, a strip of PNG a look
└── best.ckpt    with --checkpoint best: the best weights so far

Adversarial training has no loss that says how good the generator is. So the best weights of any
method are those with the least mean error in ab plus distance of colorfulness to the ground
truth's, and adversarial training that collapses is reported.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from photochrom.color.lab import compose
from photochrom.config import TrainConfig
from photochrom.data import center_loader
from photochrom.image_io import SourceImage, save_png
from photochrom.metrics import colorfulness
from photochrom.storage.atomic import replacing
from photochrom.training.lightning_module import TrainingModule
from photochrom.training.loggers import Log, Table
from photochrom.training.plots import BAND

WATCH_FIELDS = ("step", "seconds", "loss", "error", "colorfulness", "truth", "accuracy")
LOOKS = 20  # in a run
IMAGES = 32
_SHOWN = 8
_PINNED = 0.01  # accuracy this near to 0 or 1
_IN_A_ROW = 3
_FACTOR, _PATIENCE = 0.5, 3  # of ReduceLROnPlateau
BEST = "best.ckpt"


class Watch(pl.Callback):
    """Looks twenty times a run; lowers learning rates on a plateau; keeps the best weights."""

    def __init__(
        self,
        images: Sequence[SourceImage],
        config: TrainConfig,
        run: Path,
        log: Log,
        step: int,
        tell: Callable[[str], None],
    ) -> None:
        self.config, self.run, self.record, self.tell = config, run, log, tell
        self.table = Table(run / "watch.csv", WATCH_FIELDS, step, writes=log.table.writes)
        loader = center_loader(images[:IMAGES], size=config.size, batch=8, workers=0)
        self.batches = [batch for batch in loader if batch.names]
        self.plateaus: list[ReduceLROnPlateau] = []
        self.best, self.looks, self.played = math.inf, 0, 0
        self.warnings: list[str] = []
        self._state: dict[str, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.table.begin()
        if self.batches:
            true = [compose(batch.L, batch.ab) for batch in self.batches]
            self._keep_strip(torch.cat(true), "truth")
        if self.config.schedule == "plateau":
            self.plateaus = [
                ReduceLROnPlateau(one, factor=_FACTOR, patience=_PATIENCE)
                for one in trainer.optimizers
            ]
            for plateau, state in zip(self.plateaus, self._state.get("plateaus", []), strict=False):
                plateau.load_state_dict(state)

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        assert isinstance(module, TrainingModule)
        fraction = self.record.budget.fraction(module.steps_done)
        if int(fraction * LOOKS) <= self.looks and module.steps_done > 1:
            return
        self.looks = int(fraction * LOOKS)
        if self.batches:
            self._look(module)

    def _look(self, module: TrainingModule) -> None:
        row = self._measured(module)
        row |= {"step": module.steps_done, "seconds": round(self.record.budget.seconds, 2)}
        row["accuracy"] = self.record.mean_since("accuracy", self._last_step())
        if module.trainer.world_size > 1:  # each process has batch statistics of its own
            row = module.trainer.strategy.broadcast(row)
        self.table.add(row)
        for plateau in self.plateaus:
            plateau.step(row["loss"])
        if module.discriminator is not None and module.refines:
            self.played += 1
            self._warn()
        # Where a discriminator comes in late, the best weights are those that it has trained.
        if self.config.checkpoint == "best" and module.refines:
            self._keep_best(module, row["error"] + abs(row["colorfulness"] - row["truth"]))

    def _keep_best(self, module: TrainingModule, score: float) -> None:
        if score < self.best:
            self.best = score
            if self.table.writes:
                with replacing(self.run / BEST) as partial:
                    torch.save(module.colorizer.state_dict(), partial)

    def _last_step(self) -> float:
        return self.table.rows[-1]["step"] if self.table.rows else 0.0

    @torch.no_grad()
    def _measured(self, module: TrainingModule) -> dict[str, float]:
        """The method's own loss, the mean error in ab units, and colorfulness of both."""
        colorizer = module.colorizer.eval()
        sums, made = np.zeros(4), []
        for kept in self.batches:
            L, truth = kept.L.to(module.device), kept.ab.to(module.device)
            with module.trainer.precision_plugin.forward_context():
                features = colorizer.features(L)
                own = module.own_loss(features, truth)
                ab = colorizer.colors(features, L).float()
            error = torch.linalg.vector_norm(ab - truth, dim=1).mean()
            rgb, true = (compose(L, colors).cpu() for colors in (ab.nan_to_num(), truth))
            colorful = [colorfulness(one).mean() for one in (rgb, true)]
            sums += len(kept.names) * np.array([float(x) for x in (own, error, *colorful)])
            made.append(rgb)
        module.train()
        self._keep_strip(torch.cat(made), f"{module.steps_done:07}")
        means = sums / sum(len(batch.names) for batch in self.batches)
        return dict(zip(("loss", "error", "colorfulness", "truth"), means.tolist(), strict=True))

    def _keep_strip(self, rgb: Tensor, name: str) -> None:
        if self.table.writes:
            strip = torch.cat([*rgb[:_SHOWN]], dim=-1).movedim(0, -1).contiguous().numpy()
            save_png(strip, self.run / "watch" / f"{name}.png")

    def _warn(self) -> None:
        """Say it where the last looks show a game that collapsed."""
        last = self.table.rows[-_IN_A_ROW:]
        if self.played < _IN_A_ROW:
            return
        for sign in (_pinned(last), _off_band(last)):
            if sign and sign not in self.warnings:
                self.warnings.append(sign)
                self.tell(f"step {last[-1]['step']:.0f}: the game collapses: {sign}")

    def state_dict(self) -> dict[str, Any]:
        plateaus = [plateau.state_dict() for plateau in self.plateaus]
        counts = {"looks": self.looks, "played": self.played}
        return counts | {"best": self.best, "warnings": self.warnings, "plateaus": plateaus}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._state = state_dict
        self.best, self.played = state_dict["best"], state_dict["played"]
        self.looks = state_dict["looks"]
        self.warnings = list(state_dict["warnings"])


def _pinned(rows: Sequence[dict[str, float]]) -> str:
    accuracies = [row["accuracy"] for row in rows]
    if all(accuracy >= 1 - _PINNED for accuracy in accuracies):
        return "the discriminator is always right"
    if all(accuracy <= _PINNED for accuracy in accuracies):
        return "the discriminator is always wrong"
    return ""


def _off_band(rows: Sequence[dict[str, float]]) -> str:
    ratios = [row["colorfulness"] / row["truth"] for row in rows if row["truth"]]
    if len(ratios) == len(rows) and all(ratio > BAND for ratio in ratios):
        return f"colorfulness is above {BAND:g} times the truth's"
    if len(ratios) == len(rows) and all(ratio < 1 / BAND for ratio in ratios):
        return f"colorfulness is below 1 / {BAND:g} of the truth's"
    return ""
