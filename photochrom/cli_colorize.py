"""The commands that colorize, and that tell of the models that come with photochrom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from photochrom import console
from photochrom.cli_prior import Pictures

if TYPE_CHECKING:
    from photochrom.images import Found

How = Literal["annealed", "mode", "mean"]


@console.later
def colorize(
    pictures: Pictures,
    *,
    model: str = "photochrom",
    output: Annotated[Path | None, arg(aliases=["-o"])] = None,
    temperature: float | None = None,
    decoder: How = "annealed",
    overwrite: bool = False,
) -> None:
    """Colorize pictures, as PNG of the same size with the same L.

    Example: photochrom colorize photo.jpg

    Args:
        model: One of photochrom models, a finished run folder, a .onnx file of photochrom export,
            or the URL of such a folder or file.
        output: The folder to write to; without it photo-color.png lies beside photo.jpg.
        temperature: Of the annealed mean; by default the model's own.
        decoder: How a classifier's distributions become colours.
        overwrite: Replace outputs that exist.
    """
    from photochrom import images

    if temperature is not None and not temperature > 0:
        raise ValueError(f"--temperature must be positive, got {temperature:g}")
    colorized(images.find(pictures), model, output, temperature, decoder, overwrite)


def colorized(
    found: "Found",
    model: str = "photochrom",
    output: Path | None = None,
    temperature: float | None = None,
    decoder: How = "annealed",
    overwrite: bool = False,
) -> None:
    """Colorize the pictures found, with a bar, and say what became of them."""
    from photochrom import bars, images
    from photochrom.colorize import colorize_all
    from photochrom.models import load_model

    results = colorize_all(
        found.pictures,
        load_model(model),
        output,
        temperature=temperature,
        how=decoder,
        overwrite=overwrite,
    )
    tracked = list(bars.track(results, len(found.pictures), "colorizing"))
    skipped = [images.Skipped(r.picture.name, r.problem) for r in tracked if r.problem]
    written = [r.output for r in tracked if not r.problem]
    if not written:
        raise ValueError(f"expected a picture to colorize, got none: {images.summary(skipped)}")
    console.tell_skipped([*found.skipped, *skipped], "colorizing")
    place = output or (written[0] if len(tracked) == 1 else "beside each")
    print(f"{place}: {len(written)} of {len(tracked)} pictures colorized")


@console.later
def list_models(
    name: Positional[Annotated[str | None, arg(metavar="NAME", help="One to tell all of.")]] = None,
) -> None:
    """List the models that come with photochrom, or print the card of one.

    Example: photochrom models photochrom
    """
    from photochrom.models import card, names, summary

    print(card(name) if name else "\n".join(summary(each) for each in names()))
