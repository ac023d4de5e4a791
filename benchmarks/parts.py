"""Long benchmarks in parts: each in a process of its own, recorded as numbers, measured anew one by one.

A part that dies, hangs or has too little memory is named at the end, and the others go on. `--record` writes
docs/benchmarks/NAME.json, by part, and NAME.md from all that stands there: what was not measured this time
stays as it was, with the machine it was measured on.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import RECORDS, Report, Row, machine

ROOT = Path(__file__).parents[1]
PATIENCE = 600.0  # seconds for one part
LOAD = re.compile(r"load (\d+\.\d)")


class NotMeasuredError(Exception):
    """A part that gave nothing, and why, in one line."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a benchmark in parts says of itself."""

    name: str  # of its module
    title: str
    parts: tuple[str, ...]  # in the order of the page
    measure: Callable[[str], Report]  # one part
    notes: tuple[str, ...] = ()  # of the whole
    about: str | None = None  # for --help

    def main(self, chosen: Callable[[], Sequence[str]], argv: Sequence[str] | None = None) -> None:
        """The command line. `chosen`: which parts to measure. Exit 1 where one was not measured."""
        words = list(sys.argv[1:] if argv is None else argv)
        if words[:1] == ["--part"]:
            print(json.dumps(_values(self.measure(words[1]))))
            return
        parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{self.name}", description=self.about)
        parser.add_argument("--record", action="store_true", help=f"into docs/benchmarks/{self.name}.md")
        wanted = parser.parse_args(words)
        failed: list[str] = []
        measured = dict(self.measured(chosen(), failed))
        print(self.page(measured), flush=True)
        if wanted.record and measured:
            print(f"written to {self.record(measured)}")
        if failed:
            raise SystemExit("\n".join(failed))

    def measured(self, parts: Sequence[str], failed: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each part with its values; what gave none goes into `failed`."""
        for part in parts:
            print(f"{self.name}: {part} ...", file=sys.stderr, flush=True)
            try:
                values = in_a_process([sys.executable, "-m", f"benchmarks.{self.name}", "--part", part])
            except NotMeasuredError as error:
                failed.append(f"{part}: not measured, {error}")
                print(failed[-1], file=sys.stderr, flush=True)
                continue
            yield part, {**values, "where": machine()}

    def record(self, measured: dict[str, dict[str, Any]], folder: Path = RECORDS) -> Path:
        """Keep these parts beside those of earlier, and write the page of all."""
        together = recorded(self.name, folder) | measured
        ordered = {part: together[part] for part in self.parts if part in together}
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(ordered, indent=1, ensure_ascii=False)
        (folder / f"{self.name}.json").write_text(f"{text}\n", encoding="utf-8")
        path = folder / f"{self.name}.md"
        path.write_text(self.page(ordered), encoding="utf-8")
        return path

    def page(self, measured: dict[str, dict[str, Any]]) -> str:
        """Markdown of these parts."""
        page = Report(self.title, f"python -m benchmarks.{self.name}")
        for values in measured.values():
            page.rows += [Row(**row) for row in values["rows"]]
            page.notes += values["notes"]
        page.notes += self.notes
        places = same_machines({part: values["where"] for part, values in measured.items()})
        page.where = ".\n\n".join(
            place if len(places) == 1 else f"{', '.join(parts)}: {place}" for place, parts in places
        )
        return page.markdown()


def same_machines(places: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """(`machine()`, the parts measured there) of each part's; those that differ in the load are one."""
    found: dict[str, list[str]] = {}
    for part, place in places.items():
        found.setdefault(LOAD.sub("load", place), []).append(part)
    merged = []
    for place, parts in found.items():
        loads = sorted({each[1] for part in parts if (each := LOAD.search(places[part]))}, key=float)
        words = (
            f"load {loads[0]} to {loads[-1]}" if len(loads) > 1 else f"load {loads[0]}" if loads else "load"
        )
        merged.append((place.replace("load", words, 1) if loads else place, parts))
    return merged


def recorded(name: str, folder: Path = RECORDS) -> dict[str, dict[str, Any]]:
    """What a benchmark's record says, by part; empty where there is none."""
    try:
        found: dict[str, dict[str, Any]] = json.loads((folder / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return {}
    return found


def in_a_process(command: Sequence[str], patience: float = PATIENCE) -> dict[str, Any]:
    """The JSON of the last line that a command prints. NotMeasuredError: it ended otherwise."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"it took more than {patience:.0f} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise NotMeasuredError(said[-1][:200] if said else f"it ended with status {done.returncode}")
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise NotMeasuredError("it gave no figures") from None
    return found


def _values(report: Report) -> dict[str, Any]:
    rows = []
    for row in report.rows:
        values = asdict(row)
        values["values"] = [float(f"{value:.5g}") for value in row.values]
        rows.append(values)
    return {"rows": rows, "notes": report.notes}
