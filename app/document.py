"""One image's annotations in memory. Every change goes through `apply`, and is undone and redone from here.

A change is visible at once and handed to the journal, which writes it in order: directly in a command, on the
project thread in the window. A write that fails at once is raised, and memory is as it was; of one that fails
later, whoever owns the journal tells the document by `restore` what the disk has.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from app.annotation import Annotation, AnnotationId, ImageState
from app.edits import Change, Edit, EditKind
from app.errors import StoreError
from app.events import Event
from app.records import DocumentData, ImageRecord, LoggedEdit


class Journal(Protocol):
    """Writes what happened to a document, in order."""

    def append(self, edit: Edit) -> None:
        """An edit was applied."""

    def step(self, edit: Edit, *, position: int) -> None:
        """An undo or redo was performed."""


class StaleEdit(ValueError):
    """An edit whose `before` is not what the document holds: a bug of whoever made it."""


class ImageDocument:
    """The annotations of one image, in drawing order, with undo and redo."""

    def __init__(self, data: DocumentData, journal: Journal, reserve: Callable[[], AnnotationId]) -> None:
        self.changed: Event[Edit] = Event()
        self._journal, self._reserve = journal, reserve
        self._set(data)

    def _set(self, data: DocumentData) -> None:
        self._image = data.image
        self._annotations = {each.id: each for each in data.annotations}
        self._undo: list[Edit | LoggedEdit] = list(data.undo)
        self._redo: list[Edit | LoggedEdit] = list(data.redo)

    @property
    def image(self) -> ImageRecord:
        """The image, with its present state."""
        return self._image

    @property
    def state(self) -> ImageState:
        return self._image.state

    @property
    def annotations(self) -> Mapping[AnnotationId, Annotation]:
        """All annotations, proposals and rejected ones included, in drawing order."""
        return MappingProxyType(self._annotations)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    @property
    def undo_label(self) -> str:
        return str(self._undo[-1].kind) if self._undo else ""

    @property
    def redo_label(self) -> str:
        return str(self._redo[0].kind) if self._redo else ""

    def new_id(self) -> AnnotationId:
        """An id that no annotation of the project has."""
        return self._reserve()

    def apply(self, edit: Edit) -> Edit:
        """Perform an edit and hand it to the journal; returns it as it was performed.

        The first person's edit of a new or pre-labelled image also puts it in progress. Raises StaleEdit, and
        StoreError when the journal could not write it; nothing has changed then.
        """
        done = self._with_state(edit)
        with self._unless_refused():
            self._perform(done)
            self._undo.append(done)
            self._redo.clear()
            self._journal.append(done)
        self.changed.emit(done)
        return done

    def undo(self) -> Edit | None:
        """Take the last edit back; returns the reversed edit, None when there is none. Raises StoreError."""
        if not self._undo:
            return None
        edit = _unpacked(self._undo[-1])
        with self._unless_refused():
            self._undo.pop()
            self._redo.insert(0, edit)
            self._step(edit.reversed())
        self.changed.emit(edit.reversed())
        return edit.reversed()

    def redo(self) -> Edit | None:
        """Perform the last undone edit again; None when there is none. Raises StoreError."""
        if not self._redo:
            return None
        edit = _unpacked(self._redo[0])
        with self._unless_refused():
            self._redo.pop(0)
            self._undo.append(edit)
            self._step(edit)
        self.changed.emit(edit)
        return edit

    def restore(self, data: DocumentData) -> None:
        """Go back to what the disk has, after a failed write; listeners see one batch edit."""
        before = self._annotations
        self._set(data)
        after = self._annotations
        changes = tuple(
            Change(before.get(each), after.get(each))
            for each in {**before, **after}
            if before.get(each) != after.get(each)
        )
        self.changed.emit(Edit(EditKind.BATCH, self._image.id, changes, None, self._image.state))

    def _step(self, edit: Edit) -> None:
        self._perform(edit)
        self._journal.step(edit, position=len(self._undo))

    @contextlib.contextmanager
    def _unless_refused(self) -> Iterator[None]:
        """What is done in memory within it is taken back when it is stale or the journal refuses it."""
        before = self._image, dict(self._annotations), list(self._undo), list(self._redo)
        try:
            yield
        except (StaleEdit, StoreError):
            self._image, self._annotations, self._undo, self._redo = before
            raise

    def _with_state(self, edit: Edit) -> Edit:
        stamped = edit if edit.at else replace(edit, at=time.time())
        fresh = self.state in (ImageState.NEW, ImageState.PRELABELLED)
        by_person = edit.kind not in (EditKind.PRELABEL, EditKind.IMPORT)
        if edit.changes and fresh and by_person and edit.state_after is None:
            return replace(stamped, state_before=self.state, state_after=ImageState.IN_PROGRESS)
        return stamped

    def _perform(self, edit: Edit) -> None:
        if edit.image_id != self._image.id:
            raise StaleEdit(f"an edit of image {edit.image_id} in the document of image {self._image.id}")
        for change in edit.changes:
            if self._annotations.get(change.id) != change.before:
                raise StaleEdit(f"annotation {change.id} is not what the edit says it was")
        if edit.state_before is not None and edit.state_before != self.state:
            raise StaleEdit(f"the image is {self.state}, the edit says it was {edit.state_before}")
        for change in edit.changes:
            if change.after is None:
                del self._annotations[change.id]
            else:
                self._annotations[change.id] = change.after
        if any(change.before is None for change in edit.changes):
            self._annotations = dict(sorted(self._annotations.items()))
        if edit.state_after is not None:
            self._image = replace(self._image, state=edit.state_after)


def _unpacked(edit: Edit | LoggedEdit) -> Edit:
    return edit.unpack() if isinstance(edit, LoggedEdit) else edit
