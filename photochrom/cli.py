"""photochrom: colorize photographs by classification, and compare that with regression.

The command line is a skin: each command parses, calls one library function and prints.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg

from photochrom import console
from photochrom.cli_pack import pack
from photochrom.cli_prior import PICTURES, Output, Pictures, prior
from photochrom.cli_study import demo, study_command
from photochrom.cli_train import list_recipes, refine, train_command
from photochrom.config import EvaluateConfig

Predictions = Annotated[
    tuple[str, ...],
    arg(metavar="DIR...", help="Colorized by any program: matched by name, whatever the suffix."),
]
Runs = Positional[Annotated[tuple[Path, ...], arg(metavar="RUN...", help="Finished run folders.")]]


@console.later
def colorize(
    pictures: Pictures,
    *,
    model: Path,
    output: Output,
    temperature: float | None = None,
    decoder: Literal["annealed", "mode", "mean"] = "annealed",
    overwrite: bool = False,
) -> None:
    """Colorize pictures into a folder, as PNG of the same size with the same L.

    Example: photochrom colorize old/*.jpg --model run -o colored

    Args:
        model: A finished run folder.
        output: The folder to write to.
        temperature: Of the annealed mean; by default the model's own, 0.38 as a rule.
        decoder: How a classifier's distributions become colours.
        overwrite: Replace outputs that exist.
    """
    from photochrom import bars, images
    from photochrom.colorize import colorize_all
    from photochrom.models import Colorizer

    if temperature is not None and not temperature > 0:
        raise ValueError(f"--temperature must be positive, got {temperature:g}")
    colorizer = Colorizer.load(model)
    found = images.find(pictures)
    results = colorize_all(
        found.pictures, colorizer, output, temperature=temperature, how=decoder, overwrite=overwrite
    )
    tracked = list(bars.track(results, len(found.pictures), "colorizing"))
    skipped = [images.Skipped(r.picture.name, r.problem) for r in tracked if r.problem]
    if len(tracked) == len(skipped):
        raise ValueError(f"expected a picture to colorize, got none: {images.summary(skipped)}")
    console.tell_skipped([*found.skipped, *skipped], "colorizing")
    print(f"{output}: {len(tracked) - len(skipped)} of {len(tracked)} pictures colorized")


@console.later
def evaluate(
    runs: Runs = (),
    *,
    pictures: Annotated[tuple[str, ...], arg(metavar="PICTURES...", help=PICTURES)],
    output: Output,
    predictions: Predictions = (),
    sources: Annotated[Path | None, arg(metavar="TSV")] = None,
    config: Annotated[EvaluateConfig, arg(name="")],
    overwrite: bool = False,
) -> None:
    """Score runs, and pictures that others made, on pictures; write a report page.

    Grey, random and ceiling stand beside them; docs/metrics.md defines the scores.

    Example: photochrom evaluate runs/* --pictures val.tar -o report

    Args:
        output: The report folder to make.
        sources: A .tsv with the columns key (a picture's name) and source: the main scores are
            told of each source's pictures by themselves, too.
        overwrite: Replace a report that exists.
    """
    from photochrom import bars, files, images, study

    files.refuse_existing(output, overwrite=overwrite)
    if not runs and not predictions:
        raise ValueError("expected run folders or --predictions to score, got neither")
    found = images.find(pictures)
    source = " ".join(pictures)
    page = study.report_on(
        runs, predictions, found, config, output, source, bars.Teller(), sources=sources
    )
    print(console.table(output))
    print(f"open this page: {page.resolve().as_uri()}")


def build_app(argv: Sequence[str]) -> tyro.extras.SubcommandApp:
    """All commands; `argv` says by which recipe or file their flags have their defaults."""
    app = tyro.extras.SubcommandApp()
    app.command(
        prior, name="prior", help="Count the colours of a data set, and look at the counts."
    )
    app.command(pack)
    app.command(name="train")(train_command(argv))
    app.command(refine)
    app.command(name="recipes")(list_recipes)
    app.command(colorize)
    app.command(evaluate)
    app.command(name="study")(study_command(argv))
    app.command(demo)
    return app


def main() -> None:
    """Run a command; a mistake that the user can mend ends it with one line and exit code 2."""
    console.run(lambda: build_app(sys.argv[1:]).cli(prog="photochrom", description=__doc__))
