"""A training run in one folder, stopped and continued at will.

RUN/
├── train.json          config used, gamut, digests: what a resume must match
├── last.ckpt           the state of an unfinished run
├── log.csv             losses, learning rates, utilization: see `photochrom.training.loggers`
├── watch.csv, watch/   the same images as training went: see `photochrom.training.validation`
├── curves.png          both as curves
├── strip.png           the images of watch/ in one
├── config.json         the finished model: see `photochrom.models.colorizer`
└── model.safetensors   written last
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from photochrom import __version__
from photochrom.config import Architecture, TrainConfig
from photochrom.data import TrainingData
from photochrom.errors import TrainingError
from photochrom.image_io import Skipped, SourceImage
from photochrom.models import (
    Colorizer,
    freeze,
    init_normal,
    is_finished,
    read_encoder_weights,
)
from photochrom.models.encoders.lite0 import Lite0
from photochrom.prior import PriorFile
from photochrom.quantize import Gamut
from photochrom.runtime.memory import peak_megabytes
from photochrom.storage.atomic import write_whole
from photochrom.training.budget import Budget, Progress
from photochrom.training.checkpoints import Checkpoints, SkippedImages
from photochrom.training.heads import start_head
from photochrom.training.lightning_module import TrainingModule
from photochrom.training.loggers import Log
from photochrom.training.plots import run_curves, strips
from photochrom.training.run_dir import checkpoint_step, fingerprint, open_run
from photochrom.training.trainer import rank, refuse_launch, train
from photochrom.training.validation import BEST, Watch

_CHECKPOINT = "last.ckpt"


def fit(
    images: Sequence[SourceImage],
    prior: PriorFile | None,
    config: TrainConfig,
    run: Path,
    *,
    initial: Colorizer | None = None,
    origin: str | None = None,
    watched: Sequence[SourceImage] = (),
    sources: Sequence[str] | None = None,
    resume: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Skipped]:
    """Train in the folder `run` until the model is written; returns the images left out.

    `prior` gives gamut and weights; only a rebalanced classification cannot do without.
    `initial` is a model to begin with and `origin` what `config.json` calls it, `watched` are
    images to look at as training goes (by default the first of `images`), `sources` says
    where each image is from if sources are to be balanced, and `tell` is given a line where a
    game collapses. With `resume` a run continues from its last checkpoint; a finished one stays.
    `ValueError` if the folder holds another run, or one that `resume` was not said for, and
    where the loss diverges; `KeyboardInterrupt` leaves the last checkpoint. Without a GPU the
    process keeps memory that it frees from then on: see `photochrom.runtime.memory`.
    """
    refuse_launch(config)
    first = rank(config) == 0
    if not first:  # one process speaks for all
        on_progress, tell = (lambda _: None), (lambda _: None)
    gamut, weight = _gamut(prior, initial), _weight(prior, config)
    refuse_unfit(config, gamut)
    data = TrainingData(images, config, sources)
    data.squares[0]  # a data set without a color image fails here, before anything is written
    torch.manual_seed(config.seed)
    colorizer = _colorizer(config, gamut, initial, prior)
    if first:
        began = fingerprint(images, watched, sources, prior, initial, config, gamut)
        open_run(run, began, resume=resume)
    if is_finished(run):
        return []
    data.step = checkpoint_step(checkpoint := run / _CHECKPOINT)
    budget = Budget(config, on_progress)
    log = Log(run / "log.csv", budget, data.step, writes=first)
    watch = Watch(watched or images, config, run, log, data.step, tell)
    skipped = SkippedImages()
    callbacks = [budget, log, skipped, watch, Checkpoints(checkpoint, budget)]
    module = TrainingModule(colorizer, weight, config)
    train(module, data, config, callbacks, checkpoint)
    if first:
        clipped = module.clippers[0].share
        _finish(run, colorizer, config, watch, images=len(images), origin=origin, clipped=clipped)
    return [Skipped(name, reason) for name, reason in sorted(skipped.reasons.items())]


def refuse_unfit(config: TrainConfig, gamut: Gamut) -> None:
    """`ValueError` for a run without an end, or a classification over fewer bins than k."""
    config.refuse_endless()
    if config.method == "classification" and config.k > len(gamut):
        raise TrainingError(
            f"--k must be within 1 and the gamut's {len(gamut)} bins, got {config.k}"
        )


def _weight(prior: PriorFile | None, config: TrainConfig) -> Float[np.ndarray, " Q"] | None:
    """What rebalances a classification."""
    if config.method == "classification" and config.rebalance and prior is None:
        raise TrainingError("expected --prior with a rebalanced classification, got none")
    return prior.prior.weights(prior.uniform) if prior and config.rebalance else None


def _gamut(prior: PriorFile | None, initial: Colorizer | None) -> Gamut:
    if initial is None:
        return prior.prior.gamut if prior else Gamut.srgb()
    if prior and not prior.prior.gamut.same_as(initial.gamut):
        raise TrainingError(
            f"expected a prior over the {len(initial.gamut)} bins of the model to begin with, got "
            "other bins: count or view it with that model's gamut"
        )
    return initial.gamut


def _colorizer(
    config: TrainConfig, gamut: Gamut, initial: Colorizer | None, prior: PriorFile | None
) -> Colorizer:
    """The model as training begins: drawn at random, but for a pretrained encoder or all of it."""
    colorizer = Colorizer(Architecture.of(config), gamut, temperature=config.temperature)
    if config.init == "normal":
        # Of the first drawing, the head took as many numbers as it has outputs: with these begun
        # anew, methods of one seed have the same trunk.
        torch.manual_seed(config.seed)
        init_normal(colorizer.network)
    if config.head_init != "default":
        start_head(colorizer, _first_distribution(config, gamut, prior))
    encoder = colorizer.network.encoder
    if config.encoder_lr == 0 and config.encoder_weights == "none" and initial is None:
        raise TrainingError(
            "--encoder-lr 0 needs --encoder-weights, got none: an encoder that learned nothing"
        )
    if config.encoder != "unet" and config.encoder_weights != "none" and initial is None:
        encoder.load_state_dict(read_encoder_weights(config.encoder, config.encoder_weights))
    if initial is not None:
        colorizer.load_state_dict(initial.state_dict())
        colorizer.gain = initial.gain
    if config.encoder != "unet" and config.encoder_lr == 0:
        freeze(encoder)
    if isinstance(encoder, Lite0):
        encoder.drop_paths(config.drop_path)
    colorizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # 1.2 × faster
    return colorizer


def _first_distribution(
    config: TrainConfig, gamut: Gamut, prior: PriorFile | None
) -> Float[np.ndarray, " Q"]:
    """Return the distribution over bins that a new head starts at."""
    if config.head_init == "uniform":
        return np.full(len(gamut), 1 / len(gamut))
    if prior is None:
        raise TrainingError("--head-init prior needs --prior, got none")
    return prior.prior.p


def _finish(
    run: Path,
    colorizer: Colorizer,
    config: TrainConfig,
    watch: Watch,
    *,
    images: int,
    origin: str | None,
    clipped: float,
) -> None:
    log, best = watch.record, run / BEST
    if best.exists():
        colorizer.load_state_dict(torch.load(best, map_location="cpu", weights_only=True))
    write_whole(run / "curves.png", run_curves(log.table.rows, watch.table.rows, config.label))
    write_whole(run / "strip.png", strips(run / "watch"))
    training = {
        "config": asdict(config),
        "label": config.label,
        "images": images,
        "steps": int(log.table.rows[-1]["step"]),
        "minutes": round(log.budget.seconds / 60, 2),
        "megabytes": peak_megabytes(),
        "clipped": round(clipped, 4) if clipped == clipped else None,
        "warnings": watch.warnings,
        "photochrom": __version__,
        "torch": torch.__version__,
    }
    if origin is not None:
        training["from"] = origin
    colorizer.save(run, training)
    best.unlink(missing_ok=True)
    (run / _CHECKPOINT).unlink(missing_ok=True)
