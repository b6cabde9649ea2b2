"""A training run in one folder, stopped and continued at will.

RUN/
├── train.json          config used, gamut, digest of the pictures: what a resume must match
├── last.ckpt           the state of an unfinished run
├── log.csv             step, seconds, lr, loss
├── curve.png           the loss over the steps
├── config.json         the finished model: see `photochrom.models.colorizer`
└── model.safetensors   written last
"""

import hashlib
import logging
import signal
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from photochrom import __version__
from photochrom.config import TrainConfig
from photochrom.data import TrainingData
from photochrom.files import read_json, write_json, write_whole
from photochrom.images import Picture, Skipped, digest
from photochrom.memory import keep_freed_memory
from photochrom.models import Architecture, Colorizer, is_finished
from photochrom.plots import training_curve
from photochrom.prior import PriorFile
from photochrom.quantize import Gamut
from photochrom.training.callbacks import Budget, Checkpoints, Log, Progress, SkippedPictures
from photochrom.training.module import TrainingModule

_CHECKPOINT = "last.ckpt"


def fit(
    pictures: Sequence[Picture],
    prior: PriorFile | None,
    config: TrainConfig,
    run: Path,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> list[Skipped]:
    """Train in the folder `run` until the model is written; returns the pictures left out.

    `prior` gives gamut and weights; only a rebalanced classification cannot do without. With
    `resume` a run continues from its last checkpoint, and a finished one is left as it is.
    `ValueError` if the folder holds another run, or one that `resume` was not said for, and
    where the loss diverges; `KeyboardInterrupt` leaves the last checkpoint. Without a GPU the
    process keeps memory that it frees from then on: see `photochrom.memory`.
    """
    if config.method == "classification" and config.rebalance and prior is None:
        raise ValueError("expected --prior with a rebalanced classification, got none")
    gamut = prior.prior.gamut if prior else Gamut.srgb()
    refuse_unfit(config, gamut)
    data = TrainingData(pictures, config)
    data.squares[0]  # a data set without a colour picture fails here, before anything is written
    _open_run(run, _fingerprint(pictures, prior, config, gamut), resume=resume)
    if is_finished(run):
        return []
    torch.manual_seed(config.seed)
    architecture = Architecture(config.method, config.width, config.size)
    colorizer = Colorizer(architecture, gamut, temperature=config.temperature)
    colorizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # 1.2 × faster
    weight = prior.prior.weights(prior.uniform) if prior and config.rebalance else None
    skipped = SkippedPictures()
    checkpoint = run / _CHECKPOINT
    budget = Budget(config, on_progress)
    log = Log(run / "log.csv", budget, _checkpoint_step(checkpoint))
    _train(
        TrainingModule(colorizer, weight, config),
        data,
        config,
        [budget, log, skipped, Checkpoints(checkpoint)],
        checkpoint,
    )
    _finish(run, colorizer, config, log, pictures=len(pictures), seconds=budget.seconds)
    return [Skipped(name, reason) for name, reason in sorted(skipped.reasons.items())]


def refuse_unfit(config: TrainConfig, gamut: Gamut) -> None:
    """`ValueError` where a classification would spread colours over more bins than there are."""
    if config.method == "classification" and config.k > len(gamut):
        raise ValueError(f"--k must be within 1 and the gamut's {len(gamut)} bins, got {config.k}")


def _fingerprint(
    pictures: Sequence[Picture], prior: PriorFile | None, config: TrainConfig, gamut: Gamut
) -> dict[str, Any]:
    weights = prior.prior.p.tobytes() if prior and config.rebalance else b""
    return {
        "config": asdict(config),
        "pictures": digest(pictures),
        "prior": hashlib.sha256(weights).hexdigest(),
        "gamut": hashlib.sha256(gamut.bins.numpy().tobytes()).hexdigest(),
    }


def _open_run(run: Path, fingerprint: dict[str, Any], *, resume: bool) -> None:
    known = run / "train.json"
    if not known.exists():
        if run.exists() and (not run.is_dir() or any(run.iterdir())):
            raise FileExistsError(
                f"{run}: expected a new folder or a run of photochrom train, found something else"
            )
        write_json(known, fingerprint)
        return
    if not resume:
        raise FileExistsError(
            f"{run}: expected a new run, found one that exists: add --resume or name another"
        )
    earlier = read_json(known, "the settings of a run")
    began = earlier.get("config")
    if not isinstance(began, dict):
        raise ValueError(f"{known}: expected the settings of a run, got {began!r}: name another")
    free = {"workers", "precision"}  # these do not change what a run is
    for name, value in fingerprint["config"].items():
        if name not in free and began.get(name) != value:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"{run}: expected {flag} {began.get(name)} as the run began, got {value}: repeat "
                "its flags or name another"
            )
    for name in ("pictures", "gamut", "prior"):
        if earlier.get(name) != fingerprint[name]:
            raise ValueError(
                f"{run}: expected the {name} that the run began with, got others: repeat its "
                "command or name another"
            )


def _checkpoint_step(checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    try:
        return int(torch.load(checkpoint, weights_only=True, mmap=True)["global_step"])
    except Exception as error:  # torch raises many kinds for a damaged file
        raise ValueError(
            f"{checkpoint}: expected the checkpoint of a run, got a damaged file: delete it to "
            "start the run anew"
        ) from error


def _train(
    module: TrainingModule,
    data: TrainingData,
    config: TrainConfig,
    callbacks: list[pl.Callback],
    checkpoint: Path,
) -> None:
    if not torch.cuda.is_available():
        keep_freed_memory()
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    trainer = pl.Trainer(
        accelerator="auto",
        devices=1,
        precision=_precision(config),
        max_epochs=-1,
        max_steps=config.steps or -1,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    resume = checkpoint if checkpoint.exists() else None
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 on torch 2.13 speaks of its own internals.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")
            # One loader process on two cores is right here; Lightning would always have more.
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except SystemExit:  # what Lightning makes of Ctrl-C, with the signal ignored from there on
        signal.signal(signal.SIGINT, interrupt)
        raise KeyboardInterrupt from None


def _precision(config: TrainConfig) -> Any:
    if config.precision == "bf16" or (config.precision == "auto" and has_bf16()):
        return "bf16-mixed"
    return "32-true"


def has_bf16() -> bool:
    """Whether this machine multiplies in bfloat16 faster than in float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    # torch before 2.10 cannot tell
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def _finish(
    run: Path, colorizer: Colorizer, config: TrainConfig, log: Log, *, pictures: int, seconds: float
) -> None:
    points = [(int(row["step"]), row["loss"]) for row in log.rows]
    write_whole(run / "curve.png", training_curve(points, config.label))
    training = {
        "config": asdict(config),
        "label": config.label,
        "pictures": pictures,
        "steps": points[-1][0],
        "minutes": round(seconds / 60, 2),
        "photochrom": __version__,
        "torch": torch.__version__,
    }
    colorizer.save(run, training)
    (run / _CHECKPOINT).unlink(missing_ok=True)
