"""The project's categories: the current one, colours, digit keys, counts; add, rename, recolour, remove."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.annotation import AnnotationState, Category, CategoryId
from ui.panels.annotation_model import swatch
from ui.session import Session

ID_ROLE = int(Qt.ItemDataRole.UserRole)
MANY = 12  # from here on the field also filters
KEYS = 9  # digits 1 to 9


class CategoriesPanel(QWidget):
    """A list to choose from; a field that filters and, with Enter, adds."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.field = QLineEdit(placeholderText="New category, Enter", clearButtonEnabled=True)
        self.list = QListWidget()
        self.list.setAccessibleName("Categories")
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        self._filling = False
        session.project_changed.connect(self.refresh)
        session.categories_changed.connect(self.refresh)
        session.category_changed.connect(self.show_current)
        session.document_changed.connect(self.refresh)
        session.annotations_changed.connect(lambda _: self.refresh())
        self.field.returnPressed.connect(self._add)
        self.field.textChanged.connect(lambda: self.refresh())
        self.list.currentItemChanged.connect(self._chosen)
        self.list.itemChanged.connect(self._renamed)
        self.list.customContextMenuRequested.connect(self._menu)
        self.refresh()

    def refresh(self) -> None:
        """Show the categories that pass the filter, with the counts of this image."""
        document = self._session.document
        there = document.annotations.values() if document else ()
        counts = Counter(each.category_id for each in there if each.state is not AnnotationState.REJECTED)
        categories = self._session.categories
        needle = self.field.text().casefold() if len(categories) > MANY else ""
        self._filling = True
        self.list.clear()
        for number, category in enumerate(categories, start=1):
            if needle in category.name.casefold():
                self.list.addItem(self._item(category, number, counts[category.id]))
        self._filling = False
        self.show_current()

    def _item(self, category: Category, number: int, count: int) -> QListWidgetItem:
        item = QListWidgetItem(QIcon(swatch(category.color, 16)), category.name)
        item.setData(ID_ROLE, category.id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        key = f"key {number}, " if number <= KEYS else ""
        item.setToolTip(
            f"{category.name}: {key}{count} in this image, id {category.id}. Double-click renames."
        )
        return item

    def show_current(self) -> None:
        """Mark the session's category."""
        current = self._session.category
        self._filling = True
        for row in range(self.list.count()):
            if current is not None and self.list.item(row).data(ID_ROLE) == current.id:
                self.list.setCurrentRow(row)
        self._filling = False

    def _add(self) -> None:
        name = self.field.text().strip()
        there = {category.name.casefold(): category.id for category in self._session.categories}
        if not name:
            return
        self.field.clear()
        if name.casefold() in there:
            self._session.set_category(there[name.casefold()])
        else:
            self._session.add_category(name)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._filling:
            self._session.set_category(CategoryId(item.data(ID_ROLE)))

    def _renamed(self, item: QListWidgetItem) -> None:
        category = self._category(item)
        if not self._filling and category is not None and item.text() != category.name:
            self._session.update_category(replace(category, name=item.text().strip()))

    def _category(self, item: QListWidgetItem) -> Category | None:
        return next((each for each in self._session.categories if each.id == item.data(ID_ROLE)), None)

    def _menu(self, place: QPoint) -> None:
        item = self.list.itemAt(place)
        category = self._category(item) if item else None
        if item is None or category is None:
            return
        menu = QMenu(self)
        menu.addAction("Rename", lambda: self.list.editItem(item))
        menu.addAction("Colour …", lambda: self._recolour(category))
        menu.addAction("Give it to the chosen annotations", lambda: self._session.relabel(category.id))
        menu.addSeparator()
        menu.addAction("Remove", lambda: self._session.remove_category(category.id))
        menu.exec(self.list.viewport().mapToGlobal(place))

    def _recolour(self, category: Category) -> None:
        color = QColorDialog.getColor(QColor(category.color), self, f"Colour of {category.name}")
        if color.isValid():
            self._session.update_category(replace(category, color=color.name()))
