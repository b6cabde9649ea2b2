"""The command that packs pictures."""

from functools import partial

from photochrom.commands import terminal
from photochrom.commands.prior import Output, Pictures


@terminal.later
def pack(pictures: Pictures, *, output: Output, size: int = 256, overwrite: bool = False) -> None:
    """Decode and reduce pictures once, into one HDF5 file that every command takes as pictures.

    The same command continues packing that was stopped.

    Example: photochrom pack photos/ more.tar -o photos.h5

    Args:
        output: The HDF5 file to write.
        size: Short side to which larger pictures are reduced.
        overwrite: Replace the output if it exists.
    """
    from photochrom import image_io
    from photochrom.commands import progress
    from photochrom.data import hdf5_images
    from photochrom.storage import atomic

    if size < 1:
        raise ValueError(f"--size must be 1 or more, got {size}")
    atomic.refuse_existing(output, overwrite=overwrite)
    found = image_io.find(pictures)
    tracked = partial(progress.track, what="packing")
    skipped = hdf5_images.pack(found.pictures, size, output, track=tracked)
    terminal.tell_skipped([*found.skipped, *skipped], "packing")
    packed = len(found.pictures) - len(skipped)
    print(f"{output}: {packed} pictures, {output.stat().st_size / 1e6:,.0f} MB")
