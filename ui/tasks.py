"""Long work beside the window: progress, time left, cancel, retry. Several at once, a row of the bar each."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.errors import InputError

if TYPE_CHECKING:
    from ui.workers import Workers

REPORT_EVERY = 0.1  # seconds between reports to the GUI


class Report(Protocol):
    """Tells how much is done, of how much. `words`: said of it instead of both numbers and the time left."""

    def __call__(self, done: int, total: int, words: str = "") -> None: ...


Work = Callable[[Report, Callable[[], bool]], Any]  # (progress, cancelled) -> result


def time_left(done: int, total: int, seconds: float) -> str:
    """'2 min left', '' while nothing can be said."""
    if not done or not total or seconds < 1:
        return ""
    left = seconds * (total - done) / done
    if left < 60:
        return f"{max(round(left), 1)} s left"
    return f"{round(left / 60)} min left" if left < 5400 else f"{left / 3600:.1f} h left"


class Task(QObject):
    """One piece of work on a thread of its own. `work(progress, cancelled)` does it.

    On the GUI thread `then(result)` is called at its end, `failed(error)` for a fault of the world; a bug of
    ours goes to the log. `ended` comes first: one line of what went wrong and its details, '' for none.
    """

    progressed = Signal(int, int)
    told = Signal(str)  # follows `progressed`: better words for it
    ended = Signal(str, str)

    def __init__(
        self,
        title: str,
        workers: Workers,
        work: Work,
        then: Callable[[Any], object] = lambda result: None,
        failed: Callable[[InputError], object] = lambda error: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.title, self._workers, self._work = title, workers, work
        self._then, self._failed = then, failed
        self._stop = threading.Event()
        self._reported = 0.0
        self.started = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, or begin again."""
        self._stop.clear()
        self._reported, self.started = 0.0, time.monotonic()
        self._thread = threading.Thread(target=self._run, name=self.title, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop at the next chance."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    def wait(self, seconds: float = 10.0) -> None:
        """Until the thread has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        with ExitStack() as leaving:
            leaving.push(self._tell_of_bug)
            try:
                result = self._work(self._report, self._stop.is_set)
            except InputError as error:
                self._fail(error)
            except CancelledError:  # the model's process was closed under it, for another version
                self._fail(InputError("stopped, since the model was changed; start it again"))
            else:
                self._workers.post(lambda: self._end("", "", lambda: self._then(result)))

    def _tell_of_bug(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Whatever else leaves the thread, and goes to the log: the row says so, too."""
        if error is not None:
            words = f"Something went wrong: {error or type(error).__name__}"
            details = "".join(traceback.format_exception(error))
            self._workers.post(lambda: self._end(words, details, lambda: None))

    def _fail(self, fault: InputError) -> None:
        """A fault of the world; whoever stopped the work knows that it ended."""
        words = "" if self.cancelled else str(fault)
        self._workers.post(lambda: self._end(words, "", lambda: self._failed(fault)))

    def _end(self, words: str, details: str, tell: Callable[[], object]) -> None:
        self.ended.emit(words, details)
        tell()

    def _report(self, done: int, total: int, words: str = "") -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY or done == total:
            self._reported = now
            self._workers.post(lambda: self._say(done, total, words))

    def _say(self, done: int, total: int, words: str) -> None:
        self.progressed.emit(done, total)
        if words:
            self.told.emit(words)


class TaskRow(QWidget):
    """What one task says of itself, and what can be done about it.

    It holds nothing that holds its parent: PySide would delete that a second time when both go together.
    """

    over = Signal(object)  # the row itself: it can go
    stopped = Signal()  # the work failed; the row stays

    def __init__(self, task: Task, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.task = task
        self.failed = False
        self.words, self.bar = QLabel(task.title), QProgressBar()
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar.setTextVisible(False)
        self.details = QLabel()
        self.details.setObjectName("details")
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details.hide()
        self.cancel = self._button("Cancel", self._cancel)
        self.more = self._button("Details", self._show_details)
        self.retry = self._button("Retry", self.start)
        self.close_ = self._button("Close", self._go)
        line = self._line = QHBoxLayout()
        for widget in (self.words, self.bar, self.cancel, self.more, self.retry, self.close_):
            line.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self.details)
        task.progressed.connect(self._progressed)
        task.told.connect(self._told)
        task.ended.connect(self._ended)

    def _button(self, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(act)
        return button

    def _widest(self, widget: QWidget) -> None:
        """Who has the room that the buttons leave."""
        for each in (self.words, self.bar):
            self._line.setStretchFactor(each, int(each is widget))

    def _show_details(self) -> None:
        self.details.setVisible(self.details.isHidden())

    def _go(self) -> None:
        self.over.emit(self)

    def start(self) -> None:
        """Begin the work; the row goes back to how it was at first."""
        self.words.setText(self.task.title)
        self.words.setWordWrap(False)
        self._widest(self.bar)
        self.bar.setRange(0, 0)
        self.details.hide()
        self.failed = False
        for widget in (self.bar, self.cancel, self.more, self.retry, self.close_):
            widget.setVisible(widget in (self.bar, self.cancel))
        self.cancel.setEnabled(True)
        self.task.start()

    def _cancel(self) -> None:
        self.task.cancel()
        self.cancel.setEnabled(False)
        self.words.setText(f"{self.task.title}: stopping …")

    def _progressed(self, done: int, total: int) -> None:
        if self.task.cancelled:
            return
        self.bar.setRange(0, max(total, 0))
        self.bar.setValue(done)
        left = time_left(done, total, time.monotonic() - self.task.started)
        count = f"{done} of {total}" if total else str(done)
        self.words.setText(f"{self.task.title}: {count}{f', {left}' if left else ''}")

    def _told(self, words: str) -> None:
        if not self.task.cancelled:
            self.words.setText(f"{self.task.title}: {words}")

    def _ended(self, words: str, details: str) -> None:
        self.failed = bool(words)
        if not words:
            self._go()
            return
        self.words.setText(f"{self.task.title}: {words}")
        self.words.setWordWrap(True)
        self._widest(self.words)
        self.details.setText(details)
        self.bar.hide()
        self.cancel.hide()
        self.more.setVisible(bool(details))
        self.retry.show()
        self.close_.show()
        self.stopped.emit()


class TaskBar(QWidget):
    """What is going on, one row a task; hidden when nothing is. A failed row stays until it is closed."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tasks")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.rows: list[TaskRow] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 6, 12, 6)
        self._layout.setSpacing(6)
        self.hide()

    @property
    def tasks(self) -> list[Task]:
        """Tasks whose work goes on."""
        return [row.task for row in self.rows if not row.failed]

    def run(self, task: Task) -> TaskRow:
        """Show a task and start it."""
        row = TaskRow(task, self)
        row.over.connect(self._remove)
        row.stopped.connect(self.changed)
        self._layout.addWidget(row)
        self.rows.append(row)
        self.show()
        row.start()
        self.changed.emit()
        return row

    def cancel_all(self) -> None:
        """Ask every task to stop."""
        for row in self.rows:
            row.task.cancel()

    def wait(self) -> None:
        """Until every task that was asked to stop has."""
        for row in self.rows:
            row.task.wait()

    def _remove(self, row: TaskRow) -> None:
        if row in self.rows:
            self.rows.remove(row)
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
            self.setVisible(bool(self.rows))
            self.changed.emit()
