"""The table of prototype ceilings as a widget: a row a category, a column a size; one cell is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.ceiling import ALL
from app.ceiling_table import COLUMNS, Row
from ui.dialogs.ceiling_cells import HEIGHT, PAD, CeilingCell, CeilingModel

if TYPE_CHECKING:
    from app.annotation import CategoryId

Cell = tuple["CategoryId | None", str]  # a category (None: all of them) and the name of a size


class CeilingGrid(QTableView):
    """Shows rows of cells; its selection model tells when another cell is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = CeilingModel(self)
        self.setModel(self.cells)
        self.setItemDelegate(CeilingCell(self))
        self.setAccessibleName("Prototype ceiling by category and size")
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStyleSheet(f"QHeaderView::section {{ padding: 6px {PAD}px; }}")
        header.setHighlightSections(False)

    def show_rows(self, rows: Sequence[Row], colors: Mapping[CategoryId, str]) -> None:
        """Other numbers; the cell that was chosen stays so where it is still there."""
        cell = self.chosen()
        self.cells.show_rows(rows, colors)
        self._choose(cell)

    def chosen(self) -> Cell:
        """The category and size of the current cell; all of both where none is."""
        index = self.currentIndex()
        if not index.isValid() or index.row() >= len(self.cells.rows):
            return None, ALL
        size = COLUMNS[index.column() - 1] if index.column() else ALL
        return self.cells.rows[index.row()].category, size

    def _choose(self, cell: Cell) -> None:
        category, size = cell
        rows = self.cells.rows
        row = next((n for n, each in enumerate(rows) if each.category == category), 0)
        index = self.cells.index(row, 1 + COLUMNS.index(size)) if rows else QModelIndex()
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    @property
    def whole_height(self) -> int:
        """Widget units with which every row is seen."""
        return self.horizontalHeader().sizeHint().height() + HEIGHT * len(self.cells.rows) + 4
