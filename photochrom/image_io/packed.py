"""Packed images: decoded and reduced once, in one HDF5 file.

/                format, version, size, created, photochrom   (attributes)
key              str   (N,)       name of each image: its path below the source it came from
source           str   (N,)       the file or archive that it lay in
images/0, 1 …  uint8 (H, W, 3)  sRGB, one data set an image, so that one is read in one piece
"""

import os
from functools import lru_cache

import h5py
import numpy as np
from jaxtyping import UInt8

from photochrom import storage
from photochrom.errors import PackedError as PackedError

FORMAT = "photochrom pictures"
VERSION = 1
_MAX_PIXELS = 200_000_000  # an image that claims more is refused before it is read


def keys(path: str) -> list[str]:
    """The names of the images in a packed file, in their order."""
    try:
        with _opened(path) as file:
            found = (file.attrs.get("format"), file.attrs.get("version"))
            if found != (FORMAT, VERSION):
                raise PackedError(f"expected {FORMAT} version {VERSION}, got {found[0]} {found[1]}")
            names = [str(name) for name in file[_own(file, "key")].asstr()[:]]
            if len(file[_own(file, "pictures")]) != len(names):
                count = len(file["pictures"])
                raise PackedError(f"expected {len(names)} packed images, got {count}")
            return names
    except (OSError, KeyError, TypeError, AttributeError, RuntimeError, UnicodeError) as error:
        raise _damaged(error) from None


def read(path: str, place: int) -> UInt8[np.ndarray, "H W 3"]:
    """The image at a place of a packed file."""
    try:
        file = _open(path, *_version(path))
        data = file[_own(file, f"pictures/{place}")]
        if data.dtype != np.uint8 or data.ndim != 3 or data.shape[2] != 3:
            raise PackedError(f"expected bytes of H × W × 3, got {data.dtype} of {data.shape}")
        if data.shape[0] * data.shape[1] > _MAX_PIXELS:
            raise PackedError(f"expected at most {_MAX_PIXELS} pixels, got {data.shape}")
        if data.external or data.is_virtual:  # it would read any file that it names
            raise PackedError("expected an image, got a reference to another file")
        pixels: np.ndarray = data[:]
    except (OSError, KeyError, AttributeError, RuntimeError) as error:
        raise _damaged(error) from None
    return pixels


def _own(file: h5py.File, name: str) -> str:
    """The name, if it leads to something in this file: a link would open any file it names."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise PackedError(f"expected {name} in the file, got a reference to another place")
    return name


@lru_cache(maxsize=8)
def _open(path: str, changed: int, size: int) -> h5py.File:
    """The file, kept open: opening costs more than reading; a changed file is opened anew."""
    return _opened(path)


def _opened(path: str) -> h5py.File:
    return h5py.File(storage.open_binary(path) if storage.is_url(path) else path, "r")


def _version(path: str) -> tuple[int, int]:
    """What changes when a local file does; of a URL nothing is asked."""
    if storage.is_url(path):
        return 0, 0
    state = os.stat(path)
    return state.st_mtime_ns, state.st_size


def _damaged(error: Exception) -> PackedError:
    reason = str(error).splitlines()[0]
    return PackedError(f"not a whole file of photochrom pack ({reason}): pack it again")
