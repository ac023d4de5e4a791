"""The worst instances of a cell of the ceilings' table, the lowest first; a click or a key goes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ui.dialogs.ceiling_cells import tone

if TYPE_CHECKING:
    from app.annotation import CategoryId, ImageId
    from app.ceiling_store import Instance

MOST = 200
HEADINGS = ("Image", "Category", "Pixels", "Prototypes alone", "With helper rows")
ROW = 26  # widget units
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
RESTED = 120  # ms on a row before the window goes there: keys run over many


class WorstTable(QTableWidget):
    """`wanted` carries an image's and an annotation's id."""

    wanted = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADINGS), parent)
        self._instances: Sequence[Instance] = ()
        self._rest = QTimer(self, singleShot=True, interval=RESTED)
        self._rest.timeout.connect(self._go)
        self.setAccessibleName("The worst instances")
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        for column, words in enumerate(HEADINGS):
            item = QTableWidgetItem(words)
            item.setTextAlignment(LEFT if column < 2 else RIGHT)
            self.setHorizontalHeaderItem(column, item)
        self.currentCellChanged.connect(lambda row, *_: self._rest.start() if row >= 0 else None)
        self.itemActivated.connect(lambda _: self._go())

    def show_instances(
        self, instances: Sequence[Instance], images: Mapping[ImageId, str], names: Mapping[CategoryId, str]
    ) -> None:
        """Measured ones, in their order; nothing is chosen then, unless the chosen one is still there."""
        before = (
            self._instances[self.currentRow()].id if 0 <= self.currentRow() < len(self._instances) else None
        )
        blocked = self.blockSignals(True)
        self._instances = instances[:MOST]
        self.setRowCount(len(self._instances))
        self.setCurrentCell(-1, -1)
        self.clearSelection()
        for row, each in enumerate(self._instances):
            assert each.ceiling is not None
            ious = (each.ceiling.alone, each.ceiling.helped)
            texts = (images.get(each.image_id, "?"), names.get(each.category_id, "?"), f"{each.area:,.0f}")
            for column, text in enumerate((*texts, *(f"{iou:.3f}" for iou in ious))):
                item = QTableWidgetItem(text)
                if column > 1:
                    item.setTextAlignment(RIGHT)
                if column > 2:
                    item.setForeground(tone(ious[column - 3]))
                self.setItem(row, column, item)
            if each.id == before:
                self.selectRow(row)
        self.blockSignals(blocked)

    def _go(self) -> None:
        self._rest.stop()
        row = self.currentRow()
        if 0 <= row < len(self._instances):
            self.wanted.emit(self._instances[row].image_id, self._instances[row].id)
