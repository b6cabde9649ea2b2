"""photochrom: colorize photographs by classification, and compare that with regression.

The command line is a skin: each command parses, calls one library function and prints.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from photochrom import console
from photochrom.cli_app import app as app_command
from photochrom.cli_colorize import colorize, list_models
from photochrom.cli_demo import demo
from photochrom.cli_export import export
from photochrom.cli_judge import judge
from photochrom.cli_pack import pack
from photochrom.cli_prior import PICTURES, Output, prior
from photochrom.cli_serve import serve
from photochrom.cli_study import study_command
from photochrom.cli_train import list_recipes, refine, train_command
from photochrom.cli_tune import tune
from photochrom.config import EvaluateConfig
from photochrom.storage import StorageError, is_url, refuse_credentials

Predictions = Annotated[
    tuple[str, ...],
    arg(metavar="DIR...", help="Colorized by any program: matched by name, whatever the suffix."),
]
Models = Positional[
    Annotated[
        tuple[str, ...],
        arg(metavar="MODEL...", help="Run folders, names of photochrom models, or URLs."),
    ]
]


@console.later
def evaluate(
    models: Models = (),
    *,
    pictures: Annotated[tuple[str, ...], arg(metavar="PICTURES...", help=PICTURES)],
    output: Output,
    predictions: Predictions = (),
    sources: Annotated[str | None, arg(metavar="TSV")] = None,
    prior: Annotated[str, arg(metavar="PRIOR")] = "photographs",
    human_study: Annotated[Path | None, arg(metavar="DIR")] = None,
    config: Annotated[EvaluateConfig, arg(name="")],
    overwrite: bool = False,
) -> None:
    """Score models and the output folders of other programs on images; write a report page.

    Baselines are scored beside them: gray, the best constant color, another image's color, colors
    drawn from the prior, and the quantization bound. docs/metrics.md defines the scores.

    Example: photochrom evaluate photochrom runs/* --pictures test.tar -o report

    Args:
        output: The report folder to make.
        sources: A .tsv with the columns key (an image's name) and source: the main scores are
            also computed for each source by itself.
        prior: Prior of the training images, for the constant color and the colors drawn.
        human_study: Also write a page on which people tell true images from colorized ones;
            photochrom judge reads their answers.
        overwrite: Replace a report that exists.
    """
    from photochrom import bars, files, images, study

    files.refuse_existing(output, overwrite=overwrite)
    if human_study is not None:
        files.refuse_existing(human_study / "index.html", overwrite=overwrite)
    if not models and not predictions:
        raise ValueError("expected models or --predictions to score, got neither")
    found = images.find(pictures)
    source = " ".join(pictures)
    page = study.report_on(
        models,
        predictions,
        found,
        config,
        output,
        source,
        bars.Teller(),
        sources=sources,
        prior=prior,
        human_study=human_study,
    )
    if human_study is not None:
        print(f"open this page to judge: {(human_study / 'index.html').resolve().as_uri()}")
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
    app.command(tune)
    app.command(name="recipes")(list_recipes)
    app.command(name="models")(list_models)
    app.command(colorize)
    app.command(export)
    app.command(evaluate)
    app.command(judge)
    app.command(name="study")(study_command(argv))
    app.command(serve)
    app.command(name="app")(app_command)
    app.command(demo)
    return app


def parse(argv: Sequence[str]) -> Callable[[], None]:
    """The command that `argv` names, to be run; `SystemExit` for what is none, and for help."""
    with _PATHS:
        command: Callable[[], None] = build_app(argv).cli(
            prog="photochrom", description=__doc__, args=argv
        )
    return command


_PATHS = ConstructorRegistry()


@_PATHS.primitive_rule
def _local_path(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Path] | None:
    """Refuses a URL for what is written here: as a `Path`, s3://b/c is the folder s3: and more."""
    if info.type is not Path:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="PATH",
        instance_from_str=lambda words: _local(words[0]),
        is_instance=lambda instance: isinstance(instance, Path),
        str_from_instance=lambda instance: [str(instance)],
    )


def _local(place: str) -> Path:
    if is_url(place):
        refuse_credentials(place)
        # No ValueError: around one, tyro tells of all the types that a flag may have.
        raise StorageError(f"{place}: expected a path of this machine to write to, got a URL")
    return Path(place)


def main() -> None:
    """Run a command; a mistake that the user can mend ends it with one line and exit code 2."""
    console.run(lambda: parse(sys.argv[1:]))
