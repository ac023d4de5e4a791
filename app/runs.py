"""A training run as its folder tells it: events, state, result. Only reads, but for asking it to stop.

A run is its own process; nothing here needs it to be ours. The folder holds what the run was given
(config.json, train.json, val.json), what it tells (events.jsonl, log.txt) and what came of it.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from app import processes

EVENTS, PROCESS, CANCEL, LOG = "events.jsonl", "process.json", "cancel", "log.txt"
CHECKPOINT = "checkpoint.pt"
USUAL = re.compile(r"note: |iterations? \d")  # how `train`'s notes and its progress begin
MOST_TOLD = 50  # images that a run is not given: more are not named


class RunState(StrEnum):
    """Where a run stands. `INTERRUPTED`: its process is gone without a last word; it can be resumed."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ENDINGS = {"done": RunState.DONE, "failed": RunState.FAILED, "cancelled": RunState.CANCELLED}


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._events: list[dict[str, Any]] = []
        self._offset = 0
        self._stopping = False

    @property
    def name(self) -> str:
        return self.folder.name

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """The events from number `since` on; only what is new in the file is read."""
        self._read()
        return self._events[since:]

    @property
    def state(self) -> RunState:
        """What its last event says, or whether its process is alive."""
        started = _json(self.folder / PROCESS)
        running = bool(started) and processes.alive(int(started.get("pid", -1)), self.name)
        self._read()  # after the process was looked at: its last words are then there
        if not running:
            for event in reversed(self._events):
                if event.get("event") in ENDINGS:
                    return ENDINGS[event["event"]]
                if event.get("event") == "start":  # how it ended before it went on is over
                    break
            return RunState.INTERRUPTED
        if self._stopping:  # a run that only just began may have taken the file for an old one
            self.cancel()
        return RunState.RUNNING

    @property
    def resumable(self) -> bool:
        """Whether it can be gone on with: it was stopped, or failed after a checkpoint (files were gone)."""
        state = self.state
        stopped = state in (RunState.CANCELLED, RunState.INTERRUPTED)
        return stopped or (state is RunState.FAILED and (self.folder / CHECKPOINT).is_file())

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The `done` event: where the weights are and how they score; None before."""
        self._read()
        done = [event for event in self._events if event.get("event") == "done"]
        return done[-1] if done else None

    @property
    def failure(self) -> str:
        """In one line why it failed; '' when it did not."""
        self._read()
        for event in reversed(self._events):
            if event.get("event") == "failed":
                return str(event.get("reason", ""))
            if event.get("event") in ("start", "done"):  # what failed before a new start is over
                break
        if self.state is RunState.INTERRUPTED:
            return _last_words(self.folder / LOG) or "its process ended without a word, as when it is killed"
        return ""

    def cancel(self) -> None:
        """Ask the run to stop; it does so after the step under way."""
        self._stopping = True
        (self.folder / CANCEL).touch()

    def wait(self, seconds: float) -> RunState:
        """The state when it has ended, or after `seconds`."""
        end = time.monotonic() + seconds
        while (state := self.state) is RunState.RUNNING and time.monotonic() < end:
            time.sleep(0.1)
        return state

    def _read(self) -> None:
        """Take in whole new lines; one that is being written is left for the next time."""
        try:
            with (self.folder / EVENTS).open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._offset:  # begun anew
                    self._events, self._offset = [], 0
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                event = json.loads(line)
            except ValueError:  # cut short by a kill, then appended to
                continue
            if isinstance(event, dict):
                self._events.append(event)


def tell_first(folder: Path, passed_over: Sequence[str]) -> None:
    """Write, before a run's process begins, which images it is not even given, as it tells of others."""
    now = time.time()
    events = [
        {"t": now, "event": "skipped-image", "iteration": 0, "reason": reason}
        for reason in passed_over[:MOST_TOLD]
    ]
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in events)
    (folder / EVENTS).write_text(text, encoding="utf-8")


def list_runs(folder: Path) -> list[Run]:
    """The runs in a project's runs/ folder, oldest first."""
    if not folder.is_dir():
        return []
    return [Run(each) for each in sorted(folder.iterdir()) if (each / PROCESS).is_file()]


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _last_words(path: Path) -> str:
    """The log's last line, unless it tells of a run that goes well."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    last = lines[-1].strip() if lines else ""
    return "" if USUAL.match(last) else last
