"""Images → counts, by any executor, resumably."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from photochrom.config import PriorConfig, fitted_bins
from photochrom.errors import PriorError
from photochrom.image_io import Skipped, SourceImage
from photochrom.prior.counting import Counted, count
from photochrom.prior.hdf5 import PriorFile
from photochrom.prior.histogram import AbHistogram
from photochrom.prior.resume import Chunk, Progress
from photochrom.quantize import Gamut


class Crew(NamedTuple):
    """Who counts: an executor, and how many chunks to hand it ahead; without one, this process."""

    executor: Executor | None = None
    ahead: int = 1


Done = Callable[[int, int], None]
"""Told after every chunk: how many images, and how many bytes of them."""


def build(
    entries: Iterable[SourceImage | Skipped],
    config: PriorConfig,
    *,
    crew: Crew = Crew(),  # noqa: B008  it never changes
    progress: Path | None = None,
    on_done: Done = lambda _, __: None,
) -> AbHistogram:
    """The counts of all images among `entries`, as `photochrom.image_io.iterate` finds them.

    The same whoever counts, in however many pieces. With `progress`, a file, what is done is
    kept there at least every 30 seconds, and a repeated call goes on from it; who has the
    result in safety may remove it. `ValueError` if other images or settings were begun there,
    if no color image is found, and if a process of the crew dies.
    """
    settings = {"size": config.size, "keep-gray": config.keep_gray}
    kept = Progress(progress, settings)
    try:
        work = partial(count, size=config.size, keep_gray=config.keep_gray)
        for chunk, counted in worked(kept.remaining(entries), work, crew):
            kept.add(chunk, counted.histogram)
            on_done(len(chunk.entries), counted.bytes)
    except BrokenProcessPool:
        kept.save()
        raise PriorError(
            "expected the worker processes to stay alive, one died, of too little memory perhaps: "
            "repeat the command to continue, with fewer --workers"
        ) from None
    except BaseException:
        kept.save()
        raise
    total = kept.histogram
    if total.images == 0:
        raise PriorError(
            f"expected color images, got {total.gray + total.toned} gray or toned and "
            f"{total.failed} unreadable ones: a prior needs color"
            + (f" ({total.reasons()})" if total.failed else "")
        )
    return total


Work = Callable[..., Counted]


def worked(chunks: Iterator[Chunk], work: Work, crew: Crew) -> Iterator[tuple[Chunk, Counted]]:
    """Each chunk and what it counts, in any order; a single chunk is not worth a process."""
    first = list(islice(chunks, 2))
    everything = chain(first, chunks)
    if crew.executor is None or len(first) < 2:
        for chunk in everything:
            yield chunk, work(chunk.entries)
        return
    yield from _handed_out(everything, work, crew.executor, crew.ahead)


def _handed_out(
    chunks: Iterable[Chunk], work: Work, executor: Executor, ahead: int
) -> Iterator[tuple[Chunk, Counted]]:
    running: dict[Future[Counted], Chunk] = {}
    try:
        for chunk in chunks:
            running[executor.submit(work, chunk.entries)] = chunk
            if len(running) >= ahead:
                yield from _finished(running)
        while running:
            yield from _finished(running)
    finally:
        for future in running:
            future.cancel()


def _finished(running: dict[Future[Counted], Chunk]) -> Iterator[tuple[Chunk, Counted]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


def build_prior(
    entries: Iterable[SourceImage | Skipped],
    config: PriorConfig,
    sources: Sequence[str],
    *,
    crew: Crew = Crew(),  # noqa: B008
    progress: Path | None = None,
    on_done: Done = lambda _, __: None,
) -> PriorFile:
    """`build`, and the counts seen as `config` says; `sources` are named in the file.

    Beyond those of `build`, `ValueError` if the gamut has fewer bins than `config.k`.
    """
    bins = fitted_bins(config.gamut) or len(Gamut.srgb(config.step))
    if config.k > bins:  # said before hours of work
        raise PriorError(f"--k must be within 1 and the gamut's {bins} bins, got {config.k}")
    histogram = build(entries, config, crew=crew, progress=progress, on_done=on_done)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return PriorFile.of(histogram, config, sources, created)
