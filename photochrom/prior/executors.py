"""Who counts: this process, processes on this machine, or a Dask cluster."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from multiprocessing import get_context

from photochrom.errors import PriorError
from photochrom.prior.build import Crew

_AHEAD = 3  # chunks a worker: one at work, the others waiting


@contextlib.contextmanager
def crew_of(workers: int | None = None, cluster: str | None = None) -> Iterator[Crew]:
    """`workers` processes, by default one a core; or the workers of a Dask scheduler's address.

    `ValueError` without the extra `cluster`, and for a scheduler that does not answer.
    """
    if cluster is not None:
        yield from _of_cluster(cluster)
        return
    number = workers or _cores()
    if number == 1:
        yield Crew()
        return
    context = get_context("spawn")  # a fork would copy locks that other threads hold
    pool = ProcessPoolExecutor(number, context, initializer=_begin, initargs=(os.getpid(),))
    try:
        yield Crew(pool, _AHEAD * number)
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    """Cores that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _begin(parent: int) -> None:
    """What a worker does first: leave Ctrl-C to its parent, and end when that is gone."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _of_cluster(address: str) -> Iterator[Crew]:
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise PriorError(
            "--cluster: expected Dask, found none: pip install 'photochrom[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise PriorError(
            f"{address}: expected a Dask scheduler, got no answer ({reason}): start one by "
            "dask scheduler"
        ) from None
    with client:
        slots = sum(client.nthreads().values())
        if not slots:
            raise PriorError(f"{address}: expected workers, the scheduler has none: start some")
        try:
            with client.get_executor(pure=False) as executor:
                yield Crew(executor, _AHEAD * slots)
        except (KilledWorker, CancelledError) as error:
            raise PriorError(
                f"{address}: expected the cluster to stay alive, its scheduler or one worker after "
                f"another died ({type(error).__name__}): repeat the command to continue"
            ) from None
