"""Long work beside the window: progress, time left, cancel. Several at once, each a row of the task bar."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.errors import InputError

if TYPE_CHECKING:
    from ui.workers import Workers

REPORT_EVERY = 0.1  # seconds between reports to the GUI


def time_left(done: int, total: int, seconds: float) -> str:
    """'2 min left', '' while nothing can be said."""
    if not done or not total or seconds < 1:
        return ""
    left = seconds * (total - done) / done
    if left < 60:
        return f"{max(round(left), 1)} s left"
    return f"{round(left / 60)} min left" if left < 5400 else f"{left / 3600:.1f} h left"


class Task(QObject):
    """One piece of work on a thread of its own. `work(progress, cancelled)` does it."""

    progressed: SignalInstance = Signal(int, int)  # type: ignore[assignment]
    ended: SignalInstance = Signal()  # type: ignore[assignment]

    def __init__(
        self,
        title: str,
        workers: Workers,
        work: Callable[[Callable[[int, int], None], Callable[[], bool]], Any],
        then: Callable[[Any], object],
        failed: Callable[[InputError], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.title, self._workers, self._work = title, workers, work
        self._then, self._failed = then, failed
        self._stop = threading.Event()
        self._reported = 0.0
        self.started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop at the next chance."""
        self._stop.set()

    def wait(self, seconds: float = 10.0) -> None:
        """Until the thread has ended."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            result = self._work(self._report, self._stop.is_set)
        except InputError as error:
            self._workers.post(lambda error=error: self._finish(lambda: self._failed(error)))  # type: ignore[misc]
            return
        self._workers.post(lambda: self._finish(lambda: self._then(result)))

    def _finish(self, tell: Callable[[], object]) -> None:
        self.ended.emit()
        tell()

    def _report(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY or done == total:
            self._reported = now
            self._workers.post(lambda: self.progressed.emit(done, total))


class TaskBar(QWidget):
    """What is going on, one row a task; hidden when nothing is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tasks: list[Task] = []
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(8, 4, 8, 4)
        self._rows.setSpacing(4)
        self.hide()

    def run(self, task: Task) -> None:
        """Show a task and start it."""
        row = QWidget(self)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        words, bar, stop = QLabel(task.title), QProgressBar(), QPushButton("Cancel")
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        stop.clicked.connect(task.cancel)
        stop.clicked.connect(lambda: words.setText(f"{task.title}: stopping …"))
        for widget, stretch in ((words, 0), (bar, 1), (stop, 0)):
            layout.addWidget(widget, stretch)
        self._rows.addWidget(row)
        self.tasks.append(task)

        def progressed(done: int, total: int) -> None:
            bar.setRange(0, max(total, 0))
            bar.setValue(done)
            left = time_left(done, total, time.monotonic() - task.started)
            count = f"{done} of {total}" if total else str(done)
            words.setText(f"{task.title}: {count}{f', {left}' if left else ''}")

        task.progressed.connect(progressed)
        task.ended.connect(lambda: self._remove(task, row))
        self.show()
        task.start()

    def cancel_all(self) -> None:
        """Ask every task to stop."""
        for task in self.tasks:
            task.cancel()

    def _remove(self, task: Task, row: QWidget) -> None:
        self.tasks.remove(task)
        self._rows.removeWidget(row)
        row.deleteLater()
        QTimer.singleShot(0, lambda: self.setVisible(bool(self.tasks)))
