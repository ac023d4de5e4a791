"""Work that follows the mouse, done by a thread: only the newest request counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from ui.line import Job, Line

Work = Callable[[], Any]
Then = Callable[[Any], None]


class Latest(QObject):
    """At most one piece of work under way and one waiting; a newer one takes the waiting one's place."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._line = Line("latest", self._deliver)
        self._newest: Job | None = None
        self._thens: dict[Job, Then] = {}  # in the order in which they were asked

    @property
    def idle(self) -> bool:
        """Whether no thread is at work for it."""
        return self._line.idle

    def ask(self, work: Work, then: Then) -> None:
        """Do `work` on a thread, then call `then` with its result, or its InputError, on the GUI thread."""
        if self._newest is not None:
            self._newest.wanted = False  # what is under way is answered all the same
        self._newest = self._line.ask(work)
        self._thens[self._newest] = then

    def forget(self) -> None:
        """No answer of what was asked so far will come."""
        if self._newest is not None:
            self._newest.wanted, self._newest = False, None
        self._thens.clear()

    def close(self) -> None:
        """Forget, and wait for what is under way."""
        self.forget()
        self._line.join()

    def _deliver(self, job: Job) -> None:
        then = self._thens.get(job)
        if then is None:
            return  # forgotten
        while next(iter(self._thens)) is not job:  # those before it were superseded
            del self._thens[next(iter(self._thens))]
        del self._thens[job]
        then(job.answer)
