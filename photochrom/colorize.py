"""Pictures in, the same pictures in colour out."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from photochrom import originals
from photochrom.config import ColorizeConfig
from photochrom.images import Picture, PictureError, Skipped, read
from photochrom.models import Colorizer
from photochrom.originals import OriginalFile, Page
from photochrom.outputs import format_of, output_of, write
from photochrom.storage import exists
from photochrom.upsampling import Bilinear, EdgeAware

_LARGE = 16_000_000  # pixels; a larger file is alone in memory
_BEHIND = 3  # pictures that may be painted and encoded while the network goes on
_STRIP = 1 << 18  # pixels whose ab is there at a time

Enlarged = EdgeAware | Bilinear


@dataclass(frozen=True)
class Outcome:
    """What became of one picture."""

    picture: Picture
    output: str | None
    """The path or URL of its result; `None` where it has no place to go."""
    became: Literal["done", "skipped", "failed"]
    reason: str = ""
    """Why it was skipped, or failed."""
    notes: tuple[str, ...] = ()
    """What its new file could not carry, and what else is to be known."""


@dataclass(frozen=True)
class _Job:
    picture: Picture
    output: str
    format: str


@dataclass(frozen=True, eq=False)
class _Read:
    job: _Job
    file: OriginalFile


def not_found(skipped: Skipped) -> Outcome:
    """Of a source that could not be looked into."""
    return Outcome(Picture(skipped.name, skipped.name), None, "failed", skipped.reason)


def read_original(picture: Picture, config: ColorizeConfig) -> OriginalFile:
    """A picture as it is, with all that its new file is to carry; `PictureError`, `OSError`."""
    if picture.packed is not None:
        return originals.of_rgb(read(picture))
    most = round(1e6 * config.most_megapixels)
    return originals.read(picture.read_bytes(), pages=config.pages, most_pixels=most)


def colorize_pages(file: OriginalFile, colorizer: Colorizer, config: ColorizeConfig) -> None:
    """Give every page its predicted colours, in place; L, alpha and size stay."""
    for page, enlarged in zip(file.pages, predicted(file, colorizer, config), strict=True):
        paint(page, enlarged)


def predicted(file: OriginalFile, colorizer: Colorizer, config: ColorizeConfig) -> list[Enlarged]:
    """ab of every page, small still: the network's part."""
    short = config.working_size or colorizer.architecture.size
    with torch.inference_mode():
        return [
            enlarged(page.reduced_lightness(short), colorizer, (page.height, page.width), config)
            for page in file.pages
        ]


def enlarged(
    L: Float[Tensor, "1 1 h w"], colorizer: Colorizer, size: tuple[int, int], config: ColorizeConfig
) -> Enlarged:
    """What gives ab at full size, from L at the size that the network works at."""
    stride = colorizer.architecture.stride
    ab = colorizer.small(colorizer.features(L), config.temperature, config.decoder)
    scale = (L.shape[-2] / size[0] / stride, L.shape[-1] / size[1] / stride)
    if config.enlarge == "bilinear":
        return Bilinear(ab, size, scale)
    return EdgeAware(ab, F.avg_pool2d(L, stride, ceil_mode=True), size, scale)


def paint(page: Page, colors: Enlarged) -> None:
    """Colour a page, strip by strip."""
    step = max(1, _STRIP // page.width)
    with torch.inference_mode():
        for top in range(0, page.height, step):
            rows = slice(top, min(top + step, page.height))
            page.paint(rows, colors.rows(rows, page.lightness(rows)))


def colorize_all(
    pictures: Iterable[Picture],
    colorizer: Colorizer,
    out: str | None = None,
    config: ColorizeConfig | None = None,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Colorize each picture to its `output_of`; one that fails is told and passed over.

    Reading, the network, and painting and writing overlap. Two pictures never share an output:
    the second fails. A full disk is no matter of one picture and raises `OSError`.
    """
    config = config or ColorizeConfig()
    if config.format:
        format_of(Picture("", ""), config.format)  # a mistaken flag, not a mistaken picture
    planned = _planned(pictures, out, config, overwrite)
    if dry_run:
        for one in planned:
            yield one if isinstance(one, Outcome) else Outcome(one.picture, one.output, "done")
        return
    yield from _overlapping(planned, colorizer, config)


def _planned(
    pictures: Iterable[Picture], out: str | None, config: ColorizeConfig, overwrite: bool
) -> Iterator[_Job | Outcome]:
    taken: set[str] = set()
    for picture in pictures:
        output = None
        try:
            format_ = format_of(picture, config.format)
            output = output_of(picture, out, format_)
            if output in taken:
                raise PictureError("another picture has the same output")
            taken.add(output)
        except PictureError as error:
            yield Outcome(picture, output, "failed", str(error))
            continue
        if not overwrite and exists(output):
            yield Outcome(picture, output, "skipped", "its output exists: --overwrite replaces it")
        else:
            yield _Job(picture, output, format_)


def _overlapping(
    planned: Iterator[_Job | Outcome], colorizer: Colorizer, config: ColorizeConfig
) -> Iterator[Outcome]:
    """Each job's outcome, in order: one is read ahead, and some are written behind."""
    behind: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(1) as reading, ThreadPoolExecutor(2) as writing:
        ahead = reading.submit(_read, planned, config)
        try:
            while (read := ahead.result()) is not None:
                large = not isinstance(read, Outcome) and _pixels(read.file) > _LARGE
                if large:
                    yield from _finished(behind, 0)
                else:
                    ahead = reading.submit(_read, planned, config)
                behind.append(_sent(read, colorizer, config, writing))
                del read
                yield from _finished(behind, 0 if large else _BEHIND)
                if large:
                    ahead = reading.submit(_read, planned, config)
            yield from _finished(behind, 0)
        finally:
            ahead.cancel()
            for future in behind:
                future.cancel()


def _read(planned: Iterator[_Job | Outcome], config: ColorizeConfig) -> _Read | Outcome | None:
    """The next picture, decoded; `None` after the last."""
    one = next(planned, None)
    if not isinstance(one, _Job):
        return one
    try:
        return _Read(one, read_original(one.picture, config))
    except (PictureError, OSError) as error:
        return Outcome(one.picture, one.output, "failed", str(error))


def _sent(
    read: _Read | Outcome,
    colorizer: Colorizer,
    config: ColorizeConfig,
    writing: ThreadPoolExecutor,
) -> Future[Outcome]:
    if isinstance(read, Outcome):
        return writing.submit(lambda: read)
    return writing.submit(_finish, read, predicted(read.file, colorizer, config), config)


def _finish(read: _Read, colors: list[Enlarged], config: ColorizeConfig) -> Outcome:
    job, file = read.job, read.file
    for page, of_page in zip(file.pages, colors, strict=True):
        paint(page, of_page)
    made = originals.write(file, format=job.format, quality=config.quality)
    write(job.output, made.data)
    return Outcome(job.picture, job.output, "done", notes=(*file.notes, *made.notes))


def _finished(behind: deque[Future[Outcome]], most: int) -> Iterator[Outcome]:
    """The first outcomes, until no more than so many are awaited."""
    while len(behind) > most:
        yield behind.popleft().result()


def _pixels(file: OriginalFile) -> int:
    return sum(page.height * page.width for page in file.pages)
