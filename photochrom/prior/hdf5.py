"""Priors ↔ HDF5: one file that says what it is and plain h5py can read.

/                  format, version, kind, step, k, sigma, uniform, images, gray, toned, failed,
                   size, keep_grey, created, photochrom   (attributes)
gamut/bins         float64 (Q, 2)      bin centers, a and b
prior/pixels       int64   (220, 220)  pixels in each cell of 1 × 1 ab
prior/edges        float64 (221,)      cell edges, the same on both axes
prior/sketch       uint64  (S,)        the smallest fingerprints of the images
prior/failures     text                reasons why images could not be read, as JSON
prior/sources      text                the sources, as JSON
prior/p            float64 (Q,)        probability of each bin
prior/weights      float64 (Q,)        rebalancing weight of each bin
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from photochrom import storage
from photochrom.config import PriorConfig, fitted_bins
from photochrom.errors import PriorFileError as PriorFileError
from photochrom.prior.color_prior import ColorPrior
from photochrom.prior.histogram import EDGES, AbHistogram
from photochrom.prior.resume import load_histogram, save_histogram
from photochrom.quantize import Gamut
from photochrom.storage.atomic import write_whole

FORMAT = "photochrom prior"
VERSION = 2
_MOST_BYTES = 100_000_000  # at a URL; one of a million images takes 0.5 MB
SHIPPED = {"photographs": Path(__file__).parents[1] / "assets" / "priors" / "photographs.h5"}
"""Priors that come with photochrom, and are named instead of a file."""


@dataclass(frozen=True, eq=False)
class PriorFile:
    """What a prior file holds."""

    prior: ColorPrior
    histogram: AbHistogram
    kind: str
    """What the gamut is: `srgb`, or `kmeans:N`."""
    uniform: float
    """λ of the weights."""
    size: int
    """Short side to which images were reduced."""
    keep_gray: bool
    """Whether gray and toned images were counted, too."""
    sources: tuple[str, ...]
    """The sources that were counted."""
    created: str
    """When, in UTC, ISO 8601."""

    @staticmethod
    def of(
        histogram: AbHistogram, config: PriorConfig, sources: Sequence[str], created: str
    ) -> "PriorFile":
        """Counts seen as `config` says."""
        gamut = _gamut(histogram, config.gamut, config.step)
        prior = ColorPrior.of(histogram, gamut, k=config.k, sigma=config.sigma)
        named = tuple(sorted(set(sources)))
        return PriorFile(
            prior,
            histogram,
            config.gamut,
            config.uniform,
            config.size,
            config.keep_gray,
            named,
            created,
        )

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_whole(path, self.encoded())

    def encoded(self) -> bytes:
        """What the file holds, as HDF5."""
        from photochrom import __version__

        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.attrs.update(
                format=FORMAT,
                version=VERSION,
                photochrom=__version__,
                kind=self.kind,
                step=self.prior.gamut.step,
                k=self.prior.k,
                sigma=self.prior.sigma,
                uniform=self.uniform,
                size=self.size,
                keep_grey=self.keep_gray,  # the key is that of version 1
                created=self.created,
            )
            save_histogram(self.histogram, file)
            file["prior/sources"] = json.dumps(self.sources)  # may be too long for an attribute
            file["gamut/bins"] = self.prior.gamut.bins.double().numpy()
            file["prior/edges"] = EDGES
            file["prior/p"] = self.prior.p
            file["prior/weights"] = self.prior.weights(self.uniform)
        return buffer.getvalue()

    @staticmethod
    def load(place: str | Path) -> "PriorFile":
        """Read a prior at a path or URL, or one of `SHIPPED` by name.

        `PriorFileError` says what else it is, `OSError` what of a URL cannot be reached.
        """
        name = str(place)
        if storage.is_url(name):
            data = storage.read_whole(name, _MOST_BYTES)
            if data is None:
                raise PriorFileError(f"{name}: expected a prior of at most {_MOST_BYTES} bytes")
            return PriorFile.read(data, name)
        path = SHIPPED[name] if name in SHIPPED and not Path(name).exists() else Path(name)
        if not path.is_file():
            raise PriorFileError(f"{path}: expected a prior file, found no such file")
        return _loaded(path, str(path))

    @staticmethod
    def read(data: bytes, name: str) -> "PriorFile":
        """`load` of the bytes of a file, which the error calls by `name`."""
        return _loaded(io.BytesIO(data), name)


def _loaded(source: Path | io.BytesIO, name: str) -> PriorFile:
    try:
        with h5py.File(source, "r") as file:
            _check(name, dict(file.attrs))
            return _read(file)
    except PriorFileError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise PriorFileError(
            f"{name}: expected a prior as photochrom prior build writes it, got a damaged or "
            f"foreign file ({reason})"
        ) from None


def _gamut(histogram: AbHistogram, kind: str, step: float) -> Gamut:
    bins = fitted_bins(kind)
    if bins is None:
        return Gamut.srgb(step)
    a, b = np.nonzero(histogram.pixels)
    centers = np.stack([EDGES[a], EDGES[b]], axis=1) + 0.5
    return Gamut.kmeans(centers, histogram.pixels[a, b], bins)


def _check(path: str, attributes: dict[str, Any]) -> None:
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
    return PriorFile(
        prior,
        load_histogram(file),
        str(attributes["kind"]),
        uniform=float(attributes["uniform"]),
        size=int(attributes["size"]),
        keep_gray=bool(attributes["keep_grey"]),
        sources=tuple(str(source) for source in json.loads(file["prior/sources"].asstr()[()])),
        created=str(attributes["created"]),
    )
