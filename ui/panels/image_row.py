"""How one image looks in the list: thumbnail, name, state and counts."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.annotation import ImageState
from app.records import ImageRecord
from ui.panels.image_model import RECORD_ROLE, Index

HEIGHT, PICTURE, GAP = 60, 68, 8
STATE_COLORS = {
    ImageState.NEW: "#8a8f98",
    ImageState.PRELABELLED: "#4c8dff",
    ImageState.IN_PROGRESS: "#e0a100",
    ImageState.DONE: "#2fa65a",
    ImageState.SKIPPED: "#b05a5a",
}


class ImageRow(QStyledItemDelegate):
    """Paints a record."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        rect: QRect = option.rect
        palette: QPalette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight))
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        record = index.data(RECORD_ROLE)
        frame = QRect(rect.left() + GAP, rect.top() + 4, PICTURE, HEIGHT - 8)
        self._picture(painter, frame, index.data(Qt.ItemDataRole.DecorationRole))
        left = frame.right() + GAP
        text = QRect(left, rect.top() + 8, rect.right() - left - GAP, 20)
        painter.setPen(palette.color(role))
        font = QFont(option.font)
        painter.setFont(font)
        folder, _, name = record.path.rpartition("/")
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, _elided(painter, name, text.width()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(255, 255, 255, 200) if chosen else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(STATE_COLORS[record.state]))
        painter.drawEllipse(left, rect.top() + 37, 8, 8)
        faint = palette.color(role)
        faint.setAlpha(170)
        painter.setPen(faint)
        font.setPointSizeF(max(font.pointSizeF() - 1, 7))
        painter.setFont(font)
        below = QRect(left + 14, rect.top() + 31, text.width() - 14, 20)
        painter.drawText(
            below, Qt.AlignmentFlag.AlignVCenter, _elided(painter, _words(record, folder), below.width())
        )
        painter.restore()

    @staticmethod
    def _picture(painter: QPainter, frame: QRect, pixmap: QPixmap | None) -> None:
        if pixmap is None or pixmap.isNull():
            painter.fillRect(frame, QColor(128, 128, 128, 40))
            return
        size = pixmap.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
        where = QRect(0, 0, size.width(), size.height())
        where.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(where, pixmap)


def _elided(painter: QPainter, text: str, width: int) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, width)


def _words(record: ImageRecord, folder: str) -> str:
    """Counts, or the state where there are none: the dot tells the state, too."""
    parts = ["missing"] if record.missing else []
    if not record.annotation_count and not record.proposal_count:
        parts.append(str(record.state))
    done, proposed = record.annotation_count, record.proposal_count
    if done or proposed:
        both = f"{done} + {proposed} proposed"
        parts.append(both if done and proposed else f"{done} labelled" if done else f"{proposed} proposed")
    if folder:
        parts.append(folder)
    return " · ".join(parts)
