"""Measuring from the ceilings' table: by which process, one run at a time, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ui.ceilings import measuring, measuring_by_other
from ui.tasks import Task, Work, time_left

if TYPE_CHECKING:
    from app.annotation import ImageId
    from app.ceilings import Measuring
    from app.versions import ModelVersion
    from ui.commands import Context


class CeilingRun(QObject):
    """Runs in the window's bar of tasks, where it can be stopped, too."""

    begun = Signal()
    progressed = Signal(int, int, str)  # done, total, in words
    ended = Signal(str)  # why, '' when it is simply over

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._session = context, context.session
        self._task: Task | None = None

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._task is not None

    def stop(self) -> None:
        """Ask it to end; what is measured stays."""
        if self._task is not None:
            self._task.cancel()

    def kept(self, version: ModelVersion, images: Collection[ImageId]) -> None:
        """Measure what kept predictions suffice for."""
        self._begin(measuring(self._session, version, None, images))

    def looking(self, version: ModelVersion, images: Collection[ImageId], *, active: bool) -> None:
        """Measure all of it, by the process that pre-labels, or by one of its own where that is another's."""
        session = self._session
        if not active:
            self._begin(measuring_by_other(session, version, images))
        else:
            session.model.with_inference(
                lambda inference: self._begin(measuring(session, version, inference, images))
            )

    def _begin(self, work: Work) -> None:
        if self._task is not None:
            return
        task = Task("Measuring ceilings", self._session.workers, work, self._measured, parent=self)
        self._task = task
        task.progressed.connect(self._tell)
        task.ended.connect(self._end)
        self._context.tasks.run(task)
        self.begun.emit()

    def _tell(self, done: int, total: int) -> None:
        if self._task is not None:
            left = time_left(done, total, time.monotonic() - self._task.started)
            words = f"Measuring: {done:,} of {total:,} images{f', {left}' if left else ''}"
            self.progressed.emit(done, total, words)

    def _end(self, words: str, details: str) -> None:
        self._task = None
        self.ended.emit(words)

    def _measured(self, report: Measuring) -> None:
        if report.failed:
            self._session.message.emit(report.words(), "warning")
