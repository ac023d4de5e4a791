"""How annotations look in their table: eyes, a line above the first proposal, a thin bar under each score."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui.panels.annotation_model import EYE, SCORE, AnnotationModel, score_of
from ui.panels.image_model import Index

EYE_WIDTH = 14.0


class AnnotationRow(QStyledItemDelegate):
    """Paints a cell of `AnnotationModel`."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, AnnotationModel)
        rect: QRect = option.rect
        palette: QPalette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        color = palette.color(role)
        if index.column() == EYE:
            if chosen:
                painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight))
            paint_eye(painter, QRectF(rect), color, is_open=not model.is_hidden(index.row()))
        else:
            super().paint(painter, option, index)
        if index.column() == SCORE:
            self._bar(painter, rect, color, score_of(model.at(index.row())))
        if model.begins_proposals(index.row()):
            color = palette.color(QPalette.ColorRole.Text)
            color.setAlpha(70)
            painter.fillRect(QRect(rect.left(), rect.top(), rect.width(), 1), color)

    @staticmethod
    def _bar(painter: QPainter, rect: QRect, color: QColor, score: float | None) -> None:
        if score is None:
            return
        whole = QRectF(rect.left() + 8, rect.bottom() - 3, rect.width() - 12, 2)
        color.setAlpha(40)
        painter.fillRect(whole, color)
        color.setAlpha(170)
        painter.fillRect(QRectF(whole.left(), whole.top(), whole.width() * min(score, 1.0), 2), color)


def paint_eye(painter: QPainter, rect: QRectF, color: QColor, *, is_open: bool) -> None:
    """An eye, or one that is struck out, in the middle of a rectangle."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = QColor(color)
    color.setAlpha(210 if is_open else 100)
    painter.setPen(QPen(color, 1.3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    at, half = rect.center(), EYE_WIDTH / 2
    lid = QRectF(at.x() - half, at.y() - half * 0.9, EYE_WIDTH, EYE_WIDTH * 0.9)
    painter.drawArc(lid.translated(0, half * 0.35), 25 * 16, 130 * 16)
    painter.drawArc(lid.translated(0, -half * 0.35), 205 * 16, 130 * 16)
    if is_open:
        painter.setBrush(color)
        painter.drawEllipse(at, 2.0, 2.0)
    else:
        reach = QPointF(half * 0.75, -half * 0.7)
        painter.drawLine(at - reach, at + reach)
    painter.restore()
