"""A prior in numbers and as a picture."""

import numpy as np

from photochrom.plots import ab_plane
from photochrom.prior.store import PriorFile


def describe(file: PriorFile) -> dict[str, str]:
    """What a prior file holds, name by name, to be read by people."""
    prior, counts = file.prior, file.histogram
    weights = prior.weights(file.uniform)
    seen = prior.p[prior.p > 0]
    entropy = float(-(seen * np.log2(seen)).sum())

    def named(q: int) -> str:
        a, b = prior.gamut.bins[q].tolist()
        return f"({a:g}, {b:g})"

    most, rarest = int(prior.p.argmax()), int(weights.argmax())
    return {
        "bins": f"{len(prior.gamut)}, step {prior.gamut.step:g}",
        "pictures": f"{counts.pictures} counted, {counts.grey} grey, {counts.failed} unreadable",
        "pixels": f"{int(counts.pixels.sum()):,}",
        "smoothing": f"k = {prior.k}, σ = {prior.sigma:g}",
        "bins never seen": f"{int((prior.p == 0).sum())}",
        "entropy": f"{entropy:.2f} bits, as of {2**entropy:.0f} equal bins",
        "most frequent": f"{named(most)} with p = {prior.p[most]:.4f}",
        "weights": f"λ = {file.uniform:g}: {weights.min():.4f} at {named(int(weights.argmin()))} "
        f"to {weights[rarest]:.4f} at {named(rarest)}",
        "source": file.source,
        "created": file.created,
    }


def plot_prior(file: PriorFile) -> bytes:
    """PNG of the ab plane: the bins' colours, log₁₀ p, and the weights."""
    with np.errstate(divide="ignore"):
        log_p = np.log10(file.prior.p)
    weights = file.prior.weights(file.uniform)
    title = f"weight, λ = {file.uniform:g}"
    gamut = file.prior.gamut
    return ab_plane(gamut.bins.double().numpy(), gamut.step, {"log₁₀ p": log_p, title: weights})
