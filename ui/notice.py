"""One line about what happened, over the canvas; goes by itself, errors stay until they are read."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

SHOWN = {"info": 4000, "warning": 9000, "error": 0}  # ms; 0 = until closed


class Notice(QWidget):
    """A bar of one message, the newest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = QLabel()
        self.text.setWordWrap(True)
        close = QToolButton()
        close.setText("×")
        close.setAccessibleName("Close the message")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.addWidget(self.text, 1)
        layout.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def show_message(self, words: str, kind: str) -> None:
        """Show a message of a kind: info, warning, error."""
        self.text.setText(words)
        self.setProperty("kind", kind)
        for widget in (self, self.text):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self.show()
        self._timer.stop()
        if SHOWN.get(kind):
            self._timer.start(SHOWN[kind])
