"""The commands that compare methods from pictures to report."""

from collections.abc import Callable, Sequence, Set
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from photochrom import console, studies
from photochrom.cli_prior import PICTURES, Output
from photochrom.cli_train import value_of
from photochrom.config import BUDGETS, SharedConfig, StudyConfig

if TYPE_CHECKING:
    from photochrom.study import Forecast, Pictures

Sources = Annotated[tuple[str, ...], arg(metavar="PICTURES...")]
Trained = Positional[Annotated[tuple[str, ...], arg(metavar="PICTURES...", help=PICTURES)]]
Named = Annotated[
    str | None,
    arg(help="A .toml that says what to compare, or regression-classification; flags win."),
]


def study_command(argv: Sequence[str]) -> Callable[..., Callable[[], None]]:
    """`photochrom study`, its flags' defaults those of the file that `argv` names."""
    name = value_of("--config", argv) if argv[:1] == ["study"] else None
    file = studies.load(name) if name else StudyConfig()
    said = _said(argv)
    begun = _begun(file, said)
    default = SharedConfig(**begun)

    @console.later
    def study(
        pictures: Trained = file.pictures,
        *,
        output: Output,
        config: Named = None,
        validate: Sources = file.validate,
        hold_out: float = file.hold_out,
        seeds: int = file.seeds,
        dry_run: bool = False,
        protocol: Annotated[SharedConfig, arg(name="")] = default,
        evaluation_size: int = file.evaluation.size,
    ) -> None:
        """Compare methods: prior, training, evaluation, report.

        By default regression, classification and rebalanced classification; a file says others:
        see docs/study.md. The same command continues a study that was stopped.

        Example: photochrom study photos/ --validate val.tar -o study --minutes 20

        Args:
            output: The study folder to make or continue.
            validate: Pictures to measure on; without it, a share of the first is held out.
            hold_out: That share.
            seeds: Train each method with so many seeds, from --seed on.
            dry_run: Only print what would run, and how long, by a few steps of each method.
            evaluation_size: Short side and square crop of the pictures measured on.
        """
        flags = {name: getattr(protocol, name) for name in said}
        asked = replace(
            file,
            pictures=pictures,
            validate=validate,
            hold_out=hold_out,
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
    from photochrom import bars, images, study

    studies.resolve(asked)  # a mistake is said before pictures are looked for
    found = images.find(asked.pictures)
    other = images.find(asked.validate) if asked.validate else images.Found()
    console.tell_skipped([*found.skipped, *other.skipped], "looking for pictures")
    parts = (found.pictures, other.pictures)
    if not asked.validate:
        parts = study.hold_out(found.pictures, asked.hold_out, asked.first_seed)
    pictures = study.Pictures(*parts, " ".join([*asked.pictures, *asked.validate]))
    if dry_run:
        told = study.forecast(pictures, asked, output, bars.Teller(), tell=console.warn)
        print(_table(told))
    else:
        conduct(pictures, asked, output)


def conduct(pictures: "Pictures", asked: StudyConfig, output: Path) -> None:
    """Do a study, and say where its report lies."""
    from photochrom import bars, study

    page = study.study(pictures, asked, output, bars.Teller())
    print(console.table(page.parent))
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
    beside = {
        "counting colours": told.prior,
        f"evaluating {len(told.runs)} runs on {told.pictures:,} pictures": told.evaluation,
        "total": told.total,
    }
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
