"""The memory of this process: how much it took, and what becomes of what it frees."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of mallopt(3), as malloc.h numbers them


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees, and say whether that could be arranged.

    A training step frees gigabytes of activations and asks for them again in the next, as does
    a network that colorizes batch after batch. glibc would hand them to the kernel in between,
    which then clears every page anew: up to a third of a step on a CPU, half of a
    forward pass. The price: memory is given back only when the process ends.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, others need not
    return mallopt is not None and bool(mallopt(_TRIM_THRESHOLD, -1) and mallopt(_MMAP_MAX, 0))


def peak_megabytes() -> int | None:
    """The most memory that this process has held so far, resident, in 10⁶ bytes; not on Windows."""
    if sys.platform == "win32":
        return None
    import resource  # POSIX has it

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)
