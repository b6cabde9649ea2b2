"""The command that scores models and external predictions."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from photochrom.commands import terminal
from photochrom.commands.prior import IMAGES, Output
from photochrom.config import EvaluateConfig
from photochrom.errors import UsageError

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


@terminal.later
def evaluate(
    models: Models = (),
    *,
    images: Annotated[tuple[str, ...], arg(metavar="IMAGES...", help=IMAGES)],
    output: Output,
    predictions: Predictions = (),
    group_by: Annotated[str | None, arg(metavar="TSV")] = None,
    prior: Annotated[str, arg(metavar="PRIOR")] = "photographs",
    human_study: Annotated[Path | None, arg(metavar="DIR")] = None,
    config: Annotated[EvaluateConfig, arg(name="")],
    overwrite: bool = False,
) -> None:
    """Score models and the output folders of other programs on images; write a report page.

    Baselines are scored beside them: gray, the best constant color, another image's color, colors
    drawn from the prior, and the quantization bound. docs/metrics.md defines the scores.

    Example: photochrom evaluate photochrom runs/* --images test.tar -o report

    Args:
        output: The report folder to make.
        group_by: A .tsv with the columns key (an image's name) and source: the main scores are
            also computed for each source by itself.
        prior: Prior of the training images, for the constant color and the colors drawn.
        human_study: Also write a page on which people tell true images from colorized ones;
            photochrom judge reads their answers.
        overwrite: Replace a report that exists.
    """
    from photochrom import image_io
    from photochrom.commands import progress
    from photochrom.evaluation import images_for_raters
    from photochrom.human_study import write_human_study
    from photochrom.report import build
    from photochrom.storage import atomic

    atomic.refuse_existing(output, overwrite=overwrite)
    if human_study is not None:
        atomic.refuse_existing(human_study / "index.html", overwrite=overwrite)
    if not models and not predictions:
        raise UsageError("expected models or --predictions to score, got neither")
    found, reporter = image_io.find(images), progress.Teller()
    methods = build.methods_of(models, predictions, found.images, reporter)
    page = build.report_models(
        models,
        methods,
        found,
        config,
        output,
        " ".join(images),
        reporter,
        sources=group_by,
        prior=prior,
    )
    if human_study is not None:
        shown = images_for_raters(methods, found.images, seed=config.seed)
        page_of_raters = write_human_study(*shown, human_study, seed=config.seed)
        print(f"open this page to judge: {page_of_raters.resolve().as_uri()}")
    print(terminal.table(output))
    print(f"open this page: {page.resolve().as_uri()}")
