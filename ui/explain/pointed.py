"""A widget of numbered things, one of which the pointer is over, or the keys are at."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QWidget


class Pointed(QWidget):
    """What the explaining panel's grid and bars have in common. Things are numbers from 0; -1: none."""

    hovered = Signal(int)

    def __init__(self, parent: QWidget | None, name: str, keys: str) -> None:
        """`name` and `keys` (what they do) are for whoever does not see it."""
        super().__init__(parent)
        self._under = self._focus = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setAccessibleDescription(keys)

    def is_pointed(self, number: int) -> bool:
        """Whether the pointer is over it, or the keys are at it."""
        return number == self._under or (self.hasFocus() and number == self._focus)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is over none of them any more."""
        self._hover(-1)

    def _hover(self, number: int) -> None:
        if number != self._under:
            self._under = number
            self.hovered.emit(number)
            self.update()
