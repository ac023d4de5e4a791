"""The current image's annotations as a Qt table model: eye, category, state, score, area."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QApplication

from app.annotation import Annotation, AnnotationId, AnnotationState, Category, CategoryId
from app.edits import Edit
from ui.panels.image_model import ROOT, Index

if TYPE_CHECKING:
    from ui.session import Session

EYE, CATEGORY, STATE, SCORE, AREA = range(5)
NUMBERS = SCORE, AREA  # to the right
MANY = 40  # changed annotations from which reading all again is less work
HEADINGS = ("", "Category", "State", "Score", "Area")
HEADING_TIPS = {
    EYE: "Click: hide all, or show all again",
    SCORE: "What the model gave it. An export has the score of open proposals only",
    AREA: "Pixels of the mask",
}
MARKS = {
    AnnotationState.PROPOSED: "◌ proposed",
    AnnotationState.ACCEPTED: "✓ accepted",
    AnnotationState.CORRECTED: "✎ corrected",
    AnnotationState.DRAWN: "✎ drawn",
    AnnotationState.REJECTED: "✕ rejected",
}


def swatch(color: str, side: int = 12) -> QPixmap:
    """A round spot of a category's colour."""
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(255, 255, 255, 200), 1.2))  # told from the ground of a chosen row, too
    painter.setBrush(QColor(color))
    painter.drawEllipse(1, 1, side - 2, side - 2)
    painter.end()
    return pixmap


def score_of(each: Annotation) -> float | None:
    """The score that the model (or, of an open proposal, an imported file) gave to what is here.

    None for what was found by a click, though it keeps how sure its outline was, and for imported work: next
    to a model's score either would be read as one.
    """
    told = each.state is AnnotationState.PROPOSED or each.origin is not None
    return each.score if told else None


def _count(pixels: float) -> str:
    """Short enough for its column, also in images of a hundred megapixels."""
    return f"{pixels:,.0f}" if pixels < 999_500 else f"{pixels / 1e6:.2f} M"


def _listed(each: Annotation) -> bool:
    return each.state is not AnnotationState.REJECTED


class AnnotationModel(QAbstractTableModel):
    """A person's annotations first, then proposals by falling score; rejected ones are not listed."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: list[Annotation] = []
        self._places: dict[AnnotationId, int] = {}
        self._categories: dict[CategoryId, Category] = {}
        self._swatches: dict[str, QPixmap] = {}
        self._column, self._falling = SCORE, True

    def refresh(self) -> None:
        """Read the document again."""
        self.beginResetModel()
        self.refresh_categories()
        document = self._session.document
        there = document.annotations.values() if document else ()
        self._rows = sorted((each for each in there if _listed(each)), key=self._key)
        self._places = {}
        self._number()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column, a person's annotations and proposals apart. The usual: by falling score."""
        if column != EYE:
            self._column, self._falling = column, order is Qt.SortOrder.DescendingOrder
            self.refresh()

    def _key(self, each: Annotation) -> tuple[Any, ...]:
        sign = -1 if self._falling else 1
        value: Any = {
            SCORE: score_of(each) or 0.0,
            AREA: each.area,
            STATE: list(AnnotationState).index(each.state),
        }.get(self._column, 0.0)
        names = self._text(each, CATEGORY).casefold() if self._column == CATEGORY else ""
        text = tuple(sign * ord(letter) for letter in names)
        return each.state is AnnotationState.PROPOSED, text, sign * value, each.id

    def _number(self, first: int = 0) -> None:
        """Remember where rows stand, from `first` on."""
        for row in range(first, len(self._rows)):
            self._places[self._rows[row].id] = row

    def refresh_categories(self) -> None:
        """Names and colours changed."""
        self._categories = {each.id: each for each in self._session.categories}

    def update(self, edit: Edit) -> None:
        """Show what an edit changed; only the rows concerned come, go and move."""
        if len(edit.changes) > MANY:
            self.refresh()
            return
        for change in edit.changes:
            before, after = change.before, change.after
            row = self._places.get(change.id, -1)
            if row >= 0 and after and _listed(after) and before and self._key(before) == self._key(after):
                self._rows[row] = after
                self.dataChanged.emit(self.index(row, 0), self.index(row, AREA))
                continue
            if row >= 0:
                self.beginRemoveRows(ROOT, row, row)
                del self._places[self._rows.pop(row).id]
                self._number(row)
                self.endRemoveRows()
            if after and _listed(after):
                row = bisect_left(self._rows, self._key(after), key=self._key)
                self.beginInsertRows(ROOT, row, row)
                self._rows.insert(row, after)
                self._number(row)
                self.endInsertRows()

    def is_hidden(self, row: int) -> bool:
        """Whether a person hid it."""
        return self._rows[row].id in self._session.hidden

    def begins_proposals(self, row: int) -> bool:
        """Whether a row is the first proposal, with a person's annotations above it."""
        if not 0 < row < len(self._rows):
            return False
        states = self._rows[row - 1].state, self._rows[row].state
        return states[0] is not AnnotationState.PROPOSED and states[1] is AnnotationState.PROPOSED

    def repaint_all(self) -> None:
        """Visibility or threshold changed."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, AREA))

    def at(self, row: int) -> Annotation:
        """The annotation of a row."""
        return self._rows[row]

    def row_of(self, annotation_id: AnnotationId) -> int:
        """Its row, -1 when it is not listed."""
        return self._places.get(annotation_id, -1)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return len(HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HEADING_TIPS.get(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # numbers stand to the right, where the arrow of the order would lie over their heading
            side = Qt.AlignmentFlag.AlignHCenter if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        each, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(each, column)
        if role == Qt.ItemDataRole.DecorationRole and column == CATEGORY:
            return self._swatch(each.category_id)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and not self._session.visible(each):
            color = QApplication.palette().color(QPalette.ColorRole.Text)
            color.setAlpha(90)
            return QBrush(color)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(each)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ("hidden" if each.id in self._session.hidden else "shown") if column == EYE else None
        return None

    def _text(self, each: Annotation, column: int) -> str:
        if column == EYE:
            return ""
        if column == CATEGORY:
            category = self._categories.get(each.category_id)
            return category.name if category else f"category {each.category_id}"
        if column == STATE:
            return MARKS[each.state]
        if column == SCORE:
            score = score_of(each)
            return "" if score is None else f"{score:.2f}"
        return _count(each.area)

    def _tip(self, each: Annotation) -> str:
        x, y, width, height = each.bbox
        by = f" by {each.origin.model_version}" if each.origin else ""
        where = f"{width:.0f} x {height:.0f} pixels at {x:.0f}, {y:.0f}"
        return f"{MARKS[each.state][2:]}{by}; {each.area:,.0f} of {where}"

    def _swatch(self, category_id: CategoryId) -> QPixmap:
        category = self._categories.get(category_id)
        color = category.color if category else "#888888"
        if color not in self._swatches:
            self._swatches[color] = swatch(color)
        return self._swatches[color]


__all__ = ["AnnotationModel", "QModelIndex", "swatch"]
