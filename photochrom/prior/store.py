"""Priors ↔ HDF5: one file that says what it is and plain h5py can read.

/                  format, version, step, k, sigma, uniform, pictures, grey, failed,
                   size, source, created, photochrom   (attributes)
gamut/bins         float64 (Q, 2)      bin centres, a and b
prior/pixels       int64   (220, 220)  pixels in each cell of 1 × 1 ab
prior/edges        float64 (221,)      cell edges, the same on both axes
prior/p            float64 (Q,)        probability of each bin
prior/weights      float64 (Q,)        rebalancing weight of each bin
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from photochrom.files import write_whole
from photochrom.prior.histogram import EDGES, AbHistogram
from photochrom.prior.prior import ColorPrior
from photochrom.quantize import Gamut

FORMAT = "photochrom prior"
VERSION = 1


class PriorFileError(ValueError):
    """A file that is not a prior that this version can read."""


@dataclass(frozen=True, eq=False)
class PriorFile:
    """What a prior file holds."""

    prior: ColorPrior
    histogram: AbHistogram
    uniform: float
    """λ of the weights."""
    size: int
    """Short side to which pictures were reduced."""
    source: str
    """The sources that were counted."""
    created: str
    """When, in UTC, ISO 8601."""

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        from photochrom import __version__

        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.attrs.update(
                format=FORMAT,
                version=VERSION,
                photochrom=__version__,
                step=self.prior.gamut.step,
                k=self.prior.k,
                sigma=self.prior.sigma,
                uniform=self.uniform,
                pictures=self.histogram.pictures,
                grey=self.histogram.grey,
                failed=self.histogram.failed,
                size=self.size,
                source=self.source,
                created=self.created,
            )
            file["gamut/bins"] = self.prior.gamut.bins.double().numpy()
            file.create_dataset("prior/pixels", data=self.histogram.pixels, compression="gzip")
            file["prior/edges"] = EDGES
            file["prior/p"] = self.prior.p
            file["prior/weights"] = self.prior.weights(self.uniform)
        write_whole(path, buffer.getvalue())

    @staticmethod
    def load(path: Path) -> "PriorFile":
        """Read a prior; `PriorFileError` says what else the file is."""
        if not path.is_file():
            raise PriorFileError(f"{path}: expected a prior file, found no such file")
        try:
            with h5py.File(path, "r") as file:
                _check(path, dict(file.attrs))
                return _read(file)
        except PriorFileError:
            raise
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise PriorFileError(
                f"{path}: expected a prior as photochrom prior build writes it, got a damaged or "
                f"foreign file ({reason})"
            ) from None


def _check(path: Path, attributes: dict[str, Any]) -> None:
    if attributes.get("format") != FORMAT:
        raise PriorFileError(
            f"{path}: expected {FORMAT} version {VERSION}, got an HDF5 file of another kind"
        )
    if attributes.get("version") != VERSION:
        found = f"version {attributes.get('version')}"
        raise PriorFileError(f"{path}: expected {FORMAT} version {VERSION}, got {found}")


def _read(file: h5py.File) -> PriorFile:
    attributes = file.attrs
    bins = torch.tensor(np.asarray(file["gamut/bins"]), dtype=torch.float32)
    prior = ColorPrior(
        Gamut(bins, float(attributes["step"])),
        np.asarray(file["prior/p"], dtype=np.float64),
        int(attributes["k"]),
        float(attributes["sigma"]),
    )
    pixels = np.asarray(file["prior/pixels"], dtype=np.int64)
    counts = (int(attributes[name]) for name in ("pictures", "grey", "failed"))
    return PriorFile(
        prior,
        AbHistogram(pixels, *counts),
        uniform=float(attributes["uniform"]),
        size=int(attributes["size"]),
        source=str(attributes["source"]),
        created=str(attributes["created"]),
    )
