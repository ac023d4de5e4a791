"""Watching a training run: its folder is read off the GUI thread, what is new of it becomes curves and words.

The run is a process of its own. Closing the window does not end it; opening the project again finds it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from app.errors import InputError

if TYPE_CHECKING:
    from app.runs import Run
    from ui.session import Session

POLL = 500  # ms between looks at the folder
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


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a run's folder."""

    name: str
    state: str
    failure: str
    resumable: bool
    events: list[dict[str, Any]]


class RunWatch(QObject):
    """Follows one run at a time; `changed` after each look that saw something."""

    changed: SignalInstance = Signal()  # type: ignore[assignment]
    ended: SignalInstance = Signal(str)  # type: ignore[assignment]  # the state, once

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.run: Run | None = None
        self.progress = Progress()
        self.state = ""
        self.failure = ""
        self.resumable = False
        self._busy = False
        self._timer = QTimer(self, interval=POLL)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        return self.state == "running"

    def watch(self, run: Run | None) -> None:
        """Follow another run, or none."""
        self.run, self.progress = run, Progress()
        self.state, self.failure = ("", "") if run is None else ("running", "")
        self.resumable = False
        self._timer.stop()
        if run is not None:
            self._timer.start()
            self._look()
        self.changed.emit()

    def cancel(self) -> None:
        """Ask the run to stop after the step under way."""
        if self.run is not None:
            self.run.cancel()

    def _look(self) -> None:
        run, seen = self.run, self.progress.seen
        if run is None or self._busy:
            return
        self._busy = True

        def look() -> tuple[Run, Look]:
            state = str(run.state)
            return run, Look(run.name, state, run.failure, run.resumable, run.events(seen))

        self._session.workers.on_pool(look, self._looked)

    def _looked(self, answer: tuple[Run, Look]) -> None:
        self._busy = False
        run, look = answer
        if run is not self.run:
            return
        self.progress.take(look.events)
        ended = look.state != "running" and self.state == "running"
        self.state, self.failure, self.resumable = look.state, look.failure, look.resumable
        if look.state != "running":
            self._timer.stop()
        self.changed.emit()
        if ended:
            self.ended.emit(look.state)


def beside(
    session: Session,
    work: Callable[[], Any],
    then: Callable[[Any], object],
    failed: Callable[[InputError], object],
) -> None:
    """Long work on a thread of its own, which ends with the program; the answer comes to the GUI thread."""

    def run() -> None:
        try:
            result = work()
        except InputError as error:
            session.workers.post(lambda error=error: failed(error))  # type: ignore[misc]
            return
        session.workers.post(lambda: then(result))

    threading.Thread(target=run, name="beside", daemon=True).start()


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
