"""The share of a training step that is spent waiting for data from a packed file.

The step is that of the regression, which is the shorter one, on the default settings; the
packed file holds the photographs that come with photochrom, many times over.
"""

import tempfile
import time
from pathlib import Path

import torch

import photochrom
from benchmarks.measure import Row, report
from benchmarks.training_step import prepare
from photochrom.config import ProtocolConfig
from photochrom.data import TrainingSquares, training_loader
from photochrom.data.hdf5_images import pack
from photochrom.image_io import find

_WARM_UP, _STEPS = 5, 60


def main() -> None:
    """Measure, print and write the rows."""
    samples = Path(photochrom.__file__).parent / "assets" / "samples"
    config = ProtocolConfig(steps=_STEPS)
    step = prepare("regression", config.width, True)
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "samples.h5"
        pack(find([str(samples)]).images * 20, config.size, packed)
        images = find([str(packed)]).images
        squares = TrainingSquares(images, size=config.size, crop=config.crop, seed=config.seed)
        batches = iter(training_loader(squares, config, start=0))
        waited = worked = 0.0
        for turn in range(_WARM_UP + _STEPS):
            began = time.perf_counter()
            next(batches)
            arrived = time.perf_counter()
            step()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn >= _WARM_UP:
                waited += arrived - began
                worked += time.perf_counter() - arrived
        del batches  # ends the loader's processes
    row = "training from packed HDF5: share of the step spent waiting for data"
    share = 100 * waited / (waited + worked)
    report("training_data", [Row.of(row, share, "<= 5", unit="%")])


if __name__ == "__main__":
    main()
