"""A flat button with an icon of the theme, which follows when the theme changes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QToolButton, QWidget

from ui import theme


class IconButton(QToolButton):
    """`tip` is also what a screen reader says."""

    def __init__(self, icon: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = icon
        self._later = QTimer(self, singleShot=True, interval=0)  # the theme is whole after the event only
        self._later.timeout.connect(self._dress)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self._dress()

    def _dress(self) -> None:
        self.setIcon(theme.icon(self._name))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._later.start()
        super().changeEvent(event)
