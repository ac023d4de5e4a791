"""Work that follows the mouse, done by a thread: only the newest request counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from model.errors import InputError

Work = Callable[[], Any]
Then = Callable[[Any], None]
FAULT = "nothing was changed: something went wrong in Protolabel"


class Latest(QObject):
    """At most one piece of work under way and one waiting; a newer one takes the waiting one's place."""

    _sent = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waiting: tuple[Work, Then] | None = None
        self._running = False
        self._thread: threading.Thread | None = None
        self._generation = 0
        self._sent.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def ask(self, work: Work, then: Then) -> None:
        """Do `work` on a thread, then call `then` with its result, or its InputError, on the GUI thread."""
        with self._lock:
            self._waiting = (work, then)
            if not self._running:
                self._running = True
                self._thread = threading.Thread(target=self._run, name="latest", daemon=True)
                self._thread.start()

    def forget(self) -> None:
        """No answer of what was asked so far will come."""
        with self._lock:
            self._waiting = None
            self._generation += 1

    def close(self) -> None:
        """Forget, and wait for what is under way."""
        self.forget()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._waiting is None:
                    self._running = False
                    return
                work, then = self._waiting
                self._waiting = None
                generation = self._generation
            answer: object = InputError(FAULT)
            ended = False
            try:
                answer, ended = work(), True
            except InputError as error:
                answer, ended = error, True
            finally:  # a bug of ours ends this thread, but is answered: whoever asked goes on
                if not ended:
                    with self._lock:
                        self._running = False
                known = self._send(generation, then, answer)
            if not known:
                return

    def _send(self, generation: int, then: Then, answer: object) -> bool:
        """To the GUI thread; False: whoever asked is gone, and this object with it."""
        try:
            self._sent.emit(generation, (then, answer))
        except RuntimeError:
            return False
        return True

    def _deliver(self, generation: int, parcel: tuple[Then, object]) -> None:
        if generation == self._generation:
            then, answer = parcel
            then(answer)
