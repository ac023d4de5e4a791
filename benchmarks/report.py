"""The shared table of every benchmark: what was measured, where, with which versions, median and spread.

A benchmark is a module with `NAME`, `TITLE` and `measure() -> Report`, and ends with
`if __name__ == "__main__": main(NAME, measure)`. Printed as Markdown; `--record` also writes
docs/benchmarks/<name>.md, which is what the documentation quotes.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

RECORDS = Path(__file__).parents[1] / "docs" / "benchmarks"
VERSIONS = ("torch", "PySide6-Essentials", "numpy", "opencv-python", "pycocotools", "SQLAlchemy")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing. `values` in `unit`, one per repetition; `target` is what was promised, as text."""

    what: str
    values: Sequence[float]
    unit: str = "ms"
    target: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def percentile(self, percent: float) -> float:
        """The value that `percent` of the repetitions stay at or below (nearest rank)."""
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]

    def cells(self) -> list[str]:
        low, high = min(self.values), max(self.values)
        return [
            self.what,
            f"{_number(self.median)} {self.unit}",
            f"{_number(low)} – {_number(high)}",
            _number(self.percentile(95)) if len(self.values) >= 20 else "",
            str(len(self.values)),
            self.target,
        ]


@dataclass(slots=True)
class Report:
    """A benchmark's tables and what a reader must know to believe them."""

    title: str
    command: str  # the command that shows it
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    where: str = ""  # machine and versions; '': this one

    def add(self, what: str, values: Sequence[float], *, unit: str = "ms", target: str = "") -> Row:
        """Append a row and return it."""
        self.rows.append(Row(what, list(values), unit, target))
        return self.rows[-1]

    def markdown(self) -> str:
        """The whole page."""
        head = ["what", "median", "min – max", "p95", "n", "target"]
        lines = [f"# {self.title}", "", f"`{self.command}`", "", _line(head), _line(["---"] * len(head))]
        lines += [_line(row.cells()) for row in self.rows]
        lines += ["", *(f"- {note}" for note in self.notes), *([""] if self.notes else [])]
        return "\n".join([*lines, f"{self.where or machine()}.", ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    """Three significant digits, never in scientific notation."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machine() -> str:
    """Where and with what this runs, in one line; with the load, since a busy machine misleads."""
    versions = [f"{name} {found}" for name in VERSIONS if (found := _version(name))]
    load = f"load {os.getloadavg()[0]:.1f} at the end, " if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.date.today().isoformat()}, {_processor()}, {usable_cores()} cores, {load}"
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {', '.join(versions)}"
    )


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def timed(work: Callable[[], object], *, repeat: int, warmup: int = 1) -> list[float]:
    """Milliseconds of each of `repeat` calls, after `warmup` calls that do not count."""
    for _ in range(warmup):
        work()
    values = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        values.append((time.perf_counter() - start) * 1000)
    return values


def record(name: str, report: Report) -> Path:
    """Write docs/benchmarks/<name>.md."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    path = RECORDS / f"{name}.md"
    path.write_text(report.markdown(), encoding="utf-8")
    return path


def main(name: str, measure: Callable[[], Report], argv: Sequence[str] | None = None) -> None:
    """A benchmark's command line: measure, print, and with `--record` write the page."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=measure.__doc__)
    parser.add_argument("--record", action="store_true", help=f"also write docs/benchmarks/{name}.md")
    wanted = parser.parse_args(argv)
    report = measure()
    print(report.markdown(), flush=True)
    if wanted.record:
        print(f"written to {record(name, report)}")
