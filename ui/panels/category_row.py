"""How one category looks in the list: colour, name, count in this image, the digit that chooses it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.panels.annotation_model import swatch
from ui.panels.image_model import Index

COLOR_ROLE = int(Qt.ItemDataRole.UserRole) + 1
COUNT_ROLE, KEY_ROLE = COLOR_ROLE + 1, COLOR_ROLE + 2
HEIGHT, SPOT, GAP = 30, 14, 8
KEY, COUNT = 18, 40  # widths


class CategoryRow(QStyledItemDelegate):
    """Paints a category."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, HEIGHT)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect
        editor.setGeometry(rect.adjusted(SPOT + 2 * GAP - 8, 1, -(KEY + COUNT), -1))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        rect: QRect = option.rect
        palette: QPalette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        color = palette.color(role)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 5, 5)
        spot = swatch(index.data(COLOR_ROLE), SPOT)
        painter.drawPixmap(rect.left() + GAP, rect.center().y() - SPOT // 2 + 1, spot)
        name = rect.adjusted(SPOT + 2 * GAP, 0, -(KEY + COUNT + GAP), 0)
        painter.setPen(color)
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, text)
        self._end(painter, rect, color, index.data(COUNT_ROLE), index.data(KEY_ROLE))
        painter.restore()

    @staticmethod
    def _end(painter: QPainter, rect: QRect, color: QColor, count: int, key: int) -> None:
        """The count and the digit, at the row's end."""
        color.setAlpha(150)
        painter.setPen(color)
        where = QRectF(rect.right() - KEY - COUNT - 2, rect.top(), COUNT - 6, rect.height())
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if count:
            painter.drawText(where, right, f"{count:,}")
        if key:
            badge = QRectF(rect.right() - KEY - 3, rect.center().y() - 7.5, KEY - 3, 16)
            pen = QColor(color)
            pen.setAlpha(90)
            painter.setPen(QPen(pen, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(badge, 3, 3)
            font = painter.font()
            font.setPixelSize(10)
            painter.setFont(font)
            painter.setPen(color)
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(key))
