"""Images in, the same images in color out."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch

from photochrom import image_io
from photochrom.config import ColorizeConfig, ExtrasConfig
from photochrom.image_io import ImageError, OriginalFile, SourceImage, read_rgb
from photochrom.inference.jobs import Job, Outcome, planned
from photochrom.inference.output_paths import check_folder, format_of, of_one_image
from photochrom.inference.side_outputs import Extras, check, colors_and_extras
from photochrom.rendering.predict import Enlarged, Model
from photochrom.runtime.threads import single_threads
from photochrom.storage.atomic import write_anywhere

_LARGE = 16_000_000  # pixels; a larger file is alone in memory
_WIDE = 2_000_000  # pixels; on a larger file all threads work together


@dataclass(frozen=True, eq=False)
class _Read:
    job: Job
    file: OriginalFile


def read_original(image: SourceImage, config: ColorizeConfig) -> OriginalFile:
    """An image as it is, with all that its new file is to carry; `ImageError`, `OSError`."""
    if image.packed is not None:
        return image_io.of_rgb(read_rgb(image))
    most = round(1e6 * min(config.max_megapixels, 1e9))  # it may be infinite
    return image_io.decode_original(image.read_bytes(), pages=config.pages, most_pixels=most)


def colorize_all(
    images: Iterable[SourceImage],
    model: Model,
    out: str | None = None,
    config: ColorizeConfig | None = None,
    *,
    extras: ExtrasConfig | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Colorize each image to its `output_of`; one that fails is told and passed over.

    Reading, the network, and painting and writing overlap. Two images never share a file, of
    those beside the outputs neither: the second fails. No original is ever replaced, with
    `overwrite` neither. The output itself is written last, and an image is skipped only if all
    of its files exist; of others those that exist are kept.

    A full disk is no matter of one image and raises `OSError`, and so does an `out` that is no
    folder. `ValueError` for extras that the model cannot tell.
    """
    config, extras = config or ColorizeConfig(), extras or ExtrasConfig()
    check(model, extras)
    if config.format:
        format_of(SourceImage("", ""), config.format)  # a mistaken flag, not a mistaken image
    if out:
        check_folder(out)
    jobs = planned(images, out, config.format, extras, overwrite)
    if dry_run:
        return (one if isinstance(one, Outcome) else one.done() for one in jobs)
    return _overlapping(jobs, model, config, extras)


def _overlapping(
    jobs: Iterator[Job | Outcome], model: Model, config: ColorizeConfig, extras: ExtrasConfig
) -> Iterator[Outcome]:
    """Each job's outcome, in order: one is read ahead, and as many worked on as torch has threads.

    Small ones have a thread of their own, network and all: threads that share one would wait for
    each other more than they work.
    """
    behind: deque[Future[Outcome]] = deque()
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(1) as reading, single_threads(threads) as working:
        ahead = reading.submit(_read, jobs, config)
        try:
            while (read := ahead.result()) is not None:
                large = not isinstance(read, Outcome) and _pixels(read.file) > _LARGE
                if large:
                    yield from _finished(behind, 0)
                    yield _done(read, model, config, extras, threads)
                    del read
                    ahead = reading.submit(_read, jobs, config)
                    continue
                ahead = reading.submit(_read, jobs, config)
                if not isinstance(read, Outcome) and _pixels(read.file) > _WIDE:
                    seen = colors_and_extras(read.file.pages, model, config, extras)
                    behind.append(working.submit(_finish, read, *seen, config.quality, threads))
                    del seen
                else:
                    behind.append(working.submit(_done, read, model, config, extras, 1))
                del read
                yield from _finished(behind, threads)
            yield from _finished(behind, 0)
        finally:
            ahead.cancel()
            for future in behind:
                future.cancel()


def _read(jobs: Iterator[Job | Outcome], config: ColorizeConfig) -> _Read | Outcome | None:
    """The next image, decoded; `None` after the last."""
    one = next(jobs, None)
    if not isinstance(one, Job):
        return one
    try:
        return _Read(one, read_original(one.image, config))
    except (ImageError, OSError) as error:
        return one.failed(_reason(error))


def _done(
    read: _Read | Outcome, model: Model, config: ColorizeConfig, extras: ExtrasConfig, threads: int
) -> Outcome:
    if isinstance(read, Outcome):
        return read
    seen = colors_and_extras(read.file.pages, model, config, extras)
    return _finish(read, *seen, config.quality, threads)


def _finish(
    read: _Read, colors: list[Enlarged], extras: Extras, quality: int | None, threads: int
) -> Outcome:
    """Write what goes beside the output, and last the output: with it, all is there."""
    job, file = read.job, read.file
    notes = [*file.notes, *extras.notes]
    try:
        for place, data in zip(job.extras, extras.files(file, job.format, quality), strict=True):
            if place not in job.kept:
                write_anywhere(place, data())
        if job.output not in job.kept:
            made = image_io.encode_original(
                file,
                format=job.format,
                quality=quality,
                colors=[of_page.rows for of_page in colors],
                threads=threads,
            )
            write_anywhere(job.output, made.data)
            notes += made.notes
    except ImageError as error:
        return job.failed(str(error))
    except OSError as error:
        if not of_one_image(error):
            raise
        return job.failed(f"could not be written ({_reason(error.__cause__ or error)})")
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
