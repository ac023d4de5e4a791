"""What every sub-command is given: where to write, and the window it may not know.

Results go to stdout, progress to stderr: one line that is rewritten on a terminal, a line now and then
elsewhere.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

Progress = Callable[[int, int], None]  # (done, total); total 0 = not known
SPARSE = 10.0  # seconds between two lines of progress when nobody watches
LIVELY = 0.1  # seconds between two repaints on a terminal


class Console:
    """Where a sub-command writes. With `as_json`, stdout holds the one JSON object and nothing else."""

    def __init__(
        self, *, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self._json = as_json
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._tty = self._err.isatty()
        self._line = ""

    def say(self, line: str) -> None:
        """A line of the result, for people."""
        if not self._json:
            self.clear()
            print(line, file=self._out, flush=True)

    def result(self, values: Mapping[str, Any]) -> None:
        """The result as one JSON object, if it was asked for: the last line of stdout."""
        self.clear()
        if self._json:
            print(json.dumps(values, ensure_ascii=False, default=str), file=self._out, flush=True)

    def note(self, line: str) -> None:
        """A line about the progress (stderr)."""
        self.clear()
        print(line, file=self._err, flush=True)

    def fail(self, line: str) -> None:
        """The one line of an error (stderr)."""
        self.clear()
        print(f"protolabel: {' '.join(line.split())}", file=self._err, flush=True)

    def progress(self, what: str, *, goes_on: bool = False) -> Progress:
        """A function to be told (done, total); writes what is done and the time left.

        `goes_on`: the first number told was done earlier, so that it does not count for the time left.
        """
        start = last = time.monotonic()
        over = False
        before: int | None = None if goes_on else 0

        def tell(done: int, total: int) -> None:
            nonlocal last, over, before
            before = done if before is None else before
            now = time.monotonic()
            finished = total > 0 and done >= total
            if finished and over:
                return
            over = finished
            if not finished and now - last < (LIVELY if self._tty else SPARSE):
                return
            last = now
            self._show(progress_line(what, done, total, now - start, before), finished)

        return tell

    def clear(self) -> None:
        """Wipe the progress line from the terminal, so that other lines stand alone."""
        if self._line:
            self._err.write("\r" + " " * len(self._line) + "\r")
            self._err.flush()
            self._line = ""

    def _show(self, line: str, finished: bool) -> None:
        if self._tty:
            self._err.write("\r" + line.ljust(len(self._line)))
            self._line = line
            if finished:
                self._err.write("\n")
                self._line = ""
        else:
            self._err.write(line + "\n")
        self._err.flush()


def progress_line(what: str, done: int, total: int, seconds: float, before: int = 0) -> str:
    """'what 3/12 (25%), 0:09 left'. `before`: how many were done before these seconds began."""
    if total <= 0:
        return f"{what} {done}"
    line = f"{what} {done}/{total} ({100 * done // total}%)"
    if done >= total:
        return f"{line}, {clock(seconds)}"
    return f"{line}, {clock(seconds / (done - before) * (total - done))} left" if done > before else line


def clock(seconds: float) -> str:
    """'0:07', '12:30', '1:02:03'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(frozen=True, slots=True)
class Context:
    """Given to every sub-command. The window comes in from `main.py`, since nothing here may import it."""

    console: Console
    open_window: Callable[[Path | None], int]  # the exit status when it closes
    screenshot: Callable[[Path, Path], None]  # project, PNG to write
