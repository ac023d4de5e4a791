"""A table whose inside was made here.

Of a widget that Qt made by itself PySide6 wants to know what it is, and loads every class of widgets there is
to compare: a tenth of what the window's start needs, at the first question for a table's viewport.
"""

from __future__ import annotations

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QTableView, QWidget


class Table(QTableView):
    """Without a grid."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)  # as Qt's own
        inside.setAutoFillBackground(True)
        self.setViewport(inside)
        self.setShowGrid(False)
