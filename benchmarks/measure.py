"""What all benchmarks share: times in turn, peaks of memory, rows in a file.

A ratio is taken pair by pair: both sides run in turn in one process, and the median over the
pairs is the value. So a machine whose speed drifts does not favor either side.
"""

import ctypes
import json
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

import photochrom
from photochrom.storage.atomic import write_json

_RESULTS = Path(__file__).parent / "results"
Act = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """One figure, and what it should be."""

    row: str
    value: float
    target: str | None
    """`<= 1.25` or `>= 4`; none for a figure that is only told."""
    unit: str
    holds: bool | None

    @staticmethod
    def of(row: str, value: float, target: str | None = None, unit: str = "ratio") -> "Row":
        """A row that knows whether its target is met."""
        holds = None
        if target is not None:
            sign, limit = target.split()
            holds = value <= float(limit) if sign == "<=" else value >= float(limit)
        return Row(row, float(f"{value:.4g}"), target, unit, holds)


def times(*acts: Act, repeats: int) -> list[list[float]]:
    """Seconds of each act, `repeats` times in turn after one run that does not count."""
    seconds: list[list[float]] = [[] for _ in acts]
    for turn in range(repeats + 1):
        for act, list_ in zip(acts, seconds, strict=True):
            began = time.perf_counter()
            act()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                list_.append(time.perf_counter() - began)
    return seconds


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over pairs of ours / theirs."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def peak_bytes(prepare: Callable[..., Act], *arguments: Any) -> int:
    """How much memory what `prepare(*arguments)` returns takes at its peak, beyond its inputs.

    In a new process, run twice: the first brings in what libraries keep for good.
    """
    context = get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_bytes, (prepare, arguments))


def _peak_bytes(prepare: Callable[..., Act], arguments: tuple[Any, ...]) -> int:
    act = prepare(*arguments)
    act()
    ctypes.CDLL(None).malloc_trim(0)  # give back what the first run freed
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: proc(5)
    act()
    return _resident("VmHWM") - before


def _resident(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError(f"expected {name} in /proc/self/status, as Linux has it")


def against_plain(
    name: str,
    prepare: Callable[[int, bool], Act],
    *,
    repeats: int,
    time_target: str,
    memory_target: str,
) -> list[Row]:
    """Time and memory of `prepare(channels, True)` against `prepare(channels, False)`."""
    rows = []
    for channels in (32, 64):
        ours, theirs = times(prepare(channels, True), prepare(channels, False), repeats=repeats)
        memory = peak_bytes(prepare, channels, True) / peak_bytes(prepare, channels, False)
        case = f"{name}, C = {channels}"
        rows.append(Row.of(f"{case}: time", ratio(ours, theirs), time_target))
        rows.append(Row.of(f"{case}: extra peak memory", memory, memory_target))
    return rows


def report(name: str, rows: list[Row]) -> None:
    """Print the rows, and write them with machine, versions and commit."""
    for row in rows:
        holds = {True: "holds", False: "MISSED", None: ""}[row.holds]
        print(f"{row.row:<88} {row.value:>9g} {row.unit:<6} {row.target or '':<9} {holds}")
    _RESULTS.mkdir(exist_ok=True)
    write_json(
        _RESULTS / f"{name}.json",
        {
            "made": datetime.now(UTC).isoformat(timespec="minutes"),
            "machine": _machine(),
            "threads": torch.get_num_threads(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "photochrom": photochrom.__version__,
            "commit": _commit(),
            "rows": [asdict(row) for row in rows],
        },
    )


def _machine() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """The commit, and whether the code differs from it; results do not count."""
    code = (".", ":!benchmarks/results")
    commit, changed = (
        subprocess.run(["git", *words], cwd=_RESULTS.parents[1], capture_output=True, text=True)
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", *code))
    )
    return (commit.stdout.strip() or "unknown") + ("-dirty" if changed.stdout else "")


def load(name: str) -> dict[str, Any]:
    """The last results of a benchmark."""
    loaded: dict[str, Any] = json.loads((_RESULTS / f"{name}.json").read_text())
    return loaded
