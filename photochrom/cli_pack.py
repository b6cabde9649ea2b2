"""The command that packs pictures."""

from functools import partial

from photochrom import console
from photochrom.cli_prior import Output, Pictures


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
    from photochrom import bars, files, images, pack

    if size < 1:
        raise ValueError(f"--size must be 1 or more, got {size}")
    files.refuse_existing(output, overwrite=overwrite)
    found = images.find(pictures)
    tracked = partial(bars.track, what="packing")
    skipped = pack.pack(found.pictures, size, output, track=tracked)
    console.tell_skipped([*found.skipped, *skipped], "packing")
    packed = len(found.pictures) - len(skipped)
    print(f"{output}: {packed} pictures, {output.stat().st_size / 1e6:,.0f} MB")
