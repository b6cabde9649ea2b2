"""A prior in numbers and as an image."""

import numpy as np

from photochrom.prior.hdf5 import PriorFile

_NAMED = 5  # colors that are named as the most and the least frequent


def describe(file: PriorFile) -> dict[str, str]:
    """What a prior file holds, name by name, to be read by people."""
    prior, counts = file.prior, file.histogram
    weights = prior.weights(file.uniform)
    seen = prior.p[prior.p > 0]
    entropy = float(-(seen * np.log2(seen)).sum())
    grid = f"step {prior.gamut.step:g}" if file.kind == "srgb" else file.kind

    def named(q: int) -> str:
        a, b = prior.gamut.bins[q].tolist()
        return f"({a:.3g}, {b:.3g})"

    order = [int(q) for q in np.argsort(-prior.p, kind="stable") if prior.p[q] > 0]
    read = counts.images + (0 if file.keep_gray else counts.gray + counts.toned)
    share = (counts.gray + counts.toned) / max(1, read)
    left_out = "counted, too" if file.keep_gray else "left out"
    return {
        "bins": f"{len(prior.gamut)}, {grid}",
        "images": f"{counts.images:,} counted",
        "gray": f"{counts.gray:,} gray and {counts.toned:,} toned, {left_out}: {share:.1%} of all",
        "unreadable": f"{counts.failed:,}" + (f": {counts.reasons()}" if counts.failed else ""),
        "pixels": f"{int(counts.pixels.sum()):,}, short side reduced to {file.size}",
        "smoothing": f"k = {prior.k}, σ = {prior.sigma:g}",
        "bins never seen": f"{int((prior.p == 0).sum())}",
        "entropy": f"{entropy:.2f} bits, as of {2**entropy:.0f} equal bins",
        "most frequent": ", ".join(f"{named(q)} {prior.p[q]:.2%}" for q in order[:_NAMED]),
        "least frequent": ", ".join(f"{named(q)} {prior.p[q]:.1g}" for q in order[-_NAMED:]),
        "weights": f"λ = {file.uniform:g}: {weights.min():.4f} at {named(int(weights.argmin()))} "
        f"to {weights.max():.4f} at {named(int(weights.argmax()))}",
        "sources": ", ".join(file.sources),
        "created": file.created,
    }


def plot_prior(file: PriorFile) -> bytes:
    """PNG of the ab plane: the bins' colors, log₁₀ p (hatched: never seen), and the weights."""
    from photochrom.prior.plots import ab_plane  # processes that count need no matplotlib

    with np.errstate(divide="ignore"):
        log_p = np.log10(file.prior.p)
    weights = file.prior.weights(file.uniform)
    title = f"weight, λ = {file.uniform:g}"
    gamut = file.prior.gamut
    return ab_plane(gamut.bins.double().numpy(), gamut.step, {"log₁₀ p": log_p, title: weights})
