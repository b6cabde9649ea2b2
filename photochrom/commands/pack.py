"""The command that packs images."""

from functools import partial

from photochrom.commands import terminal
from photochrom.commands.prior import ImageSets, Output
from photochrom.errors import UsageError


@terminal.later
def pack(images: ImageSets, *, output: Output, size: int = 256, overwrite: bool = False) -> None:
    """Decode and reduce images once, into one HDF5 file that every command takes as images.

    The same command continues packing that was stopped.

    Example: photochrom pack photos/ more.tar -o photos.h5

    Args:
        output: The HDF5 file to write.
        size: Short side to which larger images are reduced.
        overwrite: Replace the output if it exists.
    """
    from photochrom import image_io
    from photochrom.commands import progress
    from photochrom.data import hdf5_images
    from photochrom.storage import atomic

    if size < 1:
        raise UsageError(f"--size must be 1 or more, got {size}")
    atomic.refuse_existing(output, overwrite=overwrite)
    found = image_io.find(images)
    tracked = partial(progress.track, what="packing")
    skipped = hdf5_images.pack(found.images, size, output, track=tracked)
    terminal.tell_skipped([*found.skipped, *skipped], "packing")
    packed = len(found.images) - len(skipped)
    print(f"{output}: {packed} images, {output.stat().st_size / 1e6:,.0f} MB")
