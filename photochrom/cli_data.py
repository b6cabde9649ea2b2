"""Commands on data sets: their colours counted, their pictures packed."""

from functools import partial
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from photochrom import console
from photochrom.config import PriorConfig

PICTURES = "Folders, files, quoted patterns, or .tar and packed .h5 files of pictures."
Pictures = Positional[Annotated[tuple[str, ...], arg(metavar="PICTURES...", help=PICTURES)]]
Output = Annotated[Path, arg(aliases=["-o"])]


prior = tyro.extras.SubcommandApp()


@prior.command(name="build")
@console.later
def prior_build(
    pictures: Pictures,
    *,
    output: Output,
    config: Annotated[PriorConfig, arg(name="")],
    overwrite: bool = False,
) -> None:
    """Count the colours of pictures into a prior with rebalancing weights, as one HDF5 file.

    Example: photochrom prior build photos/ more.tar -o prior.h5

    Args:
        output: The HDF5 file to write.
        overwrite: Replace the output if it exists.
    """
    from photochrom import files, images, prior

    files.refuse_existing(output, overwrite=overwrite)
    found = images.find(pictures)
    skipped = list(found.skipped)
    tracked = console.track(found.pictures, len(found.pictures), "counting colours")
    file = prior.build_prior(tracked, config, " ".join(pictures), skipped.append)
    file.save(output)
    console.tell_skipped(skipped, "counting colours")
    counts = file.histogram
    left_out = f"{counts.grey} grey and {counts.failed} unreadable"
    print(f"{output}: {counts.pictures} pictures, {left_out}")


@prior.command(name="show")
@console.later
def prior_show(
    file: Positional[Path], *, plot: Path | None = None, overwrite: bool = False
) -> None:
    """Print what a prior file holds; --plot paints the ab plane with log p and the weights.

    Example: photochrom prior show prior.h5 --plot prior.png

    Args:
        file: The HDF5 file.
        plot: Write the picture to this PNG file.
        overwrite: Replace the plot if it exists.
    """
    from photochrom import files
    from photochrom.prior import PriorFile, describe, plot_prior

    loaded = PriorFile.load(file)
    for name, value in describe(loaded).items():
        print(f"{name:<18} {value}")
    if plot is not None:
        files.refuse_existing(plot, overwrite=overwrite)
        files.write_whole(plot, plot_prior(loaded))
        print(f"{'plot':<18} {plot}")


@console.later
def pack(pictures: Pictures, *, output: Output, size: int = 256, overwrite: bool = False) -> None:
    """Decode and reduce pictures once, into one HDF5 file that every command takes as pictures.

    The same command continues packing that was stopped.

    Example: photochrom pack photos/ more.tar -o photos.h5

    Args:
        output: The HDF5 file to write.
        size: Short side to which larger pictures are reduced.
        overwrite: Replace the output if it exists.
    """
    from photochrom import files, images, pack

    if size < 1:
        raise ValueError(f"--size must be 1 or more, got {size}")
    files.refuse_existing(output, overwrite=overwrite)
    found = images.find(pictures)
    tracked = partial(console.track, what="packing")
    skipped = pack.pack(found.pictures, size, output, track=tracked)
    console.tell_skipped([*found.skipped, *skipped], "packing")
    packed = len(found.pictures) - len(skipped)
    print(f"{output}: {packed} pictures, {output.stat().st_size / 1e6:,.0f} MB")
