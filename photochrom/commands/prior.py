"""Commands on color priors: built, seen otherwise, looked at, compared, put together."""

from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from photochrom.commands import terminal
from photochrom.config import PriorConfig, ViewConfig
from photochrom.errors import UsageError

IMAGES = (
    "Folders, files, quoted patterns, .tar, .zip and packed .h5 files of images, .txt lists of "
    "these, or their URLs (s3://, gs://)."
)
ImageSets = Positional[Annotated[tuple[str, ...], arg(metavar="IMAGES...", help=IMAGES)]]
Output = Annotated[Path, arg(aliases=["-o"])]
Prior = Positional[Annotated[str, arg(metavar="PRIOR")]]
Priors = Positional[Annotated[tuple[str, ...], arg(metavar="PRIOR...")]]

prior = tyro.extras.SubcommandApp()


@prior.command(name="build")
@terminal.later
def prior_build(
    images: ImageSets,
    *,
    output: Output,
    workers: int | None = None,
    cluster: str | None = None,
    config: Annotated[PriorConfig, arg(name="")],
    overwrite: bool = False,
) -> None:
    """Count the colors of images into a prior with rebalancing weights, as one HDF5 file.

    The same command continues a count that was stopped.

    Example: photochrom prior build photos/ more.tar -o prior.h5

    Args:
        output: The HDF5 file to write.
        workers: Processes that count; by default as many as there are cores.
        cluster: Address of a Dask scheduler whose workers count, tcp://HOST:8786.
        overwrite: Replace the output if it exists.
    """
    from photochrom import image_io, prior
    from photochrom.commands import progress
    from photochrom.storage import atomic

    if workers is not None and workers < 1:
        raise UsageError(f"--workers must be 1 or more, got {workers}")
    atomic.refuse_existing(output, overwrite=overwrite)
    kept = output.with_name(f"{output.name}.progress")
    total = partial(image_io.total, images)
    with (
        progress.counting_bar("counting colors", total) as bar,
        prior.crew_of(workers, cluster) as crew,
    ):
        entries = image_io.iterate(images)
        file = prior.build_prior(entries, config, images, crew=crew, progress=kept, on_done=bar)
    file.save(output)
    kept.unlink(missing_ok=True)
    counts = file.histogram
    skipped = f"{counts.gray} gray, {counts.toned} toned and {counts.failed} unreadable"
    print(f"{output}: {counts.images} images counted, {skipped}")
    if counts.failed:
        terminal.warn(f"counting colors: left out {counts.failed}: {counts.reasons()}")


@prior.command(name="view")
@terminal.later
def prior_view(
    file: Prior,
    *,
    output: Output,
    config: Annotated[ViewConfig, arg(name="")],
    overwrite: bool = False,
) -> None:
    """See the counts of a prior through another gamut, k, σ or λ: nothing is counted again.

    Example: photochrom prior view prior.h5 -o other.h5 --step 5 --k 10 --uniform 0.25

    Args:
        file: The HDF5 file to start from, or photographs.
        output: The HDF5 file to write.
        overwrite: Replace the output if it exists.
    """
    from photochrom.prior import PriorFile, view
    from photochrom.storage import atomic

    atomic.refuse_existing(output, overwrite=overwrite)
    seen = view(PriorFile.load(file), config)
    seen.save(output)
    print(f"{output}: {len(seen.prior.gamut)} bins")


@prior.command(name="show")
@terminal.later
def prior_show(file: Prior, *, plot: Path | None = None, overwrite: bool = False) -> None:
    """Print what a prior file holds; --plot paints the ab plane with log p and the weights.

    Example: photochrom prior show prior.h5 --plot prior.png

    Args:
        file: The HDF5 file, or photographs.
        plot: Write the image to this PNG file.
        overwrite: Replace the plot if it exists.
    """
    from photochrom.prior import PriorFile, describe, plot_prior
    from photochrom.storage import atomic

    loaded = PriorFile.load(file)
    for name, value in describe(loaded).items():
        print(f"{name:<18} {value}")
    if plot is not None:
        atomic.refuse_existing(plot, overwrite=overwrite)
        atomic.write_whole(plot, plot_prior(loaded))
        print(f"{'plot':<18} {plot}")


@prior.command(name="compare")
@terminal.later
def prior_compare(priors: Priors, *, plot: Path | None = None, overwrite: bool = False) -> None:
    """Print how far priors are from each other: L1, Jensen-Shannon, earth mover's distance.

    Example: photochrom prior compare mine.h5 photographs published.npy --plot difference.png

    Args:
        priors: HDF5 files, photographs, or .npy files of 313 probabilities; two or more.
        plot: Paint where the second has more mass than the first into this PNG file.
        overwrite: Replace the plot if it exists.
    """
    from photochrom.prior import alike, distance, load_any, plot_difference
    from photochrom.storage import atomic

    if len(priors) < 2:
        raise UsageError(f"expected two priors or more to compare, got {len(priors)}")
    loaded = {place: load_any(place) for place in priors}
    print(f"{'L1':>8} {'JS (bits)':>10} {'EMD (ab)':>9}")
    for one, other in combinations(loaded, 2):
        first, second = alike(loaded[one], loaded[other])
        l1, js, emd = distance(first.p, second.p, first.gamut.bins.double().numpy())
        print(f"{l1:>8.4f} {js:>10.5f} {emd:>9.3f}  {one} ↔ {other}")
    if plot is not None:
        names = Path(priors[0]).name, Path(priors[1]).name
        atomic.refuse_existing(plot, overwrite=overwrite)
        pair = alike(loaded[priors[0]], loaded[priors[1]])
        atomic.write_whole(plot, plot_difference(*pair, names))
        print(f"plot: {plot}")


@prior.command(name="merge")
@terminal.later
def prior_merge(
    priors: Priors, *, output: Output, allow_overlap: bool = False, overwrite: bool = False
) -> None:
    """Add up the counts of several priors, exactly as if all had been counted at once.

    Example: photochrom prior merge monday.h5 tuesday.h5 -o both.h5

    Args:
        priors: HDF5 files.
        output: The HDF5 file to write.
        allow_overlap: Count images twice that two of them have in common.
        overwrite: Replace the output if it exists.
    """
    from photochrom.prior import PriorFile, merge
    from photochrom.storage import atomic

    if not priors:
        raise UsageError("expected priors to merge, got none")
    atomic.refuse_existing(output, overwrite=overwrite)
    merged = merge([PriorFile.load(place) for place in priors], allow_overlap=allow_overlap)
    merged.save(output)
    print(f"{output}: {merged.histogram.images} images")
