"""How far two priors are from each other."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from photochrom import storage
from photochrom.errors import PriorError
from photochrom.prior.color_prior import ColorPrior
from photochrom.prior.hdf5 import PriorFile, PriorFileError
from photochrom.quantize import Gamut

_MOST_BYTES = 1_000_000  # of a .npy file: four thousand bins take 33 kB


class Distance(NamedTuple):
    """Three distances of two distributions over the same bins."""

    l1: float
    """Σ |p - q|, from 0 to 2."""
    jensen_shannon: float
    """Jensen–Shannon divergence in bits, from 0 to 1."""
    earth_mover: float
    """The least mean distance, in ab units, over which mass must move to make one the other."""


def distance(
    p: Float[np.ndarray, " Q"], q: Float[np.ndarray, " Q"], bins: Float[np.ndarray, "Q 2"]
) -> Distance:
    """How far `p` is from `q`, symmetric in both."""
    middle = (p + q) / 2
    jensen_shannon = (_divergence(p, middle) + _divergence(q, middle)) / 2
    return Distance(float(np.abs(p - q).sum()), jensen_shannon, earth_mover(p, q, bins))


def _divergence(p: Float[np.ndarray, " Q"], q: Float[np.ndarray, " Q"]) -> float:
    """Kullback–Leibler divergence in bits; `q` has mass wherever `p` has."""
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / q[seen])).sum())


def earth_mover(
    p: Float[np.ndarray, " Q"], q: Float[np.ndarray, " Q"], bins: Float[np.ndarray, "Q 2"]
) -> float:
    """The earth mover's distance (Rubner et al. 2000) with Euclidean ground distance, exactly.

    Mass that both have stays where it is, which the triangle inequality makes optimal: so only
    the surplus of `p` is moved to where `q` has more, by linear programming.
    """
    from scipy.optimize import linprog  # processes that count need none of these
    from scipy.sparse import csr_array
    from scipy.spatial.distance import cdist

    surplus = p - q
    here, there = np.flatnonzero(surplus > 0), np.flatnonzero(surplus < 0)
    if not len(here) or not len(there):
        return 0.0
    there = there[np.argsort(-surplus[there])]  # the largest lack last
    cost = cdist(bins[here], bins[there]).ravel()
    leaves = np.repeat(np.arange(len(here)), len(there))
    arrives = len(here) + np.tile(np.arange(len(there)), len(here))
    flows = np.arange(len(cost))
    sums = csr_array((np.ones(2 * len(cost)), (np.r_[leaves, arrives], np.r_[flows, flows])))
    amounts = np.abs(np.r_[surplus[here], surplus[there]])
    scale = amounts.max()  # the solver's tolerances are absolute
    # What arrives last follows from the others; asked for as well, rounding would contradict it.
    solved = linprog(cost, A_eq=sums[:-1], b_eq=amounts[:-1] / scale, method="highs")
    if solved.status != 0:
        raise RuntimeError(f"the transport problem was not solved: {solved.message}")
    return float(solved.fun * scale)


def load_any(place: str | Path) -> PriorFile | ColorPrior:
    """A prior as `PriorFile.load` takes it, or a `.npy` of probabilities of the 313 bins."""
    name = str(place)
    if not name.lower().endswith(".npy"):
        return PriorFile.load(place)
    gamut = Gamut.srgb()
    try:
        data = storage.read_whole(name, _MOST_BYTES)
        if data is None:
            raise PriorError(f"more than {_MOST_BYTES} bytes")
        p = np.load(io.BytesIO(data), allow_pickle=False)
        if p.shape != (len(gamut),) or p.dtype.kind != "f":
            raise PriorError(f"{p.dtype} of {p.shape}")
        return ColorPrior(gamut, p.astype(np.float64), k=5, sigma=5.0)
    except (OSError, ValueError) as error:
        raise PriorFileError(
            f"{name}: expected {len(gamut)} probabilities as .npy, got {error}"
        ) from None


def alike(
    one: PriorFile | ColorPrior, other: PriorFile | ColorPrior
) -> tuple[ColorPrior, ColorPrior]:
    """Both over the bins of the first, or of the second if only the first has counts."""
    first, second = (p.prior if isinstance(p, PriorFile) else p for p in (one, other))
    if first.gamut.same_as(second.gamut):
        return first, second
    if isinstance(other, PriorFile):
        return first, _through(other, first.gamut)
    if isinstance(one, PriorFile):
        return _through(one, second.gamut), second
    raise PriorError("expected priors over the same bins, got others, and no counts of either")


def _through(file: PriorFile, gamut: Gamut) -> ColorPrior:
    return ColorPrior.of(file.histogram, gamut, k=file.prior.k, sigma=file.prior.sigma)


def plot_difference(one: ColorPrior, other: ColorPrior, names: tuple[str, str]) -> bytes:
    """PNG of the ab plane: where one has more mass than the other, in bits, and how much."""
    from photochrom.prior.plots import ab_plane

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log2(other.p / one.p)
    panels = {f"log₂ {names[1]} / {names[0]}": ratio, f"{names[1]} - {names[0]}": other.p - one.p}
    return ab_plane(one.gamut.bins.double().numpy(), one.gamut.step, panels)
