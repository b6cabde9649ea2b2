"""The commands that compare methods from images to report."""

from collections.abc import Callable, Sequence, Set
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from photochrom.commands import terminal
from photochrom.commands.prior import IMAGES, Output
from photochrom.commands.train import value_of
from photochrom.config import BUDGETS, SharedConfig, StudyConfig
from photochrom.study import definition

if TYPE_CHECKING:
    from photochrom.study import Forecast, ImageSets

Sources = Annotated[tuple[str, ...], arg(metavar="IMAGES...")]
Trained = Positional[Annotated[tuple[str, ...], arg(metavar="IMAGES...", help=IMAGES)]]
Swept = Annotated[tuple[str, ...], arg(metavar="OPTION=VALUES...")]
Objective = Literal["auc_rebalanced", "auc_raw"]
Named = Annotated[
    str | None,
    arg(help="A .toml that says what to compare, or regression-classification; flags win."),
]


def study_command(argv: Sequence[str]) -> Callable[..., Callable[[], None]]:
    """`photochrom study`, its flags' defaults those of the file that `argv` names."""
    name = value_of("--config", argv) if argv[:1] == ["study"] else None
    file = definition.load(name) if name else StudyConfig()
    said = _said(argv)
    begun = _begun(file, said)
    default = SharedConfig(**begun)

    @terminal.later
    def study(
        images: Trained = file.images,
        *,
        output: Output,
        config: Named = None,
        val: Sources = file.val,
        select: Sources = file.select,
        test: Sources = file.test,
        test_fraction: float = file.test_fraction,
        sweep: Swept = (),
        sweep_share: float = file.sweep_share,
        select_by: Objective = file.select_by,  # type: ignore[assignment]
        seeds: int = file.seeds,
        dry_run: bool = False,
        protocol: Annotated[SharedConfig, arg(name="")] = default,
        evaluation_size: int = file.evaluation.size,
    ) -> None:
        """Compare methods: prior, training, evaluation, report.

        By default regression, classification and rebalanced classification; a file says others:
        see docs/study.md. The same command continues a study that was stopped.

        Example: photochrom study photos/ --select a.tar --test b.tar -o study

        Args:
            output: The study folder to make or continue.
            val: Images to watch during training; they choose nothing.
            select: Images on which swept options and decoding parameters are chosen.
            test: Images to report on; without, a fraction of the first is held out.
            test_fraction: That fraction; as many again for selection, if a sweep has no --select.
            sweep: Values of an option to choose among for every method, as lr=3e-4,1e-3,3e-3.
            sweep_share: Budget of a trial of the sweep, as a fraction of a run's.
            select_by: Score that the selection maximizes.
            seeds: Train each method with so many seeds, from --seed on.
            dry_run: Only print what would run, and how long, by a few steps of each method.
            evaluation_size: Short side and square crop of the images measured on.
        """
        flags = {name: getattr(protocol, name) for name in said}
        asked = replace(
            file,
            images=images,
            val=val,
            select=select,
            test=test,
            test_fraction=test_fraction,
            sweep=definition.parse_sweep(sweep) if sweep else file.sweep,
            sweep_share=sweep_share,
            select_by=select_by,
            seeds=seeds,
            protocol={**begun, **flags},
            evaluation=replace(file.evaluation, size=evaluation_size),
        )
        _study(asked, output, dry_run=dry_run)

    return study


def _begun(file: StudyConfig, said: Set[str]) -> dict[str, Any]:
    """The file's protocol; a budget that a flag says takes the place of the file's."""
    without = set(BUDGETS) if said & set(BUDGETS) else set()
    return {key: value for key, value in file.protocol.items() if key not in without}


def _said(argv: Sequence[str]) -> set[str]:
    """The values of the protocol that flags say, were it their defaults."""
    words = {word.partition("=")[0].replace("-", "_") for word in argv if word.startswith("--")}
    flags = {
        field.name: {f"__{field.name}", f"__no_{field.name}"} for field in fields(SharedConfig)
    }
    return {name for name, spelt in flags.items() if spelt & words}


def _study(asked: StudyConfig, output: Path, *, dry_run: bool) -> None:
    from photochrom import study
    from photochrom.commands import progress

    definition.resolve(asked)  # a mistake is reported before images are looked for
    images = _images(asked)
    if dry_run:
        told = study.forecast(images, asked, output, progress.Teller(), tell=terminal.warn)
        print(_table(told))
    else:
        conduct(images, asked, output)


def _images(asked: StudyConfig) -> "ImageSets":
    """Find the images of a study; those that are not named are held out of the training images."""
    from photochrom import image_io, study

    named = ("images", "val", "select", "test")
    sources = {name: getattr(asked, name) for name in named}
    found = {n: image_io.find(some) for n, some in sources.items() if some or n == "images"}
    skipped = [one for each in found.values() for one in each.skipped]
    terminal.tell_skipped(skipped, "looking for images")
    parts = {name: each.images for name, each in found.items()}
    training = parts.get("images", [])
    if not asked.test:
        training, parts["test"] = study.hold_out(training, asked.test_fraction, asked.first_seed)
    if asked.sweeps and not asked.select:
        share = asked.test_fraction * len(parts["images"]) / len(training)  # as many as for testing
        training, parts["select"] = study.hold_out(training, share, asked.first_seed + 1)
    return study.ImageSets(
        training=training,
        test=parts["test"],
        source=" ".join(source for name in named for source in getattr(asked, name)),
        select=parts.get("select", ()),
        val=parts.get("val", ()),
        held_out=not asked.test,
    )


def conduct(images: "ImageSets", asked: StudyConfig, output: Path) -> None:
    """Do a study, and say where its report lies."""
    from photochrom import study
    from photochrom.commands import progress

    page = study.study(images, asked, output, progress.Teller())
    print(terminal.table(page.parent))
    print(f"open this page: {page.resolve().as_uri()}")


def _table(told: "Forecast") -> str:
    """A dry run, to be read in a terminal."""
    width = max(len(one.run.method) for one in told.runs) + 2
    lines = [f"{'method':<{width}}{'seed':>5} {'budget':>14} {'parameters':>12} {'time':>12}  from"]
    for one in told.runs:
        config = one.run.config
        budget = f"{config.steps:,} steps" if config.steps else f"{config.minutes:g} minutes"
        taken = _clock(one.seconds) if one.seconds else "finished"
        lines.append(
            f"{one.run.method:<{width}}{one.run.seed:>5} {budget:>14} {one.parameters:>12,} "
            f"{taken:>12}  {one.run.start or '–'}"
        )
    beside = {"counting colors": told.prior}
    if told.trials:
        beside[f"{told.trials} trials of the sweep"] = told.sweep
    if told.selection:
        beside["choosing decodings"] = told.selection
    evaluating = f"evaluating {len(told.runs)} runs on {told.images:,} images"
    beside |= {evaluating: told.evaluation, "total": told.total}
    wide = width + 5 + 15 + 13
    lines += [f"{what:<{wide}} {_clock(seconds):>12}" for what, seconds in beside.items()]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    """Seconds in words.

    >>> _clock(7), _clock(750), _clock(7500)
    ('7 s', '12.5 min', '2 h 05 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min"
