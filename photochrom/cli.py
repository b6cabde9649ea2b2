"""photochrom: colorize photographs by classification, and compare that with regression.

The command line is a skin: each command parses, calls one library function and prints.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from photochrom import __version__
from photochrom.commands import terminal
from photochrom.commands.app import app as app_command
from photochrom.commands.colorize import colorize, list_models
from photochrom.commands.demo import demo
from photochrom.commands.evaluate import evaluate
from photochrom.commands.export import export
from photochrom.commands.judge import judge
from photochrom.commands.pack import pack
from photochrom.commands.prior import prior
from photochrom.commands.serve import serve
from photochrom.commands.study import study_command
from photochrom.commands.train import list_recipes, refine, train_command
from photochrom.commands.tune import tune
from photochrom.storage.open import StorageError, is_url, refuse_credentials


def build_app(argv: Sequence[str]) -> tyro.extras.SubcommandApp:
    """All commands; `argv` says by which recipe or file their flags have their defaults."""
    app = tyro.extras.SubcommandApp()
    app.command(prior, name="prior", help="Count the colors of a data set, and look at the counts.")
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
    """Run a command; an error that the user can fix ends it with one line and exit status 2."""
    if sys.argv[1:] == ["--version"]:
        print(f"photochrom {__version__}")
        return
    terminal.run(lambda: parse(sys.argv[1:]))
