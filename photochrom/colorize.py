"""Pictures in, the same pictures in colour out."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from photochrom import originals
from photochrom.config import ColorizeConfig, ExtrasConfig
from photochrom.extras import Extras, check, colors_and_extras
from photochrom.images import Picture, PictureError, Skipped, read
from photochrom.originals import OriginalFile
from photochrom.outputs import (
    OutputError,
    check_folder,
    extras_of,
    format_of,
    of_one_picture,
    output_of,
    places_of,
    write,
)
from photochrom.painting import Enlarged, Model, paint
from photochrom.storage import exists

_LARGE = 16_000_000  # pixels; a larger file is alone in memory
_BEHIND = 3  # pictures that may be painted and encoded while the network goes on


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
    extras: tuple[str, ...] = ()
    """The paths or URLs of what goes beside its result."""

    @property
    def failed(self) -> bool:
        return self.became == "failed"


@dataclass(frozen=True)
class _Job:
    picture: Picture
    output: str
    format: str
    extras: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Those of its files that exist and are not to be replaced."""

    def done(self, notes: Sequence[str] = ()) -> Outcome:
        kept = [f"{len(self.kept)} of its files existed: --overwrite replaces them"]
        notes = (*notes, *(kept if self.kept else ()))
        return Outcome(self.picture, self.output, "done", notes=notes, extras=self.extras)


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
    most = round(1e6 * min(config.most_megapixels, 1e9))  # it may be infinite
    return originals.read(picture.read_bytes(), pages=config.pages, most_pixels=most)


def colorize_all(
    pictures: Iterable[Picture],
    model: Model,
    out: str | None = None,
    config: ColorizeConfig | None = None,
    *,
    extras: ExtrasConfig | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Colorize each picture to its `output_of`; one that fails is told and passed over.

    Reading, the network, and painting and writing overlap. Two pictures never share a file, of
    those beside the outputs neither: the second fails. No original is ever replaced, with
    `overwrite` neither. The output itself is written last, and a picture is skipped only if all
    of its files exist; of others those that exist are kept.

    A full disk is no matter of one picture and raises `OSError`, and so does an `out` that is no
    folder. `ValueError` for extras that the model cannot tell.
    """
    config, extras = config or ColorizeConfig(), extras or ExtrasConfig()
    check(model, extras)
    if config.format:
        format_of(Picture("", ""), config.format)  # a mistaken flag, not a mistaken picture
    if out:
        check_folder(out)
    planned = _planned(pictures, out, config.format, extras, overwrite)
    if dry_run:
        return (one if isinstance(one, Outcome) else one.done() for one in planned)
    return _overlapping(planned, model, config, extras)


def _planned(
    pictures: Iterable[Picture],
    out: str | None,
    format: str | None,
    extras: ExtrasConfig,
    overwrite: bool,
) -> Iterator[_Job | Outcome]:
    taken: set[str] = set()
    inputs: frozenset[str] = frozenset()
    if out and overwrite:
        pictures = list(pictures)
        inputs = places_of(pictures)
    for picture in pictures:
        output = None
        try:
            format_ = format_of(picture, format)
            output = output_of(picture, out, format_)
            beside = extras_of(output, extras)
            _take((*beside, output), taken)
            if not inputs.isdisjoint(map(os.path.realpath, (*beside, output))):
                raise PictureError("its output would replace an original: name another --output")
        except OutputError as error:
            yield Outcome(picture, None, "skipped", str(error))
            continue
        except PictureError as error:
            yield Outcome(picture, output, "failed", str(error))
            continue
        files = (output, *beside)
        kept = () if overwrite else tuple(place for place in files if exists(place))
        if len(kept) == len(files):
            reason = "its output exists: --overwrite replaces it"
            yield Outcome(picture, output, "skipped", reason, extras=beside)
        else:
            yield _Job(picture, output, format_, beside, kept)


def _take(files: tuple[str, ...], taken: set[str]) -> None:
    """`PictureError` if another picture has a file of these."""
    if not taken.isdisjoint(files):
        if len(files) == 1:
            raise PictureError("another picture has the same output")
        raise PictureError("another picture has a file of the same name: rename one of the two")
    taken.update(files)


def _overlapping(
    planned: Iterator[_Job | Outcome], model: Model, config: ColorizeConfig, extras: ExtrasConfig
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
                behind.append(_sent(read, model, config, extras, writing))
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
        return Outcome(one.picture, one.output, "failed", _reason(error))


def _sent(
    read: _Read | Outcome,
    model: Model,
    config: ColorizeConfig,
    extras: ExtrasConfig,
    writing: ThreadPoolExecutor,
) -> Future[Outcome]:
    if isinstance(read, Outcome):
        return writing.submit(lambda: read)
    seen = colors_and_extras(read.file.pages, model, config, extras)
    return writing.submit(_finish, read, *seen, config.quality)


def _finish(read: _Read, colors: list[Enlarged], extras: Extras, quality: int | None) -> Outcome:
    """Write what goes beside the output, and last the output: with it, all is there."""
    job, file = read.job, read.file
    notes = [*file.notes, *extras.notes]
    try:
        for place, data in zip(job.extras, extras.files(file, job.format, quality), strict=True):
            if place not in job.kept:
                write(place, data())
        if job.output not in job.kept:
            for page, of_page in zip(file.pages, colors, strict=True):
                paint(page, of_page)
            made = originals.write(file, format=job.format, quality=quality)
            write(job.output, made.data)
            notes += made.notes
    except PictureError as error:
        return Outcome(job.picture, job.output, "failed", str(error))
    except OSError as error:
        if not of_one_picture(error):
            raise
        reason = f"could not be written ({_reason(error.__cause__ or error)})"
        return Outcome(job.picture, job.output, "failed", reason)
    return job.done(notes)


def _reason(error: BaseException) -> str:
    """Why, without the place, which is told besides."""
    return getattr(error, "strerror", None) or str(error)


def _finished(behind: deque[Future[Outcome]], most: int) -> Iterator[Outcome]:
    """The first outcomes, until no more than so many are awaited."""
    while len(behind) > most:
        yield behind.popleft().result()


def _pixels(file: OriginalFile) -> int:
    return sum(page.height * page.width for page in file.pages)
