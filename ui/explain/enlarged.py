"""A larger picture of one prototype with a few words, beside what the pointer is over."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from ui.explain.pictures import rounded

SIDE, GAP = 220, 10


class Enlarged(QFrame):
    """A small window without a frame that never takes focus or mouse."""

    def __init__(self, parent: QWidget) -> None:
        flags = Qt.WindowType.ToolTip | Qt.WindowType.FramelessWindowHint
        super().__init__(parent, flags | Qt.WindowType.WindowTransparentForInput)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setObjectName("card")
        self.setAutoFillBackground(True)
        self.picture, self.words = QLabel(), QLabel(wordWrap=True)
        self.words.setFixedWidth(SIDE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.picture)
        layout.addWidget(self.words)

    def show_beside(self, panel: QWidget, at: QPoint, image: QImage, words: str, shape: float) -> None:
        """Show beside a panel, as high as `at` (global), where there is room. `shape`: width / height."""
        height = max(min(round(SIDE / shape), 2 * SIDE), SIDE // 3)
        self.picture.setFixedSize(SIDE, height)
        self.picture.setPixmap(rounded(image, QSize(SIDE, height), self.devicePixelRatioF()))
        self.words.setText(words)
        self.adjustSize()
        screen = self.screen().availableGeometry()
        whole = QRect(panel.mapToGlobal(QPoint(0, 0)), panel.size())
        left = whole.left() - self.width() - GAP
        if left < screen.left():
            left = min(whole.right() + GAP, screen.right() - self.width())
        top = min(max(at.y() - self.height() // 2, screen.top()), screen.bottom() - self.height())
        self.move(left, top)
        self.show()
