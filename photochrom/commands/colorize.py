"""The commands that colorize, and that tell of the models that come with photochrom."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from photochrom.commands import terminal
from photochrom.commands.prior import ImageSets
from photochrom.config import ColorizeConfig, ExtrasConfig
from photochrom.errors import UsageError

if TYPE_CHECKING:
    from photochrom.image_io import Found
    from photochrom.inference.jobs import Outcome
    from photochrom.rendering.predict import Model

_WORDS = {"done": "colorized", "skipped": "skipped", "failed": "failed"}


@terminal.later
def colorize(
    images: ImageSets,
    *,
    model: str = "photochrom",
    output: Annotated[str | None, arg(aliases=["-o"])] = None,
    config: Annotated[ColorizeConfig, arg(name="")],
    extras: Annotated[ExtrasConfig, arg(name="")],
    overwrite: bool = False,
    dry_run: bool = False,
    json: Path | None = None,
) -> None:
    """Colorize images: same size, depth, alpha and L.

    Of a classifier, --entropy, --alternatives and --palette write more beside each output, whose
    NAME is photo-color for instance. The same command continues one that was stopped. Exit code
    1 says that some images failed, 2 that nothing could be done.

    Example: photochrom colorize photo.jpg

    Args:
        model: One of photochrom models, a finished run folder, a .onnx file of photochrom export,
            or the URL of such a folder or file.
        output: The folder or URL (gs://bucket/colored) to write to, with the images' own places
            and names; without it photo-color.png lies beside photo.jpg.
        overwrite: Replace files that exist.
        dry_run: Only tell what would be written where.
        json: A file to write what became of every image to.
    """
    from photochrom import image_io, models
    from photochrom.inference import side_outputs as more
    from photochrom.storage import atomic

    loaded = models.load_model(model)
    more.check(loaded, extras)  # before anything is read
    outcomes = colorized(
        image_io.find(images),
        loaded,
        output,
        config,
        extras=extras,
        overwrite=overwrite,
        dry_run=dry_run,
    )
    if json:
        atomic.write_json(json, [_plain(one) for one in outcomes])
    failed = [image_io.Skipped(one.image.name, one.reason) for one in outcomes if one.failed]
    if failed and len(failed) == len(outcomes):
        raise UsageError(f"expected an image to colorize, got none: {image_io.summary(failed)}")
    tell(outcomes, output, dry_run=dry_run)
    if failed:
        raise SystemExit(1)


def colorized(
    found: "Found",
    model: "Model",
    output: str | None = None,
    config: ColorizeConfig | None = None,
    *,
    extras: ExtrasConfig | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
) -> list["Outcome"]:
    """Colorize the images found, with a bar; what became of them, in their order."""
    from photochrom.commands import progress
    from photochrom.inference.jobs import not_found
    from photochrom.inference.pipeline import colorize_all

    made = colorize_all(
        found.images,
        model,
        output,
        config,
        extras=extras,
        overwrite=overwrite,
        dry_run=dry_run,
    )
    outcomes = list(progress.track(made, len(found.images), "colorizing"))
    return outcomes + [not_found(one) for one in found.skipped]


def tell(outcomes: Sequence["Outcome"], output: str | None, *, dry_run: bool = False) -> None:
    """What was done, skipped and failed, and why."""
    from photochrom import image_io
    from photochrom.image_io import Skipped

    by = {what: [one for one in outcomes if one.became == what] for what in _WORDS}
    for one in by["done"] if dry_run else []:
        for place in (one.output, *one.extras):
            print(image_io.printable(f"{one.image.name} → {place}"))
    for what in ("skipped", "failed"):
        terminal.tell_summary([Skipped(one.image.name, one.reason) for one in by[what]], what)
    notes = [Skipped(one.image.name, note) for one in by["done"] for note in one.notes]
    terminal.tell_summary(notes, "notes")
    place = output or (outcomes[0].output if len(outcomes) == 1 else "beside each")
    counts = ", ".join(f"{len(by[what])} {word}" for what, word in _WORDS.items() if by[what])
    print(image_io.printable(f"{place}: {counts}{' (dry run)' if dry_run else ''}"))


def _plain(one: "Outcome") -> dict[str, object]:
    return {
        "image": one.image.name,
        "from": one.image.path,
        "to": one.output,
        "beside": list(one.extras),
        "became": one.became,
        "reason": one.reason,
        "notes": list(one.notes),
    }


@terminal.later
def list_models(
    name: Positional[
        Annotated[
            str | None,
            arg(metavar="NAME", help="One to tell all of; or a folder or URL of models to list."),
        ]
    ] = None,
) -> None:
    """List the models that come with photochrom, or those of a place; or print the card of one.

    Example: photochrom models gs://bucket/models
    """
    from photochrom.models import card, described, find_models, names, summary
    from photochrom.storage.open import exists, is_url

    if name is None:
        print("\n".join(summary(each) for each in names()))
    elif name not in names() and (is_url(name) or exists(name)):
        for each, place in find_models([name]).items():
            print(described(each, place))
    else:
        print(card(name))
