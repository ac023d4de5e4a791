"""The current image's annotations as a Qt table model: eye, category, state, score, area."""

from __future__ import annotations

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
HEADINGS = ("", "Category", "State", "Score", "Area")
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


class AnnotationModel(QAbstractTableModel):
    """A person's annotations first, then proposals by falling score; rejected ones are not listed."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: list[Annotation] = []
        self._places: dict[AnnotationId, int] = {}
        self._categories: dict[CategoryId, Category] = {}
        self._swatches: dict[str, QPixmap] = {}

    def refresh(self) -> None:
        """Read the document again."""
        self.beginResetModel()
        document = self._session.document
        there = document.annotations.values() if document else ()
        listed = [each for each in there if each.state is not AnnotationState.REJECTED]
        self._rows = sorted(
            listed, key=lambda each: (each.state is AnnotationState.PROPOSED, -(each.score or 0), each.id)
        )
        self._places = {each.id: row for row, each in enumerate(self._rows)}
        self.refresh_categories()
        self.endResetModel()

    def refresh_categories(self) -> None:
        """Names and colours changed."""
        self._categories = {each.id: each for each in self._session.categories}

    def update(self, edit: Edit) -> None:
        """Show what an edit changed; rows come, go and move only when they have to."""
        same = all(
            change.before
            and change.after
            and change.id in self._places
            and change.before.state is change.after.state
            and change.before.score == change.after.score
            for change in edit.changes
        )
        if not same:
            self.refresh()
            return
        for change in edit.changes:
            assert change.after is not None
            row = self._places[change.id]
            self._rows[row] = change.after
            self.dataChanged.emit(self.index(row, 0), self.index(row, AREA))

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
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        each, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(each, column)
        if role == Qt.ItemDataRole.DecorationRole and column == CATEGORY:
            return self._swatch(each.category_id)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (SCORE, AREA):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and not self._session.visible(each):
            color = QApplication.palette().color(QPalette.ColorRole.Text)
            color.setAlpha(90)
            return QBrush(color)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(each)
        return None

    def _text(self, each: Annotation, column: int) -> str:
        if column == EYE:
            return "○" if each.id in self._session.hidden else "●"
        if column == CATEGORY:
            category = self._categories.get(each.category_id)
            return category.name if category else f"category {each.category_id}"
        if column == STATE:
            return MARKS[each.state]
        if column == SCORE:
            return "" if each.score is None else f"{each.score:.2f}"
        return f"{each.area:,.0f}"

    def _tip(self, each: Annotation) -> str:
        x, y, width, height = each.bbox
        by = f" by {each.origin.model_version}" if each.origin else ""
        return f"{MARKS[each.state][2:]}{by}; {width:.0f} x {height:.0f} pixels at {x:.0f}, {y:.0f}"

    def _swatch(self, category_id: CategoryId) -> QPixmap:
        category = self._categories.get(category_id)
        color = category.color if category else "#888888"
        if color not in self._swatches:
            self._swatches[color] = swatch(color)
        return self._swatches[color]


__all__ = ["AnnotationModel", "QModelIndex", "swatch"]
