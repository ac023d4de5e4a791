"""The open project's categories, and the one that is drawn with.

Changes are made on the project thread; the list follows once they are on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.annotation import Category, CategoryId
from app.errors import InputError

if TYPE_CHECKING:
    from app.project import Project
    from ui.workers import Workers


class Categories(QObject):
    """See the module. Iterates in the project's order."""

    changed = Signal()
    chosen = Signal()  # another one is drawn with, or it looks otherwise
    wanted = Signal()  # a drawn shape waits for one
    refused = Signal(str)  # why a change was not made

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self.begin(None, [])

    def begin(self, project: Project | None, categories: list[Category]) -> None:
        """Another project is open, or none. Whoever opens it announces that, once all is there."""
        self._project, self._all = project, categories
        self.current: Category | None = categories[0] if categories else None
        self.awaited = False  # a drawn shape waits for the person's choice

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Category]:
        return iter(self._all)

    def __getitem__(self, place: int) -> Category:
        return self._all[place]

    def choose(self, category_id: CategoryId) -> None:
        """Draw with this category from now on."""
        found = next((each for each in self._all if each.id == category_id), None)
        if found is not None and found != self.current:
            self.current = found
            self.awaited = False
            self.chosen.emit()

    def want(self) -> None:
        """Something was drawn that has no category: only the person's choice can be the one."""
        self.awaited = True
        self.wanted.emit()

    def add(self, name: str) -> None:
        """A new category, which is then the current one."""
        self._change(lambda project: project.add_category(name).id)

    def update(self, category: Category) -> None:
        """Rename or recolour."""
        self._change(lambda project: project.update_category(category))

    def remove(self, category_id: CategoryId) -> None:
        """Remove a category that nothing uses."""
        self._change(lambda project: project.remove_category(category_id))

    def take(self, categories: list[Category], new: CategoryId | None = None) -> None:
        """The project has these categories now; `new`: draw with this one."""
        self._all = categories
        kept = new if new is not None else (self.current.id if self.current else None)
        first = categories[0] if categories and not self.awaited else None
        self.current = next((each for each in categories if each.id == kept), first)
        self.awaited = self.awaited and self.current is None
        self.changed.emit()
        self.chosen.emit()

    def _change(self, work: Callable[[Project], CategoryId | None]) -> None:
        project = self._project
        if project is None:
            return

        def both() -> tuple[CategoryId | None, list[Category]]:
            return work(project), project.categories()

        def arrived(answer: tuple[CategoryId | None, list[Category]]) -> None:
            if project is self._project:
                self.take(answer[1], answer[0])

        self._workers.on_project(both, arrived, self._refused)

    def _refused(self, error: InputError) -> None:
        self.refused.emit(str(error))
        self.changed.emit()
