"""A panel that is made when it is first looked at: a start does not wait for what nobody sees."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Later(QWidget):
    """The place of a panel that `make` gives; `panel` once it is there.

    Qt counts the panels behind a tab as shown; only the one in front is ever painted.
    """

    def __init__(self, make: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self.panel: QWidget | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._seen = QTimer(self, singleShot=True, interval=0)
        self._seen.timeout.connect(self.fill)

    def fill(self) -> None:
        """Make the panel, if it is not there."""
        if self.panel is None:
            self.panel = self._make()
            layout = self.layout()
            assert layout is not None
            layout.addWidget(self.panel)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.panel is None:
            self._seen.start()
