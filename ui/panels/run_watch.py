"""Watching a training run: its folder is read off the GUI thread, what is new of it becomes curves and words.

The run is a process of its own. Closing the window does not end it; opening the project again finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from ui.panels.run_progress import Progress, duration

if TYPE_CHECKING:
    from app.runs import Run
    from ui.session import Session

POLL = 500  # ms between looks at the folder


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

    changed = Signal()
    ended = Signal(str)  # the state, once

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

    @property
    def words(self) -> str:
        """The line about the run: how far it is, or how it ended; '' while none is followed."""
        progress, running = self.progress, self.running
        if self.run is None:
            return ""
        if running and not progress.iterations:
            return f"Run {self.run.name} is starting …"
        words = f"Run {self.run.name}: step {progress.iteration} of {progress.iterations}"
        if running:
            words += f", {duration(progress.eta)} left" if progress.eta else ""
            speed = progress.images_per_second
            words += f", {speed:.1f} images a second" if speed else ""
        else:
            words += f", {self.state}{f': {self.failure}' if self.failure else ''}"
        if count := progress.passed_over:  # the log names them
            words += f". {count} image{'s' if count > 1 else ''} passed over: the log says why"
        return words
