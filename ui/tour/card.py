"""The tour's card, floating over the window, and the ring around what it speaks of."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui import theme

WIDTH, MARGIN = 400, 18  # widget units
SKIP_KEY, END_KEY = "F2", "Shift+F2"


class TourCard(QWidget):
    """One step in words. Takes no keys from the canvas; can be dragged out of the way."""

    skipped = Signal()
    ended = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Tour")
        self._grip: QPoint | None = None
        self._moved = False
        self._place_word = QLabel()
        self._place_word.setObjectName("faint")
        self.title, self.words = QLabel(), QLabel()
        self.title.setObjectName("title")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.skip, self.end = QPushButton(f"Skip this ({SKIP_KEY})"), QPushButton("End the tour")
        self.end.setToolTip(END_KEY)
        for button, signal, key in ((self.skip, self.skipped, SKIP_KEY), (self.end, self.ended, END_KEY)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(signal)
            QShortcut(QKeySequence(key), self).activated.connect(signal)
        buttons = QHBoxLayout()
        buttons.addWidget(self._place_word)
        buttons.addStretch()
        buttons.addWidget(self.end)
        buttons.addWidget(self.skip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.words)
        layout.addSpacing(4)
        layout.addLayout(buttons)
        parent.installEventFilter(self)

    def say(self, title: str, words: str, place: str, *, last: bool = False) -> None:
        """Show a step; `place`: how far the tour is."""
        self.title.setText(title)
        self.words.setText(words)
        self._place_word.setText(place)
        self.skip.setVisible(not last)
        self.end.setText("Close" if last else "End the tour")
        self.setAccessibleDescription(f"{title}. {words}")
        layout = self.layout()
        assert layout is not None
        self.setFixedHeight(layout.heightForWidth(WIDTH))
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """In the lower left corner, clear of the panels on the right, unless it was put elsewhere."""
        over = self.parentWidget()
        if over is None:
            return
        if not self._moved:
            self.move(MARGIN, over.height() - self.height() - MARGIN)
        else:
            self.move(self._kept_inside(self.pos()))

    def _kept_inside(self, point: QPoint) -> QPoint:
        over = self.parentWidget()
        assert over is not None
        x = min(max(point.x(), 0), max(over.width() - self.width(), 0))
        return QPoint(x, min(max(point.y(), 0), max(over.height() - self.height(), 0)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._moved = True
            self.move(self._kept_inside(self.mapToParent(event.position().toPoint()) - self._grip))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None


class Ring(QWidget):
    """A ring around a part of the window. It takes no mouse."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._target: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def surround(self, target: QWidget | None) -> None:
        """Go around another widget of the window; None: nowhere."""
        if self._target is not None:
            self._target.removeEventFilter(self)
        self._target = target
        if target is not None:
            target.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        moves = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide)
        if event.type() in moves:
            self._follow()
        return False

    def _follow(self) -> None:
        target, over = self._target, self.parentWidget()
        if target is None or over is None or not target.isVisible():
            self.hide()
            return
        self.setGeometry(QRect(target.mapTo(over, QPoint(0, 0)), target.size()))
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 3))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 6, 6)
