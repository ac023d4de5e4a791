"""Changing an instance's coefficients: the mask follows off the GUI thread, the end is one edit.

The newest request counts; an answer about coefficients that moved on is not shown as the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, SignalInstance

from app.annotation import Annotation
from app.edits import EditKind, change
from model.errors import InputError
from ui.tools.latest import Latest

if TYPE_CHECKING:
    from model.masks import BoxMask
    from model.messages import Prediction
    from ui.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """An annotation as it would be, with its mask in image pixels. `final`: it is about to be an edit."""

    annotation: Annotation
    mask: BoxMask
    final: bool


class CoefficientEditing(QObject):
    """For one instance at a time."""

    previewed: SignalInstance = Signal(object)  # type: ignore[assignment]  # Preview, or None: no longer
    refused: SignalInstance = Signal()  # type: ignore[assignment]  # nothing was changed: show what is

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._latest = Latest(self)
        self._under_way = False

    def show(self, instance: Annotation, prediction: Prediction, values: NDArray[np.float32]) -> None:
        """Ask for the mask of these coefficients, to be looked at."""
        self._ask(instance, prediction, values, final=False)

    def settle(self, instance: Annotation, prediction: Prediction, values: NDArray[np.float32]) -> None:
        """Make these the instance's coefficients: one undoable edit, once the mask is made."""
        self._ask(instance, prediction, values, final=True)

    def cancel(self) -> None:
        """Drop what was asked for."""
        self._latest.forget()
        if self._under_way:
            self._under_way = False
            self.previewed.emit(None)

    def close(self) -> None:
        """Drop it and end the thread."""
        self._latest.close()

    def _ask(
        self, instance: Annotation, prediction: Prediction, values: NDArray[np.float32], *, final: bool
    ) -> None:
        from app.frames import recomposed

        self._under_way = True

        def work() -> tuple[Annotation, BoxMask]:
            return recomposed(instance, prediction, values)

        self._latest.ask(work, lambda answer: self._answered(instance, answer, final))

    def _answered(
        self, before: Annotation, answer: tuple[Annotation, BoxMask] | InputError, final: bool
    ) -> None:
        document = self._session.document
        if isinstance(answer, InputError):
            self._refuse(str(answer))
            return
        after, mask = answer
        if document is None or document.annotations.get(before.id) != before:
            self.cancel()
            self.refused.emit()
            return
        if final and after.area <= 0:
            self._refuse("With these coefficients nothing is left of the mask, so it stays as it was.")
            return
        self.previewed.emit(Preview(after, mask, final))
        if final:
            self._under_way = False
            self._session.apply(change(EditKind.RECOMPOSE, before.image_id, [(before, after)]))

    def _refuse(self, words: str) -> None:
        self.cancel()
        self._session.message.emit(words, "warning")
        self.refused.emit()
