"""The numbers of the ceilings' table, read beside the window: of one version and one choice of images."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.annotation import ImageId, ImageState
from app.errors import InputError
from ui.ceilings import read_table, save
from ui.dialogs.ceiling_worst import MOST

if TYPE_CHECKING:
    from app.ceiling_store import Instance
    from app.ceiling_table import Row
    from ui.dialogs.ceiling_grid import Cell
    from ui.session import Session

EMPTY = "No mask of yours yet: accept, correct or draw some, then come back."


class CeilingNumbers(QObject):
    """GUI thread. Answers older than what was asked for last are dropped."""

    taken = Signal()  # others are there
    refused = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.instances: list[Instance] = []
        self.rows: list[Row] = []
        self._asked = 0

    def read(
        self, version: str, states: Collection[ImageState], then: Callable[[], object] = lambda: None
    ) -> None:
        """Read them again; `then` comes after they are told as `taken`."""
        session, project = self._session, self._session.project
        if project is None:
            return
        self._asked += 1
        asked = self._asked

        def work() -> tuple[list[Instance], list[Row]]:
            return read_table(session, project, version, states)

        def arrived(answer: tuple[list[Instance], list[Row]]) -> None:
            if asked == self._asked and project is session.project:
                self.instances, self.rows = answer
                self.taken.emit()
                then()

        session.workers.when_free(work, arrived, self._refused)

    def _refused(self, error: InputError) -> None:
        self.refused.emit(str(error))

    def drop(self) -> None:
        """Nobody waits for what was asked for."""
        self._asked += 1

    @property
    def missing(self) -> list[Instance]:
        """Those that are not measured."""
        return [each for each in self.instances if each.ceiling is None]

    @property
    def images(self) -> set[ImageId]:
        """The images of those."""
        return {each.image_id for each in self.missing}

    def words(self) -> str:
        """How much is measured, in a line."""
        if not self.instances:
            return EMPTY
        if not (missing := self.missing):
            return f"All {len(self.instances):,} instances are measured."
        return (
            f"{len(missing):,} of {len(self.instances):,} instances, in {len(self.images):,} images, are not "
            "measured: the model has to look at these first."
        )

    def worst(self, cell: Cell, then: Callable[[list[Instance]], object]) -> None:
        """The worst instances of a cell of the table, the very worst first."""
        instances, (category, size) = self.instances, cell

        def work() -> list[Instance]:
            from app.ceiling_table import chosen

            return chosen(instances, category, size)[:MOST]

        def arrived(found: list[Instance]) -> None:
            if instances is self.instances:
                then(found)

        self._session.workers.when_free(work, arrived)

    def as_text(self) -> str:
        """The table as text that spreadsheets take from the clipboard."""
        from app.ceiling_table import FIELDS, as_csv, as_dicts

        return as_csv(as_dicts(self.rows), FIELDS, tabs=True)

    def save(self, file: Path, told: Callable[[str], object], *, each: bool) -> None:
        """The table, or a line for each instance, as CSV; `told`: how it went."""
        project, rows, instances = self._session.project, self.rows, self.instances
        if project is None:
            return
        self._session.workers.on_project(
            lambda: save(project, file, None if each else rows, instances),
            lambda _: told(f"Wrote {file}."),
            lambda error: told(str(error)),
        )
