"""Annotation ids that a process reserved ahead, so that drawing never waits for the database."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.annotation import AnnotationId

BLOCK = 1000  # ids that are reserved together
FEW = 200  # left, from where on the next block is taken beforehand


class IdStock:
    """Ids in rising order, each given once. `reserve(count)` gives a new block; None: nothing is written."""

    def __init__(self, reserve: Callable[[int], range] | None) -> None:
        self._reserve = reserve
        self._ids: list[int] = []
        self._lock = threading.Lock()

    def fill(self) -> None:
        """Take the next block if few are left. It may wait for the database."""
        with self._lock:
            self._stock(FEW)

    def take(self) -> AnnotationId:
        """The next id. At once, from any thread, unless one person makes hundreds in one image."""
        with self._lock:
            self._stock(1)
            return AnnotationId(self._ids.pop())

    def _stock(self, least: int) -> None:
        if len(self._ids) >= least:
            return
        if self._reserve is None:
            top = max(self._ids, default=2**31)
            block = range(top + 1, top + 1 + BLOCK)
        else:
            block = self._reserve(BLOCK)
        self._ids = [*reversed(block), *self._ids]
