"""Writing edits from the window: in order, on the project thread, while the GUI goes on."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from app.edits import Edit
from app.errors import InputError

if TYPE_CHECKING:
    from app.annotation import ImageId
    from app.document import ImageDocument
    from app.project import Project
    from app.records import DocumentData
    from ui.workers import Workers


class SaveState(StrEnum):
    """Where the edits are."""

    SAVED = "saved"
    SAVING = "saving …"
    REFUSED = "NOT SAVED"


class QueuedJournal:
    """A document's journal. `failed(image_id, error)` is called on the GUI thread when a write fails."""

    def __init__(
        self,
        project: Project,
        workers: Workers,
        failed: Callable[[ImageId, InputError], object],
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        """`changed` is called when a write is asked for and when it has ended, well or not."""
        self._project, self._workers, self._failed = project, workers, failed
        self._changed = changed
        self._pending = 0  # writes that have not reached the disk yet
        self.refused = ""  # why the last write failed, '' when it did not

    @property
    def state(self) -> SaveState:
        """Whether all edits are on the disk."""
        if self._pending:
            return SaveState.SAVING
        return SaveState.REFUSED if self.refused else SaveState.SAVED

    def append(self, edit: Edit) -> None:
        """An edit was applied."""
        self._write(edit, lambda: self._project.store.append(edit))

    def step(self, edit: Edit, *, position: int) -> None:
        """An undo or redo was performed."""
        self._write(edit, lambda: self._project.store.step(edit, position=position))

    def restore(self, document: ImageDocument) -> None:
        """Bring a document back to what the disk has, after a failed write.

        What was read while another edit was on its way is not taken, but read again after it: that edit would
        be lost from memory, although it is on the disk.
        """
        image_id = document.image.id

        def arrived(data: DocumentData) -> None:
            if self._pending:
                self.restore(document)
            else:
                document.restore(data)

        self._workers.on_project(lambda: self._project.store.load_document(image_id), arrived)

    def _write(self, edit: Edit, work: Callable[[], None]) -> None:
        self._pending += 1
        self._changed()
        self._workers.on_project(work, self._written, lambda error: self._refused(edit, error))

    def _written(self, _: None) -> None:
        self._pending -= 1
        self.refused = ""
        self._changed()

    def _refused(self, edit: Edit, error: InputError) -> None:
        self._pending -= 1
        self.refused = str(error)
        self._changed()
        self._failed(edit.image_id, error)
