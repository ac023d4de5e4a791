"""Notices what keeps the GUI thread busy: each event, and each action, that takes over a limit is logged.

CPU seconds of the GUI thread are counted, so a busy machine is not taken for a slow program. Nothing fails
because of it: the figures are for the log (`pytest -rP`), for whoever looks for what to make faster.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

LIMIT = 0.1  # seconds
log = logging.getLogger("protolabel.watchdog")


class Watchdog(QObject):
    """`slow`: (what, CPU seconds) of everything over the limit since it was made, in order.

    An event lasts until the next one begins: what the thread sleeps in between costs no CPU.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        super().__init__()
        self.limit = limit
        self.slow: list[tuple[str, float]] = []
        self._last = ""
        self._since = time.thread_time()
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    @contextmanager
    def watch(self, what: str) -> Iterator[None]:
        """Time one thing by its name; what it did before counts for the event that it began in."""
        self._next(what)
        yield
        self._next("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self._next(f"{event.type().name} of {type(watched).__name__}")
        return False

    def _next(self, what: str) -> None:
        now = time.thread_time()
        seconds = now - self._since
        if self._last and seconds > self.limit:
            self.slow.append((self._last, seconds))
            log.warning("%s kept the GUI thread busy for %.0f ms", self._last, seconds * 1000)
        self._last, self._since = what, now
