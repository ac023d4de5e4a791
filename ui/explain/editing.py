"""Changing an instance's coefficients: the mask follows off the GUI thread, the end is one edit.

The newest request counts. Where a bar is let go is an edit of its own image, also if that was left meanwhile.
Coefficients that change no pixel are kept, and a proposal stays one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.annotation import Annotation
from app.edits import EditKind, change
from model.errors import InputError
from ui.session_edits import complete
from ui.tools.latest import Latest
from ui.turns import turns_of

if TYPE_CHECKING:
    from app.document import ImageDocument
    from model.masks import BoxMask
    from model.messages import Prediction
    from ui.session import Session
    from ui.turns import Errand

NOTHING_LEFT = "With these coefficients nothing is left of the mask, so it stays as it was."


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """An annotation as it would be, with its mask in image pixels. `final`: it is about to be an edit."""

    annotation: Annotation
    mask: BoxMask
    final: bool


class CoefficientEditing(QObject):
    """For one instance at a time."""

    previewed = Signal(object)  # Preview, or None: no longer
    refused = Signal()  # nothing was changed: show what is

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._latest = Latest(self)
        self._under_way = False
        self._asked: Errand | None = None  # the coefficients that were let go last

    def show(self, instance: Annotation, prediction: Prediction, values: NDArray[np.float32]) -> None:
        """Ask for the mask of these coefficients, to be looked at."""
        from app.frames import recomposed

        self._under_way = True
        self._latest.ask(
            lambda: recomposed(instance, prediction, values), lambda answer: self._moved(instance, answer)
        )

    def settle(self, instance: Annotation, prediction: Prediction, values: NDArray[np.float32]) -> None:
        """Make these the instance's coefficients: one undoable edit, once the mask is made."""
        document = self._session.document
        if document is None:
            return
        self._under_way = True
        self._latest.forget()
        if self._asked is not None:  # a key that is held: the newest counts
            turns_of(self._session).drop(self._asked)
        self._asked = turns_of(self._session).begin(
            document,
            lambda: _made(instance, prediction, values),
            lambda answer: self._let_go(document, instance, answer),
        )

    def cancel(self) -> None:
        """Drop what was asked for."""
        self._latest.forget()
        if self._under_way:
            self._under_way = False
            self.previewed.emit(None)

    def close(self) -> None:
        """Drop it and end the thread."""
        self._latest.close()

    def _moved(self, before: Annotation, answer: tuple[Annotation, BoxMask] | InputError) -> None:
        if isinstance(answer, InputError):
            self._refuse(str(answer))
        elif not self._is_there(self._session.document, before):
            self._overtaken()
        else:
            self.previewed.emit(Preview(*answer, final=False))

    def _let_go(
        self,
        document: ImageDocument,
        before: Annotation,
        answer: tuple[Annotation, BoxMask] | InputError,
    ) -> None:
        shown = document is self._session.document
        if isinstance(answer, InputError):
            if shown:
                self._refuse(str(answer))
            return
        after, mask = answer
        if after.area <= 0 or not self._is_there(document, before):
            if shown and after.area <= 0:
                self._refuse(NOTHING_LEFT)
            elif shown:
                self._overtaken()
            return
        edit = change(EditKind.RECOMPOSE, before.image_id, [(before, after)])
        if shown:
            self._under_way = False
            self.previewed.emit(Preview(after, mask, final=True))
            self._session.apply(edit)
        else:
            document.apply(complete(edit, document, self._session.who))

    def _is_there(self, document: ImageDocument | None, before: Annotation) -> bool:
        return document is not None and document.annotations.get(before.id) == before

    def _overtaken(self) -> None:
        self.cancel()
        self.refused.emit()

    def _refuse(self, words: str) -> None:
        self.cancel()
        self._session.message.emit(words, "warning")
        self.refused.emit()


def _made(
    before: Annotation, prediction: Prediction, values: NDArray[np.float32]
) -> tuple[Annotation, BoxMask]:
    """The instance with other coefficients; any thread."""
    from app.frames import recomposed
    from app.geometry import to_mask
    from app.solving import changed_rect

    after, mask = recomposed(before, prediction, values)
    old = to_mask(before.geometry, prediction.image_width, prediction.image_height)
    if after.area > 0 and changed_rect(old, mask) is None:
        after = replace(
            after, geometry=before.geometry, bbox=before.bbox, area=before.area, state=before.state
        )
    return after, mask
