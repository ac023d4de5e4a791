"""The image on screen: its document, what is chosen and shown of it, and the edits that menus and keys make.

The half of `ui.session.Session` that knows one image. Nothing here waits: a document is in memory. What is
asked while an edit is on its way to the document (`ui.turns`) is done right after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageState
from app.document import StaleEdit
from app.edits import Edit
from ui import session_edits
from ui.turns import turns_of

if TYPE_CHECKING:
    from app.document import ImageDocument

OVERTAKEN = "nothing was changed: a hint for the same instance came first; do it once more"
THRESHOLD = 0.35  # score from which proposals are shown, at first


class OpenImage(QObject):
    """See the module. Read the attributes; change them only by the methods."""

    document_changed = Signal()
    annotations_changed = Signal(object)  # Edit
    selection_changed = Signal()
    threshold_changed = Signal(float)
    view_changed = Signal()
    message = Signal(str, str)  # words, info | warning | error

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.who = ""  # the name in the edit log, '' = the system's
        self._clipboard: tuple[Annotation, ...] = ()
        self.clear_image()

    def clear_image(self) -> None:
        """Nothing is open."""
        self.document: ImageDocument | None = None
        self.selection: tuple[AnnotationId, ...] = ()
        self.hidden: frozenset[AnnotationId] = frozenset()
        self.threshold = THRESHOLD

    # --- edits ---------------------------------------------------------------------------------------------

    def apply(self, edit: Edit) -> None:
        """Perform an edit of the current document."""
        document = self.document
        if document is None:
            return
        if turns_of(self).is_free(document):
            self._apply(document, edit)
        else:
            turns_of(self).run(document, lambda: self._apply_late(document, edit))

    def _apply_late(self, document: ImageDocument, edit: Edit) -> None:
        try:
            self._apply(document, edit)
        except StaleEdit:  # it was made of what the document held before that
            self.message.emit(OVERTAKEN, "warning")

    def undo(self) -> None:
        """Take the current document's last edit back."""
        self._in_turn(lambda document: document.undo())

    def redo(self) -> None:
        """Perform the last undone edit again."""
        self._in_turn(lambda document: document.redo())

    def _in_turn(self, work: Callable[[ImageDocument], object]) -> None:
        """Do something with the current document, after the edits that are on their way to it."""
        document = self.document
        if document is not None:
            turns_of(self).run(document, lambda: work(document))

    def _apply(self, document: ImageDocument, edit: Edit | None) -> None:
        if edit is not None:
            document.apply(session_edits.complete(edit, document, self.who))

    def accept(self) -> None:
        """Accept the chosen proposals; without a selection, all visible ones."""
        ids = self.selection or self.visible_proposals()
        self._in_turn(lambda document: self._apply(document, session_edits.accept(document, ids)))

    def accept_all(self) -> None:
        """Accept all visible proposals."""
        ids = self.visible_proposals()
        self._in_turn(lambda document: self._apply(document, session_edits.accept(document, ids)))

    def reject(self) -> None:
        """Reject the chosen proposals, without a selection all visible ones; they do not come back."""
        ids = self.selection or self.visible_proposals()
        self._in_turn(lambda document: self._apply(document, session_edits.discard(document, ids)))

    def delete_selection(self) -> None:
        """Remove what is chosen; proposals are rejected."""
        if ids := self.selection:
            self._in_turn(lambda document: self._apply(document, session_edits.discard(document, ids)))

    def relabel(self, category_id: CategoryId) -> None:
        """Give what is chosen another category."""
        ids = self.selection
        self._in_turn(
            lambda document: self._apply(document, session_edits.relabel(document, ids, category_id))
        )

    def duplicate(self) -> None:
        """Copies of what is chosen, a little aside, chosen themselves."""
        ids = self.selection
        self._in_turn(
            lambda document: self._add_copies(document, session_edits.chosen(document, ids), (12.0, 12.0))
        )

    def copy(self) -> None:
        """Remember what is chosen, for any image of the project."""
        if self.document is not None:
            self._clipboard = tuple(session_edits.chosen(self.document, self.selection))

    @property
    def copied(self) -> int:
        """How many annotations are remembered to be pasted."""
        return len(self._clipboard)

    def paste(self) -> None:
        """Copies of what was remembered, at the same place."""
        copied = self._clipboard
        self._in_turn(lambda document: self._add_copies(document, copied, (0.0, 0.0)))

    def _add_copies(
        self, document: ImageDocument, annotations: Sequence[Annotation], offset: tuple[float, float]
    ) -> None:
        edit = session_edits.copies(document, annotations, offset, who=self.who)
        self._apply(document, edit)
        if edit is not None and document is self.document:
            self.select(change.id for change in edit.changes)

    def set_image_state(self, state: ImageState) -> None:
        """The current image goes to another state."""
        self._in_turn(lambda document: self._apply(document, session_edits.image_state(document, state)))

    # --- what is chosen and shown --------------------------------------------------------------------------

    def select(self, ids: Iterable[AnnotationId]) -> None:
        """Choose annotations of the current document."""
        there = self.document.annotations if self.document else {}
        chosen = tuple(dict.fromkeys(each for each in ids if each in there))
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit()

    def visible(self, annotation: Annotation) -> bool:
        """Whether an annotation is shown: not rejected, not hidden, a proposal only from the threshold on."""
        if annotation.id in self.hidden or annotation.state is AnnotationState.REJECTED:
            return False
        return annotation.state is not AnnotationState.PROPOSED or (annotation.score or 0.0) >= self.threshold

    def visible_proposals(self) -> list[AnnotationId]:
        """The proposals that are shown."""
        there = self.document.annotations.values() if self.document else ()
        return [each.id for each in there if each.state is AnnotationState.PROPOSED and self.visible(each)]

    def toggle_hidden(self, ids: Iterable[AnnotationId]) -> None:
        """Hide those that are shown, show those that are hidden."""
        self.hidden = self.hidden ^ frozenset(ids)
        self.view_changed.emit()

    def set_threshold(self, value: float) -> None:
        """Show proposals from this score on. No network is run."""
        value = min(max(value, 0.0), 1.0)
        if value != self.threshold:
            self.threshold = value
            self.threshold_changed.emit(value)
