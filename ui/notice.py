"""One line about what happened, floating over the canvas; goes by itself, errors stay until they are read."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

SHOWN = {"info": 4000, "warning": 9000, "error": 0}  # ms; 0 = until closed
WIDEST, MARGIN = 760, 14  # widget units


class Notice(QWidget):
    """A bar with one message, the newest, at the top of its parent. Never takes the focus, moves nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setText("×")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.setAccessibleName("Close the message")
        close.clicked.connect(self.hide)
        self._layout = layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 7, 7, 7)
        layout.addWidget(self.text, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def show_message(self, words: str, kind: str) -> None:
        """Show a message of a kind: info, warning, error."""
        self.text.setText(_sentence(words))
        self.setProperty("kind", kind)
        for widget in (self, *self.findChildren(QWidget)):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self._place()
        self.show()
        self.raise_()
        self._timer.stop()
        if SHOWN.get(kind):
            self._timer.start(SHOWN[kind])

    def let_go(self) -> None:
        """The person has gone on: what stayed until it was read goes soon."""
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(SHOWN["warning"])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle of the parent's upper edge."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        room = self._over.width() - 2 * MARGIN
        one_line = self.text.fontMetrics().horizontalAdvance(self.text.text()) + 72
        width = max(min(one_line, room, WIDEST), 1)
        height = self._layout.heightForWidth(width)
        self.setGeometry((self._over.width() - width) // 2, MARGIN, width, max(height, 36))


def _sentence(words: str) -> str:
    """With a capital, as a sentence on its own has it; a name of a file stays as it is."""
    first = words.split(" ", 1)[0].rstrip(":,")
    return words[:1].upper() + words[1:] if first.isalpha() else words
