"""How the ceilings' table looks: a model of its rows, and cells with two means, two shares and a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.annotation import CategoryId
from app.ceiling import ALL
from app.ceiling_table import COLUMNS, GOOD, Cell, Row
from ui import theme

Index = QModelIndex | QPersistentModelIndex
HEADINGS = {"small": "Small, under 32²", "medium": "Medium", "large": "Large, from 96²", ALL: "All sizes"}
CELL_ROLE = Qt.ItemDataRole.UserRole
HEIGHT, PAD, BAR = 58, 10, 5  # widget units
FAIR = 0.8
NONE = QModelIndex()


def tone(iou: float) -> QColor:
    """The theme's colour of a ceiling."""
    return theme.color("good" if iou >= GOOD else "wait" if iou >= FAIR else "bad")


class CeilingModel(QAbstractTableModel):
    """Rows of categories, all of them together always on top; a column of names, then sizes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._colors: Mapping[CategoryId, str] = {}
        self._column, self._descending = 0, False

    def show_rows(self, rows: Sequence[Row], colors: Mapping[CategoryId, str]) -> None:
        """Take other rows, in the order that was chosen."""
        self.beginResetModel()
        self._colors = colors
        self.rows = list(rows)
        self._order()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By name, or by a column's mean with helper rows; rows without such a cell come last."""
        self.layoutAboutToBeChanged.emit()
        self._column, self._descending = column, order is Qt.SortOrder.DescendingOrder
        self._order()
        self.layoutChanged.emit()

    def _order(self) -> None:
        top = [row for row in self.rows if row.category is None]
        rest = [row for row in self.rows if row.category is not None]
        if self._column <= 0:
            rest.sort(key=lambda row: row.name.casefold(), reverse=self._descending)
        else:
            size, sign = COLUMNS[self._column - 1], -1 if self._descending else 1

            def key(row: Row) -> tuple[bool, float]:
                cell = row.cells.get(size)
                return cell is None, sign * cell.mean.helped if cell else 0.0

            rest.sort(key=key)
        self.rows = top + rest

    def rowCount(self, parent: Index = NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NONE) -> int:
        return 1 + len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return "Category" if not section else HEADINGS[COLUMNS[section - 1]]
        if role == Qt.ItemDataRole.ToolTipRole and section:
            return "By the pixels of the mask, as COCO has it. Click to sort by the mean with helper rows"
        return None

    def cell(self, index: Index) -> Cell | None:
        """What a place of the table holds."""
        return self.rows[index.row()].cells.get(COLUMNS[index.column() - 1]) if index.column() else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, cell = self.rows[index.row()], self.cell(index)
        if role == CELL_ROLE:
            return cell
        if role == Qt.ItemDataRole.DisplayRole and not index.column():
            return "All categories" if row.category is None else row.name
        if role == Qt.ItemDataRole.DecorationRole and not index.column() and row.category is not None:
            return QColor(self._colors.get(row.category, "#888888"))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole) and cell is not None:
            return words(cell)
        return None


def words(cell: Cell) -> str:
    """A cell in words."""
    return (
        f"{cell.count:,} instance{'s' * (cell.count != 1)}\n"
        f"prototypes alone: mean IoU {cell.mean.alone:.3f}, {cell.share.alone:.0%} from {GOOD:.2f} on\n"
        f"with helper rows: mean IoU {cell.mean.helped:.3f}, {cell.share.helped:.0%} from {GOOD:.2f} on"
    )


class CeilingCell(QStyledItemDelegate):
    """Paints 'alone > helped', the shares and the count below, and a bar with a mark at .90."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(150, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        palette: QPalette = option.palette
        text = palette.color(QPalette.ColorRole.Text)
        self._ground(painter, rect, palette, text, bool(option.state & QStyle.StateFlag.State_Selected))
        faint = QColor(text)
        faint.setAlpha(150)
        inside = rect.adjusted(PAD, 7, -PAD, -8)
        if not index.column():
            self._name(painter, inside, option, index, text)
        elif (cell := index.data(CELL_ROLE)) is None:
            painter.setPen(faint)
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, "–")
        else:
            self._means(painter, inside, option.font, cell, faint)
            self._shares(painter, inside, option.font, cell, faint)
            self._bar(painter, inside, cell, text)
        painter.restore()

    @staticmethod
    def _ground(painter: QPainter, rect: QRect, palette: QPalette, text: QColor, selected: bool) -> None:
        painter.fillRect(rect, palette.color(QPalette.ColorRole.Base))  # over the style sheet's selection
        if selected:
            accent = palette.color(QPalette.ColorRole.Highlight)
            painter.setPen(accent)
            accent.setAlpha(30)
            painter.setBrush(accent)
            painter.drawRoundedRect(QRectF(rect).adjusted(2.5, 2.5, -2.5, -3.5), 6, 6)
        line = QColor(text)
        line.setAlpha(24)
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), line)

    @staticmethod
    def _name(
        painter: QPainter, inside: QRect, option: QStyleOptionViewItem, index: Index, text: QColor
    ) -> None:
        font = QFont(option.font)
        color = index.data(Qt.ItemDataRole.DecorationRole)
        if color is None:
            font.setBold(True)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QRectF(inside.left(), inside.center().y() - 4, 9, 9))
            inside = inside.adjusted(17, 0, 0, 0)
        painter.setFont(font)
        painter.setPen(text)
        name = painter.fontMetrics().elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideRight, inside.width()
        )
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, name)

    @staticmethod
    def _means(painter: QPainter, inside: QRect, base: QFont, cell: Cell, faint: QColor) -> None:
        painter.setFont(base)
        painter.setPen(faint)
        alone = f"{cell.mean.alone:.3f}  →  "
        painter.drawText(inside, Qt.AlignmentFlag.AlignTop, alone)
        wide = painter.fontMetrics().horizontalAdvance(alone)
        font = QFont(base)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(tone(cell.mean.helped))
        painter.drawText(inside.adjusted(wide, 0, 0, 0), Qt.AlignmentFlag.AlignTop, f"{cell.mean.helped:.3f}")

    @staticmethod
    def _shares(painter: QPainter, inside: QRect, base: QFont, cell: Cell, faint: QColor) -> None:
        font = QFont(base)
        font.setPointSizeF(max(base.pointSizeF() - 1, 7))
        painter.setFont(font)
        painter.setPen(faint)
        below = inside.adjusted(0, 18, 0, -BAR - 2)
        shares = f"{cell.share.alone:.0%} → {cell.share.helped:.0%}"
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, shares)
        painter.drawText(
            below, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{cell.count:,}"
        )

    @staticmethod
    def _bar(painter: QPainter, inside: QRect, cell: Cell, text: QColor) -> None:
        groove = QRectF(inside.left(), inside.bottom() - BAR + 1, inside.width(), BAR)
        color = QColor(text)
        color.setAlpha(30)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, fill in (
            (1.0, color),
            (cell.mean.helped, _pale(tone(cell.mean.helped))),
            (cell.mean.alone, tone(cell.mean.helped)),
        ):
            painter.setBrush(fill)
            part = QRectF(groove.topLeft(), QPointF(groove.left() + groove.width() * share, groove.bottom()))
            painter.drawRoundedRect(part, BAR / 2, BAR / 2)
        mark = QColor(text)
        mark.setAlpha(140)
        painter.fillRect(QRectF(groove.left() + groove.width() * GOOD, groove.top() - 2, 1, BAR + 4), mark)


def _pale(color: QColor) -> QColor:
    pale = QColor(color)
    pale.setAlpha(110)
    return pale
