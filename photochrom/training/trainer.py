"""Lightning's trainer as we use it: one process, or several that share each batch."""

import logging
import os
import signal
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from pytorch_lightning.strategies import DDPStrategy

from photochrom.config import TrainConfig
from photochrom.data import TrainingData
from photochrom.errors import TrainingError
from photochrom.runtime.memory import forget_peak, keep_freed_memory
from photochrom.training.lightning_module import TrainingModule


def rank(config: TrainConfig) -> int:
    """The number of this process among those that train together; 0 writes the files."""
    if "RANK" in os.environ:  # torchrun says it
        return int(os.environ["RANK"])
    local = int(os.environ.get("LOCAL_RANK", 0))  # Lightning says it to those that it started
    return config.devices * int(os.environ.get("NODE_RANK", 0)) + local


def train(
    module: TrainingModule,
    data: TrainingData,
    config: TrainConfig,
    callbacks: Sequence[pl.Callback],
    checkpoint: Path,
) -> None:
    """Train until a callback stops it, from the checkpoint if there is one.

    `KeyboardInterrupt` where it is interrupted.
    """
    forget_peak()
    if not torch.cuda.is_available():
        keep_freed_memory()
    for talker in ("pytorch_lightning", "lightning_fabric", "lightning.fabric"):
        logging.getLogger(talker).setLevel(logging.WARNING)
    trainer = pl.Trainer(
        accelerator="auto",
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=_strategy(config),
        use_distributed_sampler=False,  # the data share out each batch themselves
        precision=_precision(config),
        max_epochs=-1,
        callbacks=[*_averaging(config), *callbacks, _LetGo()],
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


def _averaging(config: TrainConfig) -> list[pl.Callback]:
    """Keeps the mean of the weights; before the callback that saves it."""
    return [EMAWeightAveraging(decay=config.ema_decay)] if config.ema_decay else []


class _LetGo(pl.Callback):
    """Waits, where there are several processes, until gloo's thread has dropped its last work.

    DDP's reducer is destroyed with the GIL held, and joins that thread, which needs the GIL to
    drop the work: in torch 2.13 neither goes on if both happen at once. Sleeping lends the GIL.
    """

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.world_size > 1:
            time.sleep(1.0)


def refuse_launch(config: TrainConfig) -> None:
    """`ValueError` where the processes that were started are not those that were asked for."""
    asked = config.devices * config.nodes
    started = int(os.environ.get("WORLD_SIZE", asked)) if "RANK" in os.environ else asked
    if started != asked:
        raise TrainingError(
            f"expected --devices × --nodes to be the {started} processes that torchrun started, "
            f"got {config.devices} × {config.nodes}"
        )
    if config.nodes > 1 and "RANK" not in os.environ:
        raise TrainingError(
            f"--nodes {config.nodes} needs torchrun on each of them, got one command: see "
            "docs/scale.md"
        )
    if torch.cuda.is_available() and config.devices > torch.cuda.device_count():
        raise TrainingError(
            f"--devices must be at most the {torch.cuda.device_count()} GPUs of this machine, got "
            f"{config.devices}"
        )


def _strategy(config: TrainConfig) -> Any:
    """Gradients are averaged over processes: by nccl on GPUs, by gloo on CPUs.

    In a game each of the two losses leaves the other network's weights unused.
    """
    if config.devices * config.nodes == 1:
        return "auto"
    return DDPStrategy(find_unused_parameters=config.discriminator != "none")


def _precision(config: TrainConfig) -> Any:
    if config.precision == "bf16" or (config.precision == "auto" and has_bf16()):
        return "bf16-mixed"
    return "32-true"


def has_bf16() -> bool:
    """Whether this machine multiplies in bfloat16 faster than in float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # torch before 2.10 cannot tell
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
