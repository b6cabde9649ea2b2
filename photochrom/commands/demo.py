"""The command that shows all of photochrom on the photographs that come with it."""

from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.commands import terminal
from photochrom.commands.colorize import colorized, tell
from photochrom.commands.prior import Output
from photochrom.commands.study import conduct
from photochrom.config import EvaluateConfig, SharedConfig, StudyConfig

if TYPE_CHECKING:
    from photochrom.image_io import Found

_SAMPLES = Path(__file__).parents[1] / "assets" / "samples"
_HELD_OUT = 0.25


@terminal.later
def demo(*, output: Output = Path("photochrom-demo"), minutes: float = 1.2) -> None:
    """Colorize and score the photographs that come with photochrom, and run a small study on them.

    About five minutes. The same command continues one that was stopped.

    Example: photochrom demo -o demo

    Args:
        output: The folder to make or continue: colored/, models/ and study/.
        minutes: Training time of each of the study's three methods.
    """
    from photochrom import image_io, models, study

    found = image_io.find([str(_SAMPLES)])
    colored, model = str(output / "colored"), models.Colorizer.load("photochrom")
    tell(colorized(found, model, colored, overwrite=True), colored)
    _score(found, output / "models")
    asked = StudyConfig(protocol=vars(SharedConfig(minutes=minutes, width=16)))
    training, validation = study.hold_out(found.images, _HELD_OUT, asked.first_seed)
    conduct(study.ImageSets(training, validation, "the samples"), asked, output / "study")


def _score(found: "Found", report: Path) -> None:
    """Both models that come with photochrom on the samples, which they did not learn from."""
    from photochrom import models
    from photochrom.commands import progress
    from photochrom.report import build

    config = EvaluateConfig(examples=len(found.images))
    names, reporter = models.names(), progress.Teller()
    methods = build.methods_of(names, (), found.images, reporter)
    page = build.report_models(names, methods, found, config, report, "the samples", reporter)
    print(terminal.table(report))
    print(f"open this page: {page.resolve().as_uri()}")
