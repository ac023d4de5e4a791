"""Work done by a thread, one piece after the other; what comes of it is told on the GUI thread.

The thread holds the work and nothing else of whoever asked: neither widgets nor what is done with the answer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from model.errors import InputError
from ui.relay import to_gui_thread

FAULT = "nothing was changed: something went wrong in Protolabel"


class Job:
    """One piece of work. `answer`: its result or its InputError, once `ready` is set."""

    __slots__ = ("answer", "ready", "wanted", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work, self.wanted = work, True
        self.ready = threading.Event()
        self.answer: Any = InputError(FAULT)


class Line:
    """Calls `done`, a QObject's method, with each job that is done, on the GUI thread and in their order."""

    def __init__(self, name: str, done: Callable[[Job], object]) -> None:
        self._name = name
        self._done = to_gui_thread(done)
        self._lock = threading.Lock()
        self._jobs: deque[Job] = deque()
        self._thread: threading.Thread | None = None  # while it has something to do

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waits."""
        return self._thread is None

    def ask(self, work: Callable[[], Any]) -> Job:
        """Do `work`, after what was asked before."""
        job = Job(work)
        with self._lock:
            self._jobs.append(job)
            if self._thread is None:
                self._begin()
        return job

    def join(self) -> None:
        """Wait for all that was asked and is still wanted."""
        while (thread := self._thread) is not None:
            thread.join()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def _next(self) -> Job | None:
        with self._lock:
            while self._jobs:
                job = self._jobs.popleft()
                if job.wanted:
                    return job
            self._thread = None
        return None

    def _run(self) -> None:
        while (job := self._next()) is not None:
            ended = False
            try:
                job.answer, ended = job.work(), True
            except InputError as error:
                job.answer, ended = error, True
            finally:  # a bug of ours ends this thread, but costs one answer: the others get another thread
                job.ready.set()
                self._done(job)
                if not ended:
                    self._end()

    def _end(self) -> None:
        with self._lock:
            self._thread = None
            if self._jobs:
                self._begin()
