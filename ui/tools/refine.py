"""Draw a mask's edge to the image's own, with its strength on a slider, previewed; the end is one edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from app.edges import refined
from app.edits import EditKind, change
from app.solving import Rect, changed_rect
from model.errors import InputError
from model.masks import BoxMask
from ui.tools.latest import Latest
from ui.tools.live import LiveMask
from ui.tools.pixel_work import with_mask
from ui.tools.pixels import pixels_of
from ui.widgets.own_keys import KEPT

if TYPE_CHECKING:
    from pathlib import Path

    from app.annotation import Annotation
    from ui.canvas.view import Canvas
    from ui.commands import Context

START = 40  # percent of strength at first
MARGIN = 18  # widget units


class EdgeCard(QWidget):
    """For one annotation; goes when it changes or is not chosen any more."""

    def __init__(self, canvas: Canvas, annotation: Annotation, path: Path) -> None:
        super().__init__(canvas)
        self._canvas, self._annotation, self._path = canvas, annotation, path
        self._pixels: NDArray[np.uint8] | None = pixels_of(canvas.session).whole
        self._latest, self._live = Latest(self), LiveMask(canvas)
        self._before = canvas.mask_of(annotation.id)
        self._made: tuple[int, BoxMask] | None = None
        self._over = False
        self._wanted = False  # accepted before what the slider says was there
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Draw to the image's edges")
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setValue(START)
        self.strength.setAccessibleName("Strength")
        words = QLabel("How far the mask's edge may move to the image's own edges")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (words, self.strength, buttons):
            layout.addWidget(widget)
        self.strength.valueChanged.connect(lambda _: self._ask())
        session = canvas.session
        session.selection_changed.connect(self.reject)
        session.annotations_changed.connect(self._changed)
        session.document_changed.connect(self.reject)
        self._ask()

    def _changed(self, edit: object) -> None:
        document = self._canvas.session.document
        if self._over:
            return
        if document is None or document.annotations.get(self._annotation.id) != self._annotation:
            self.reject()

    def _ask(self) -> None:
        strength, before = self.strength.value(), self._before
        shown = self._live.mask or before

        def work() -> tuple[int, BoxMask, tuple[BoxMask, Rect | None]]:
            mask = refined(before, self._read(), strength / 100)
            return strength, mask, (shown, changed_rect(shown, mask))

        self._latest.ask(work, self._answered)

    def _read(self) -> NDArray[np.uint8]:
        """The image's pixels; large images are read here, on the thread, once."""
        if self._pixels is None:
            from model.image_io import read_image

            self._pixels = read_image(self._path)
        return self._pixels

    def _answered(self, answer: tuple[int, BoxMask, tuple[BoxMask, Rect | None]] | InputError) -> None:
        if self._over:
            return
        if isinstance(answer, InputError):
            self._canvas.session.message.emit(str(answer), "warning")
            self.reject()
            return
        strength, mask, known = answer
        self._made = (strength, mask)
        color = self._canvas.shown.color_of(self._annotation)
        self._live.show(self._annotation.id, mask, color, self._before, known)
        if self._wanted:
            self.accept()

    def accept(self) -> None:
        """What the slider says becomes an edit, as soon as it is there."""
        made, before, canvas = self._made, self._annotation, self._canvas
        if made is None or made[0] != self.strength.value():
            self._wanted = True
            return
        if changed_rect(self._before, made[1]) is None:
            self.reject()
            canvas.session.message.emit("the mask follows the image's edges already: nothing changed", "info")
        elif made[1].bits.any():
            after = with_mask(before, made[1], *canvas.image_size)
            canvas.stage.masks.prime(after.id, after.geometry, made[1])
            self._live.end(settled=True)
            self._end()
            canvas.session.apply(change(EditKind.RESHAPE, before.image_id, [(before, after)]))
        self._end()

    def reject(self) -> None:
        """Back to how it was."""
        self._live.end()
        self._end()

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        self._latest.forget()
        self._canvas.setFocus()
        self.hide()
        self.deleteLater()

    def event(self, event: QEvent) -> bool:
        """Return and Escape are meant for the card, not for the window's shortcuts."""
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in KEPT:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if isinstance(focused, QPushButton):
                focused.click()
            else:
                self.accept()
        elif event.key() == Qt.Key.Key_Escape:
            self.reject()
        else:
            super().keyPressEvent(event)


def refine_edges(context: Context) -> None:
    """Open the slider for the one instance that is chosen."""
    session = context.session
    document, project = session.document, session.project
    if document is None or project is None or len(session.selection) != 1:
        session.message.emit("choose one instance whose edge is meant", "info")
        return
    annotation = document.annotations[session.selection[0]]
    path = project.images_dir / document.image.path
    for old in context.canvas.findChildren(EdgeCard):
        old.reject()
    card = EdgeCard(context.canvas, annotation, path)
    card.adjustSize()
    card.move(MARGIN, context.canvas.height() - card.height() - MARGIN)
    card.show()
    card.strength.setFocus()
