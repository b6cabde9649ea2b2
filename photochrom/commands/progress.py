"""Bars that show how far work is, at which rate, and how long it will take."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photochrom.commands import terminal
from photochrom.config import ProtocolConfig, TrainConfig

if TYPE_CHECKING:
    from photochrom.image_io import Skipped
    from photochrom.training import Progress

_EVERY = 0.1 if sys.stderr.isatty() else 15.0  # seconds between two updates of a bar


def track(items: Iterable[Any], total: int, what: str, unit: str = "image") -> Iterable[Any]:
    """The items, with a bar of rate and remaining time as they pass."""
    from tqdm import tqdm

    shown: Iterable[Any] = tqdm(items, total=total, desc=what, unit=f" {unit}", mininterval=_EVERY)
    return shown


class Bar:
    """A run's bar: share of the budget, steps a second, remaining time, loss."""

    def __init__(self, what: str, config: ProtocolConfig, *, disable: bool = False) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=100,
            desc=what,
            mininterval=_EVERY,
            disable=disable,
            bar_format="{l_bar}{bar}| {elapsed}{postfix}",
        )
        self._last: Progress | None = None

    def __call__(self, progress: "Progress") -> None:
        first = self._last is None
        self._last = progress
        rate = progress.step / progress.seconds if progress.seconds else 0.0
        left = progress.seconds * (1 / progress.fraction - 1) if progress.fraction else 0.0
        self._bar.set_postfix_str(
            f"{_clock(left)} left, step {progress.step}, {rate:.2f} steps/s, "
            f"loss {progress.loss:.3f}",
            refresh=first,
        )
        self._bar.update(100 * progress.fraction - self._bar.n)
        if progress.fraction >= 1:
            self._bar.close()

    def tell(self, line: str) -> None:
        """A line above the bar."""
        self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bar.close()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


class Teller:
    """Tells on the terminal what a study does: `photochrom.study.Reporter`."""

    def track(self, items: Iterable[Any], total: int, what: str) -> Iterable[Any]:
        return track(items, total, what, "batch" if what == "evaluating" else "image")

    def training(self, name: str, config: TrainConfig) -> Callable[["Progress"], None]:
        bar: list[Bar] = []

        def show(progress: "Progress") -> None:
            if not bar:  # a run that is finished already never takes a step and has no bar
                bar.append(Bar(f"training {name}", config))
            bar[0](progress)

        return show

    def skipped(self, images: Sequence["Skipped"], what: str) -> None:
        terminal.tell_skipped(images, what)


@contextlib.contextmanager
def counting_bar(what: str, total: Callable[[], int]) -> Iterator[Callable[[int, int], None]]:
    """A bar to be told of images and bytes; shows the time left once `total` has counted."""
    from tqdm import tqdm

    with tqdm(desc=what, unit=" image", mininterval=_EVERY) as bar:
        read = 0

        def done(images: int, size: int) -> None:
            nonlocal read
            read += size
            seconds = max(bar.format_dict["elapsed"], 1e-3)
            bar.set_postfix_str(f"{read / 1e6 / seconds:.1f} MB/s", refresh=False)
            bar.update(images)

        def know() -> None:
            with contextlib.suppress(Exception):  # whoever does the work will say it
                bar.total = total()

        threading.Thread(target=know, daemon=True).start()
        yield done
