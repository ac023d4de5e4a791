"""A training run's folder: what it was told, what it says as it goes, its checkpoints and its result.

config.json             settings, recipe, network, categories, data
events.jsonl            one JSON object a line: {"t", "event", ...}
checkpoint.pt           to go on from
result.json, weights.safetensors, card.json
cancel                  made by whoever wants the run to stop
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.atomic import is_part, replacing

CONFIG, EVENTS, CHECKPOINT, RESULT, CANCEL = (
    "config.json",
    "events.jsonl",
    "checkpoint.pt",
    "result.json",
    "cancel",
)
WEIGHTS = "weights.safetensors"


class RunFolder:
    """Writes a run's folder. Every file appears whole; events are flushed one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def say(self, event: str, **values: Any) -> None:
        """Append one event. Numbers that are no numbers become null, so that every line is JSON."""
        line = json.dumps(_plain({"t": time.time(), "event": event, **values}), ensure_ascii=False)
        with (self.path / EVENTS).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write one JSON file atomically."""
        self.write(name, json.dumps(_plain(content), indent=1, ensure_ascii=False).encode())

    def write(self, name: str, data: bytes) -> None:
        """Write one file atomically."""
        with replacing(self.path / name) as file:
            file.write(data)

    def trim(self, iteration: int, *, ended: bool) -> None:
        """Before a run goes on from `iteration`: forget what was told of later steps, which come again.

        So the events of a run that was killed and went on are those of one that never stopped. `ended`: all
        steps were made, the last scores come again. A line that a kill cut short goes, too, and so do files
        that it left half-written.
        """
        for left in self.path.glob(".*"):
            if is_part(left.name):
                left.unlink(missing_ok=True)
        try:
            lines = (self.path / EVENTS).read_bytes().splitlines()
        except FileNotFoundError:
            return
        kept = [line for line in lines if _stays(line, iteration, ended)]
        if len(kept) != len(lines) or (lines and not _ends_whole(self.path / EVENTS)):
            self.write(EVENTS, b"".join(line + b"\n" for line in kept))

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the run to stop."""
        return (self.path / CANCEL).exists()


def _stays(line: bytes, iteration: int, ended: bool) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False
    if not isinstance(event, dict):
        return False
    reached = event.get("iteration", 0)
    if not isinstance(reached, int) or reached > iteration:
        return False
    return not (ended and event.get("event") in ("eval", "done") and reached == iteration)


def _ends_whole(path: Path) -> bool:
    return path.read_bytes().endswith(b"\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
