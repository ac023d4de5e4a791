"""The scores of the current image's proposals as a histogram, with the threshold as a line to drag.

Hiding by score needs no network run: all detections above a low floor are in the document as proposals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.annotation import AnnotationState

if TYPE_CHECKING:
    from ui.session import Session

BINS = 40
HEIGHT = 44
MARGIN = 6


class ScoreHistogram(QWidget):
    """Bars of 1/40 score; those under the threshold are faint."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._bins = [0] * BINS
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setAccessibleName("Score threshold")
        self.setToolTip("Proposals under the line are hidden. Drag it, or use the arrow keys.")
        session.threshold_changed.connect(lambda _: self.update())
        session.annotations_changed.connect(lambda _: self.refresh())
        session.document_changed.connect(self.refresh)

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def refresh(self) -> None:
        """Count the proposals again."""
        self._bins = [0] * BINS
        document = self._session.document
        for each in document.annotations.values() if document else ():
            if each.state is AnnotationState.PROPOSED and each.score is not None:
                self._bins[min(int(each.score * BINS), BINS - 1)] += 1
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette, threshold = self.palette(), self._session.threshold
        width, bottom = self.width() - 2 * MARGIN, self.height() - 8
        top = max(max(self._bins), 1)
        bar = width / BINS
        for number, count in enumerate(self._bins):
            color = palette.color(QPalette.ColorRole.Highlight)
            color.setAlpha(230 if (number + 1) / BINS > threshold else 70)
            height = (bottom - 6) * (count / top) ** 0.5
            painter.fillRect(QRectF(MARGIN + number * bar + 0.5, bottom - height, bar - 1, height), color)
        faint = palette.color(QPalette.ColorRole.Text)
        faint.setAlpha(60)
        painter.fillRect(QRectF(MARGIN, bottom, width, 1), faint)
        x = MARGIN + threshold * width
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Text), 1.5))
        painter.drawLine(QPointF(x, 2), QPointF(x, bottom + 2))
        painter.setBrush(palette.color(QPalette.ColorRole.Text))
        painter.drawEllipse(QPointF(x, bottom + 3), 3.5, 3.5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -0.01, Qt.Key.Key_Right: 0.01}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._session.set_threshold(min(max(self._session.threshold + step, 0.0), 1.0))

    def _drag(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            share = (event.position().x() - MARGIN) / max(self.width() - 2 * MARGIN, 1)
            self._session.set_threshold(round(min(max(share, 0.0), 1.0), 3))
