"""What the command line shows: bars, tables, one line for a mistake. Nothing heavy is imported."""

import contextlib
import csv
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, ParamSpec

from photochrom.errors import PhotochromError

if TYPE_CHECKING:
    from photochrom.image_io import Skipped

P = ParamSpec("P")


def tell_skipped(skipped: Sequence["Skipped"], what: str) -> None:
    """One line on stderr on what was left out, if anything was."""
    tell_summary(skipped, f"{what}: left out")


def tell_summary(told: Sequence["Skipped"], what: str) -> None:
    """One line on stderr on images and what is to be said of each, if there are any."""
    if told:
        from photochrom.image_io import summary

        print(f"{what} {len(told)}: {summary(told)}", file=sys.stderr)


def warn(line: str) -> None:
    """A line on stderr that is not the end."""
    print(line, file=sys.stderr)


def table(report: Path) -> str:
    """The scores of a report folder, to be read in a terminal."""
    with open(report / "scores.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [f"{'':<28} raw AuC  rebalanced   colorfulness   PSNR   SSIM  steps"]
    for row in rows:
        scores = (
            f"{float(row['auc_raw']):7.2f}  {float(row['auc_rebalanced']):10.2f}  "
            f"{float(row['colorfulness']):13.1f}  {float(row['psnr']):5.2f}  "
            f"{float(row['ssim']):5.3f}  {row['steps'] or '–':>5}"
        )
        lines.append(f"{row['name']:<28} {scores}")
    return "\n".join(lines)


def usage_line(box: str, argv: Sequence[str]) -> str:
    """What tyro draws as a box around a mistake in the arguments `argv`, in one line.

    >>> usage_line('''╭─ Unrecognized options ─╮
    ... │ Unrecognized options: --sise, 3 │
    ... │ ──────── │
    ... │ Perhaps you meant: │
    ... │     --size INT │
    ... │         Short side. │
    ... │         in photochrom train --help │
    ... │ ──────── │
    ... │ For full helptext, run photochrom --help │
    ... ╰────────────────────────╯''', ["train", "photos", "--sise", "3"])
    'Unrecognized options: --sise, 3; perhaps you meant --size (see photochrom train --help)'
    """
    parts: list[list[str]] = [[]]
    for line in box.splitlines():
        text = line.strip("│ ")
        if line.startswith(("╭", "╰")) or not text:
            continue
        if set(text) <= {"─", "-"}:
            parts.append([])
        else:
            parts[-1].append(text)
    parts = parts if box.startswith("╭") else parts[1:]  # in ASCII the title is a part, too
    typed, helps = " ".join(["photochrom", *argv, ""]), re.findall("photochrom[a-z ]* --help", box)
    ours = [h for h in helps if typed.startswith(h.removesuffix("--help"))]
    see = max(ours, key=len, default="photochrom --help")
    beside = re.compile("(Argument|For full) helptext")
    said = [_said(part, see) for part in parts if part and not beside.match(part[0])]
    return f"{'; '.join(said)} (see {see})"


def _said(part: list[str], see: str) -> str:
    """A part of the box; of suggestions the bare flags, those of the command if it has any."""
    if not re.match("Perhaps you meant|Arguments similar to", part[0]):
        return " ".join(part).rstrip(".")
    explained: dict[str, set[str]] = {}
    for text in part[1:]:
        if flag := re.match(r"(?:-\w[^,]*, )?(--[\w-]+)", text):
            where = explained.setdefault(flag[1], set())
        elif explained:
            where.add(text)
    meant = [flag for flag, where in explained.items() if f"in {see}" in where] or explained
    return f"perhaps you meant {' or '.join(meant)}"


def later(command: Callable[P, None]) -> Callable[P, Callable[[], None]]:
    """Parse now, run later: so that a mistake in the arguments is told apart from one in a run."""

    @wraps(command)
    def parsed(*args: P.args, **kwargs: P.kwargs) -> Callable[[], None]:
        return lambda: command(*args, **kwargs)

    return parsed


def run(parse: Callable[[], Callable[[], None]]) -> None:
    """Parse the arguments and run the command they name.

    A mistake that the user can mend is one line on stderr and exit code 2.
    """
    try:
        _run(parse)
    except BrokenPipeError:  # whoever read our output, head or less, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _prepare() -> None:
    """Let no name be unprintable, and decoders keep to themselves what they think of odd files."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", module=r"PIL\.")


def _run(parse: Callable[[], Callable[[], None]]) -> None:
    drawn = io.StringIO()
    try:
        with _wide(), contextlib.redirect_stderr(drawn):
            command = parse()
    except SystemExit as stop:
        if stop.code:
            _fail(usage_line(drawn.getvalue(), sys.argv[1:]))
        raise
    except (PhotochromError, OSError) as error:  # a config that refuses to be built, or be read
        _fail(str(error))
    _prepare()
    try:
        command()
    except KeyboardInterrupt:
        _end_bars()
        print(
            "photochrom: stopped: repeat the command to go on (train: with --resume)",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:
        raise
    except (PhotochromError, OSError) as error:
        status = error.exit_status if isinstance(error, PhotochromError) else 2
        _fail(re.sub(r"^\[Errno \d+\] ", "", " ".join(str(error).split())), status)


@contextlib.contextmanager
def _wide() -> Iterator[None]:
    """Let tyro draw what is no help so wide that no word is broken."""
    before = os.environ.get("COLUMNS")
    if not {"-h", "--help"} & set(sys.argv):
        os.environ["COLUMNS"] = "1000"
    try:
        yield
    finally:
        os.environ.pop("COLUMNS", None)
        if before is not None:
            os.environ["COLUMNS"] = before


def _end_bars() -> None:
    """End the line of a bar that was under way, so that what follows has a line of its own."""
    if "tqdm" in sys.modules:
        for bar in list(getattr(sys.modules["tqdm"].tqdm, "_instances", [])):
            bar.close()


def _fail(line: str, status: int = 2) -> NoReturn:
    _end_bars()
    print(f"photochrom: {line}", file=sys.stderr)
    sys.exit(status)
