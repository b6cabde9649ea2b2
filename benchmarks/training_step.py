"""A training step of a classification against one of a regression: time, and peak memory.

The U-Net of width 32 and 64 at 128², batch 16, full-size logits, in the arithmetic that
training chooses here. A step is what a run does with a batch that has arrived: encoding,
network, loss, gradients, clipping, AdamW.

What the classification cannot do without are three products with the head and one softmax.
They are timed alone, in the same blocks, for the lower bound of the ratio.
"""

import statistics

import numpy as np
import torch

from benchmarks.measure import Act, Row, peak_bytes, ratio, report, times
from photochrom.config import Architecture, TrainConfig
from photochrom.data import Batch
from photochrom.models import Colorizer
from photochrom.quantize import Gamut
from photochrom.quantize.chunks import rows_per_block
from photochrom.runtime.memory import keep_freed_memory
from photochrom.training import TrainingModule, has_bf16

_CUDA = torch.cuda.is_available()
_SIZE, _BATCH = (224, 64) if _CUDA else (128, 16)
_DEVICE = torch.device("cuda" if _CUDA else "cpu")
_METHODS = ("classification", "regression")
_DTYPE = torch.bfloat16 if has_bf16() else torch.float32


def prepare(method: str, width: int, fused: bool) -> Act:
    """One training step, ready to be run."""
    keep_freed_memory()
    torch.manual_seed(0)
    gamut = Gamut.srgb()
    config = TrainConfig(
        steps=1, method=method, width=width, crop=_SIZE, size=_SIZE, batch_size=_BATCH
    )
    colorizer = Colorizer(Architecture(method=method, width=width, size=_SIZE), gamut)
    colorizer.to(memory_format=torch.channels_last)
    weight = np.linspace(0.5, 2, len(gamut)) if method == "classification" else None
    module = TrainingModule(colorizer, weight, config, fused=fused).to(_DEVICE).train()
    (optimizer,) = module.configure_optimizers()
    L, ab = torch.rand(_BATCH, 1, _SIZE, _SIZE) * 100, torch.randn(_BATCH, 2, _SIZE, _SIZE) * 20
    batch = Batch(L.to(_DEVICE), ab.to(_DEVICE), ("",) * _BATCH, ())

    channels_last = batch.L.to(memory_format=torch.channels_last)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(_DEVICE.type, _DTYPE, enabled=has_bf16()):
            loss = module.losses(channels_last, batch.ab)[0]["loss"]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), config.gradient_clip)
        optimizer.step()

    return step


def least(width: int) -> Act:
    """The products with the head and the softmax of one batch, and nothing else."""
    rows = rows_per_block(_DEVICE)
    x = torch.randn(rows, width, dtype=_DTYPE, device=_DEVICE)
    weight = torch.randn(313, width, dtype=_DTYPE, device=_DEVICE)
    z = torch.empty(rows, 313, dtype=_DTYPE, device=_DEVICE)
    p = torch.empty(rows, 313, device=_DEVICE)
    by_x, by_weight = torch.empty_like(x), torch.empty_like(weight)

    def blocks() -> None:
        for _ in range(_BATCH * _SIZE * _SIZE // rows):
            torch.mm(x, weight.T, out=z)
            torch.softmax(z, dim=1, dtype=p.dtype, out=p)
            torch.mm(z, weight, out=by_x)
            torch.mm(z.T, x, out=by_weight)

    return blocks


def peak(method: str, width: int) -> int:
    """Bytes that a step takes beyond weights and batch."""
    if not _CUDA:
        return peak_bytes(prepare, method, width, True)
    step = prepare(method, width, True)
    step()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    return torch.cuda.max_memory_allocated() - before


def main() -> None:
    """Measure, print and write the rows."""
    rows = []
    for width, limit, repeats in ((32, 1.25, 15), (64, 1.12, 9)):
        classification, regression = (prepare(m, width, True) for m in _METHODS)
        plain = prepare("classification", width, False)
        ours, theirs, bare = times(classification, regression, least(width), repeats=repeats)
        definition, again = times(plain, regression, repeats=3)
        name = "training step, classification / regression"
        target = f"<= {1.15 if _CUDA else limit}"
        lowest = [a + b for a, b in zip(theirs, bare, strict=True)]
        memory = peak("classification", width) / peak("regression", width)
        rows += [
            Row.of(f"{name}, time, width {width}", ratio(ours, theirs), target),
            Row.of(f"{name}, lower bound of time, width {width}", ratio(lowest, theirs)),
            Row.of(f"{name}, time without fusing, width {width}", ratio(definition, again)),
            Row.of(f"{name}, peak memory, width {width}", memory, "<= 1.1"),
            Row.of(
                f"training step, regression, width {width}", statistics.median(theirs), unit="s"
            ),
        ]
    report("training_step", rows)


if __name__ == "__main__":
    main()
