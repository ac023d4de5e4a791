"""The project's categories: the current one, colours, digit keys, counts; add, rename, recolour, remove."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor
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
from ui.panels.category_row import COLOR_ROLE, COUNT_ROLE, KEY_ROLE, CategoryRow
from ui.session import Session
from ui.widgets.own_keys import OwnKeys

ID_ROLE = int(Qt.ItemDataRole.UserRole)
MANY = 12  # from here on the field also filters
KEYS = 9  # digits 1 to 9


class CategoriesPanel(QWidget):
    """A list to choose from; a field that filters and, with Enter, adds. `settled`: back to the image.

    The field keeps the keyboard after a name, since letters of the next name would be shortcuts elsewhere;
    Enter or Escape in the empty field, or a shape that waited for the name, goes back to the image.
    """

    settled = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.field = QLineEdit(placeholderText="New category, Enter", clearButtonEnabled=True)
        self.field.setToolTip("Enter adds it; Enter in the empty field goes back to the image")
        self.list = QListWidget()
        self.list.setAccessibleName("Categories")
        self.list.setItemDelegate(CategoryRow(self.list))
        self.list.setUniformItemSizes(True)
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
        session.document_changed.connect(self.show_counts)
        session.annotations_changed.connect(lambda _: self.show_counts())
        self.field.returnPressed.connect(self._add)
        OwnKeys(self.field).escaped.connect(self._leave)
        self.field.textChanged.connect(lambda: self.refresh())
        self.list.currentItemChanged.connect(self._chosen)
        self.list.itemChanged.connect(self._renamed)
        self.list.customContextMenuRequested.connect(self._menu)
        self.refresh()

    def refresh(self) -> None:
        """Show the categories that pass the filter."""
        categories = self._session.categories
        many = len(categories) > MANY
        self.field.setPlaceholderText("Filter, or a new name and Enter" if many else "New category, Enter")
        needle = self.field.text().strip().casefold() if many else ""
        self._filling = True
        self.list.clear()
        for number, category in enumerate(categories, start=1):
            if needle in category.name.casefold():
                self.list.addItem(_item(category, number))
        self._filling = False
        self.show_counts()
        self.show_current()

    def show_counts(self) -> None:
        """How many annotations of this image have each category, rejected proposals left out."""
        document = self._session.document
        there = document.annotations.values() if document else ()
        counts = Counter(each.category_id for each in there if each.state is not AnnotationState.REJECTED)
        self._filling = True
        for row in range(self.list.count()):
            item = self.list.item(row)
            count = counts[item.data(ID_ROLE)]
            if item.data(COUNT_ROLE) != count:
                item.setData(COUNT_ROLE, count)
                item.setToolTip(f"{item.text()}: {count} in this image. Double-click renames.")
        self._filling = False

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
        awaited = self._session.categories.awaited
        self.field.clear()
        if name.casefold() in there:
            self._session.categories.choose(there[name.casefold()])
        elif name:
            self._session.categories.add(name)
        if awaited == bool(name):  # a shape has its name now, or all names are given
            self.settled.emit()

    def _leave(self) -> None:
        """Nothing is added."""
        self.field.clear()
        self.settled.emit()

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._filling:
            self._session.categories.choose(CategoryId(item.data(ID_ROLE)))

    def _renamed(self, item: QListWidgetItem) -> None:
        category = self._category(item)
        if not self._filling and category is not None and item.text() != category.name:
            self._session.categories.update(replace(category, name=item.text().strip()))

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
        menu.addAction("Remove", lambda: self._session.categories.remove(category.id))
        menu.exec(self.list.viewport().mapToGlobal(place))

    def _recolour(self, category: Category) -> None:
        color = QColorDialog.getColor(QColor(category.color), self, f"Colour of {category.name}")
        if color.isValid():
            self._session.categories.update(replace(category, color=color.name()))


def _item(category: Category, number: int) -> QListWidgetItem:
    item = QListWidgetItem(category.name)
    item.setData(ID_ROLE, category.id)
    item.setData(COLOR_ROLE, category.color)
    item.setData(COUNT_ROLE, 0)
    item.setData(KEY_ROLE, number if number <= KEYS else 0)
    key = f"key {number}, " if number <= KEYS else ""
    item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, f"{key}id {category.id}")
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
    return item
