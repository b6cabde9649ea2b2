"""The memory of this process: how much it took, and what becomes of what it frees."""

import contextlib
import ctypes
import sys
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # of mallopt(3), as malloc.h numbers them


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees, and say whether that could be arranged.

    A training step frees gigabytes of activations and asks for them again in the next, as does
    a network that colorizes batch after batch. glibc would hand them to the kernel in between,
    which then clears every page anew: a good part of the time on a CPU. The price: memory is
    given back only when the process ends.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, others need not
    return mallopt is not None and bool(mallopt(_TRIM_THRESHOLD, -1) and mallopt(_MMAP_MAX, 0))


def share_heaps(count: int) -> None:
    """Let threads share so many heaps, where glibc would give one to each of many.

    A heap keeps what one thread has freed from all others.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_ARENA_MAX, count)


def give_back_freed() -> None:
    """Give to the kernel what was freed, where glibc has kept it."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def forget_peak() -> None:
    """Give back what was freed, and count `peak_megabytes` from now on, where Linux lets us."""
    give_back_freed()
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # proc(5)


def peak_megabytes() -> int | None:
    """The most memory that this process has held, resident, in 10⁶ bytes; known on Linux.

    Since `forget_peak`, or since it began. Not by getrusage(2), whose figure a new process
    has from the one that began it.
    """
    if not sys.platform.startswith("linux"):
        return None
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(peak) * 1024 / 1e6)
