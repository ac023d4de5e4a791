"""What a run would be trained on: finished images, and instances by category, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLabel

from app.annotation import CategoryId, ImageState

if TYPE_CHECKING:
    from ui.session import Session

REST = 200  # ms without a change before it is counted again
NAMED = 8  # categories whose instances are counted in the summary


class TrainingData(QLabel):
    """Counted only while somebody looks: it goes through all images."""

    counted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(wordWrap=True)
        self._session = session
        self.enough = False  # images for a run
        self._last: list[object] = []  # what was counted
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._count)
        session.images_changed.connect(self._rest.start)
        session.image_state_changed.connect(self._changed)

    def _changed(self, record: object) -> None:
        self._rest.start()

    def again(self) -> None:
        """Count all of it again."""
        self._last = []
        self._count()

    def _count(self) -> None:
        """Count by category, when the number of finished images has changed."""
        if not self.isVisible():
            return
        records, project = self._session.records, self._session.project
        done = [each for each in records if each.state is ImageState.DONE]
        now: list[object] = [project, len(done), sum(each.annotation_count for each in done)]
        if now == self._last:
            return
        self._last = now
        self._show(len(done), {})
        if project is not None and done:
            self._session.workers.on_project(
                lambda: project.store.work_by_category(ImageState.DONE),
                lambda counts: self._show(len(done), counts),
            )

    def _show(self, done: int, counts: dict[CategoryId, int]) -> None:
        from app.retraining import HELD_OUT, MIN_IMAGES

        there = self._session.project is not None
        self.enough = there and done >= MIN_IMAGES
        if not there:
            words = "No project"
        elif not self.enough:
            words = f"<b>{done} of at least {MIN_IMAGES} images marked done.</b> Only finished images teach."
        else:
            held = round(done * HELD_OUT)
            words = f"<b>{done} images marked done</b>: about {done - held} to train on, "
            words += f"{held} held out to measure on, always the same ones."
        names = {each.id: each.name for each in self._session.categories} if there else {}
        self.setText("<br>".join(filter(None, (words, by_category(names, counts)))))
        self.counted.emit()

    def showEvent(self, event: object) -> None:
        """What was not counted while nobody looked is now."""
        self._count()


def by_category(names: dict[CategoryId, str], counts: dict[CategoryId, int]) -> str:
    """Instances of the most frequent categories, and which have none; '' where nothing is counted."""
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    parts = [f"{names.get(each, '?')} {count:,}" for each, count in ordered[:NAMED]]
    if len(ordered) > NAMED:
        parts.append(f"{len(ordered) - NAMED} more")
    bare = [name for each, name in names.items() if each not in counts] if counts else []
    if bare:  # the model learns nothing of these
        parts.append(f"none of {', '.join(bare[:NAMED])}{' …' if len(bare) > NAMED else ''}")
    return ", ".join(parts)
