"""Enlarges what the pointer rests on: after a moment, and at once while one is enlarged already."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QCursor, QImage
from PySide6.QtWidgets import QWidget

from ui.explain.enlarged import Enlarged

REST = 250  # ms that the pointer rests before a picture is enlarged


class Magnifier(QObject):
    """Told what is under the pointer it says what is `wanted` larger; who has that picture calls `show`."""

    wanted = Signal(int)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self.card: Enlarged | None = None  # made when it is wanted first
        self._under = -1
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._want)

    def follow(self, under: int) -> None:
        """The pointer is over this one, -1: over none."""
        self._under = under
        if under < 0:
            self._rest.stop()
            if self.card is not None:
                self.card.hide()
        elif self.card is not None and self.card.isVisible():
            self._want()
        else:
            self._rest.start()

    def _want(self) -> None:
        self.wanted.emit(self._under)

    def show(self, image: QImage, words: str, shape: float) -> None:
        """Show it beside the panel, at the pointer's height. `shape`: width / height."""
        panel = self.parent()
        assert isinstance(panel, QWidget)
        if self.card is None:
            self.card = Enlarged(panel)
        self.card.show_beside(panel, QCursor.pos(), image, words, shape)
