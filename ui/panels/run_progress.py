"""What a training run has told so far: curves, lines of a log, how far it is. Values, made of its events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LOSSES = {"B": "box", "C": "class", "M": "mask", "D": "dice", "S": "semantic", "I": "quality"}
SCORES = {"mask": "mask AP", "mask50": "mask AP50", "box": "box AP"}
LINES = 200  # of the log that are kept
Curves = dict[str, list[tuple[float, float]]]


@dataclass(slots=True)
class Progress:
    """What a run's events have told so far."""

    losses: Curves = field(default_factory=lambda: defaultdict(list))
    scores: Curves = field(default_factory=lambda: defaultdict(list))
    log: list[str] = field(default_factory=list)
    iteration: int = 0
    iterations: int = 0
    eta: float | None = None  # seconds
    images_per_second: float = 0.0
    passed_over: int = 0  # images that the run could not read
    seen: int = 0  # events taken in

    def take(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Take in further events, in their order."""
        for event in events:
            self.seen += 1
            at = float(event.get("iteration") or 0)
            self.iteration = int(at) or self.iteration
            self.iterations = int(event.get("iterations") or self.iterations)
            self.images_per_second = float(event.get("images_per_s") or self.images_per_second)
            self.passed_over += event.get("event") == "skipped-image"
            if "eta_s" in event:
                self.eta = event["eta_s"]
            for key, value in _mapping(event.get("losses")).items():
                if isinstance(value, int | float):
                    self.losses[LOSSES.get(key, key)].append((at, float(value)))
            if event.get("event") == "eval":
                for key, name in SCORES.items():
                    value = _mapping(event.get("ap")).get(key)
                    if isinstance(value, int | float) and value >= 0:
                        self.scores[name].append((at, float(value)))
            words = log_line(event)
            if words:
                self.log = [*self.log[1 - LINES :], words]


def duration(seconds: float) -> str:
    """'3 min 20 s', in words for people."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def log_line(event: Mapping[str, Any]) -> str:
    """An event in one line for people; '' for those that the curves show."""
    kind, at = event.get("event"), event.get("iteration", 0)
    if kind == "start":
        kept = len(event.get("kept_categories") or ())
        words = f"Started on {event.get('images')} images with {event.get('instances')} instances"
        words += f", from {event['parent']}" if event.get("parent") else ""
        words += f"; {kept} of {len(event.get('categories') or ())} categories were known" if kept else ""
        return "\n".join([words, *(f"  {each}" for each in event.get("warnings") or ())])
    if kind == "eval":
        ap = _mapping(event.get("ap"))
        return f"Step {at}: mask AP {number(ap.get('mask'))}, box AP {number(ap.get('box'))}"
    if kind == "skipped-image":
        return f"Passed over: {event.get('reason')}"
    if kind == "skipped-step":
        names = ", ".join(event.get("images") or ()) or "its images"
        return f"Step {at} was left out, its loss is no number ({names})"
    if kind in ("done", "cancelled", "failed"):
        reason = event.get("reason")
        return f"{str(kind).capitalize()}{f': {reason}' if reason else ''}"
    return ""


def number(value: object) -> str:
    """A score for people; a dash where there is none."""
    return f"{value:.3f}" if isinstance(value, int | float) and value >= 0 else "–"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
