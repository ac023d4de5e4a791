"""Two model versions side by side, measured on the same held-out images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ui.panels.run_progress import number

BETTER, WORSE = "#2fa65a", "#d0574f"
SAME = 0.0005  # a difference that three digits do not show
ROW = 24


def rows_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """(name, old, new): AP, AP50 and AP75 of masks, AP of boxes, then mask AP of each category."""
    rows = [
        (f"{kind} {name}", _score(old, kind, name), _score(new, kind, name))
        for kind, names in (("mask", ("AP", "AP50", "AP75")), ("box", ("AP",)))
        for name in names
    ]
    by_name = (old.get("per_category") or {}), (new.get("per_category") or {})
    for category in sorted({*by_name[0], *by_name[1]}, key=str.casefold):
        rows.append((category, *(_score({"of": each}, "of", category, "mask") for each in by_name)))
    return rows


def _score(scores: Mapping[str, Any], *path: str) -> float | None:
    value: Any = scores
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) and value >= 0 else None


class ComparisonTable(QTableWidget):
    """Rows of scores: old, new, difference (green better, red worse, with its sign)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setAccessibleName("The old and the new version side by side")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_versions(self, names: tuple[str, str], old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Fill it; the table becomes as high as it needs."""
        self.setHorizontalHeaderLabels(["", names[0], names[1], ""])
        rows = rows_of(old, new)
        self.setRowCount(len(rows))
        for row, (name, before, after) in enumerate(rows):
            change = None if before is None or after is None else after - before
            words = "" if change is None else "=" if abs(change) < SAME else f"{change:+.3f}"
            for column, text in enumerate((name, number(before), number(after), words)):
                item = self._put(row, column, text)
                if column == 3 and change is not None and abs(change) >= SAME:
                    item.setForeground(QColor(BETTER if change > 0 else WORSE))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + len(rows) * ROW + 4)

    def _put(self, row: int, column: int, text: str) -> QTableWidgetItem:
        item = QTableWidgetItem(text)
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if column == 2:
            font = item.font()
            font.setBold(True)
            item.setFont(font)
        self.setItem(row, column, item)
        return item
