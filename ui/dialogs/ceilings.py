"""The prototype ceiling of the project: by category and size, the worst instances of a cell; copied or saved.

Opening it measures what needs no run of the network; the rest is measured when the person asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.annotation import ImageId, ImageState
from app.ceiling import ALL
from app.ceiling_table import GOOD, Row
from app.errors import InputError
from ui.ceilings import read_table, save
from ui.dialogs.ceiling_grid import CeilingGrid, Cell
from ui.dialogs.ceiling_run import CeilingRun
from ui.dialogs.ceiling_worst import MOST, WorstTable

if TYPE_CHECKING:
    from app.ceiling_store import Instance
    from app.versions import ModelVersion
    from ui.commands import Context

AGAIN = 3000  # ms between two looks at the numbers, while more are measured
WORDS = (
    "How well could the best coefficients express the masks that you accepted, corrected or drew? "
    "Mean IoU of the best fit, prototypes alone → with the helper rows that hints use; below, the share of "
    f"instances from {GOOD:.2f} on, and how many there are. Where it is low, no hint and no bar will do: "
    "look closer, paint, or retrain."
)
EMPTY = "No mask of yours yet: accept, correct or draw some, then come back."
KINDS = ("The table (*.csv)", "Every instance, with the ids of exported files (*.csv)")
CHOICES: dict[str, tuple[ImageState, ...]] = {
    "All images": tuple(state for state in ImageState if state is not ImageState.SKIPPED),
    "Done only": (ImageState.DONE,),
}


class CeilingsDialog(QDialog):
    """Stays beside the window, one for a window."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Prototype ceiling")
        self._session = context.session
        self._versions: list[ModelVersion] = []
        self.instances: list[Instance] = []
        self._rows: list[Row] = []
        self._active = ""  # the version that pre-labels
        self._asked = 0  # what was asked for last; older answers are dropped
        self._laid_out = -1  # rows for which the table has its height
        self._again = QTimer(self, interval=AGAIN)
        self._again.timeout.connect(self.refresh)
        self._run = CeilingRun(context, self)
        self.table = CeilingGrid()
        self.model = self.table.cells
        self.worst = WorstTable()
        self.versions, self.images = QComboBox(), QComboBox()
        self.status, self.about = QLabel(), QLabel()
        self.bar = QProgressBar()
        self.measure = QPushButton("Measure")
        self.measure.setProperty("primary", True)
        self.copy, self.save = QPushButton("Copy"), QPushButton("Save as CSV …")
        self._lay_out()
        self._connect()
        self.worst.wanted.connect(context.go_to)
        self.resize(900, 720)

    # --- made once -----------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        explained = QLabel(WORDS, wordWrap=True)
        explained.setObjectName("faint")
        choices = QHBoxLayout()
        self.images.addItems(list(CHOICES))
        self.versions.setMinimumWidth(160)
        for words, box in (("Model", self.versions), ("Images", self.images)):
            label = QLabel(words)
            label.setBuddy(box)
            box.setAccessibleName(words)
            choices.addWidget(label)
            choices.addWidget(box)
            choices.addSpacing(12)
        choices.addStretch()
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.about)
        column.addWidget(self.worst, 1)
        parts = self._parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(below)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.status.setObjectName("faint")
        self.status.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.status, 1)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        for button in (self.measure, self.copy, self.save, close):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(explained)
        layout.addLayout(choices)
        layout.addWidget(parts, 1)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.versions.activated.connect(lambda: self._start())
        self.images.activated.connect(lambda: self._start())
        self.table.selectionModel().currentChanged.connect(lambda *_: self._list_worst())
        self.measure.clicked.connect(lambda: self._measure_or_stop())
        self.copy.clicked.connect(lambda: self.to_clipboard())
        self.save.clicked.connect(lambda: self._ask_where())
        QShortcut(QKeySequence.StandardKey.Copy, self.table, self.to_clipboard)
        self._run.begun.connect(self._begun)
        self._run.progressed.connect(self._progressed)
        self._run.ended.connect(self._ended)
        self._session.project_changed.connect(self.close)

    # --- what is shown -------------------------------------------------------------------------------------

    def open(self) -> None:
        """Show it, with the project's numbers as they are now."""
        self.show()
        self.raise_()
        self.activateWindow()
        project, session = self._session.project, self._session
        if project is None:
            return

        def work() -> tuple[list[ModelVersion], str]:
            from app.versions import active, list_versions

            return list_versions(project), active(project).name

        session.workers.on_project(work, self._take_versions)

    def closeEvent(self, event: object) -> None:
        """Measuring goes on in the window's bar of tasks; nothing is looked up for nobody."""
        self._again.stop()
        self._asked += 1

    def _take_versions(self, answer: tuple[list[ModelVersion], str]) -> None:
        self._versions, self._active = answer
        names = [each.name for each in self._versions]
        before = self.versions.currentText()
        self.versions.clear()
        self.versions.addItems(names)
        wanted = before if before in names else self._active
        self.versions.setCurrentIndex(names.index(wanted) if wanted in names else 0)
        self._start()

    @property
    def version(self) -> ModelVersion | None:
        """The chosen one."""
        place = self.versions.currentIndex()
        return self._versions[place] if 0 <= place < len(self._versions) else None

    def _start(self) -> None:
        """Other numbers: read them, then measure what is missing and needs no network."""
        self.refresh(measure=True)

    def refresh(self, *, measure: bool = False) -> None:
        """Read the numbers again."""
        session, project, version = self._session, self._session.project, self.version
        if project is None or version is None or not self.isVisible():
            return
        self._asked += 1
        asked, states = self._asked, CHOICES[self.images.currentText()]

        def work() -> tuple[list[Instance], list[Row]]:
            return read_table(session, project, version.name, states)

        def arrived(answer: tuple[list[Instance], list[Row]]) -> None:
            if asked == self._asked and project is session.project:
                self._take(*answer)
                if measure and not self._run.running and self._missing():
                    self._run.kept(version, self._waiting())

        session.workers.when_free(work, arrived, self._refused)

    def _take(self, instances: list[Instance], rows: list[Row]) -> None:
        self.instances, self._rows = instances, rows
        self.table.show_rows(rows, {each.id: each.color for each in self._session.categories})
        self._list_worst()
        self._share_room()
        self._say()

    def _share_room(self) -> None:
        """The table is as high as it needs to be, where there is room; the person may move the line."""
        heights = self.table.whole_height
        whole = sum(self._parts.sizes())
        if len(self.model.rows) != self._laid_out:
            self._laid_out = len(self.model.rows)
            self._parts.setSizes([min(heights, whole * 2 // 3), max(whole - heights, whole // 3)])

    def _refused(self, error: InputError) -> None:
        self.status.setText(str(error))

    def _missing(self) -> list[Instance]:
        return [each for each in self.instances if each.ceiling is None]

    def _waiting(self) -> set[ImageId]:
        """The images of those that are not measured."""
        return {each.image_id for each in self._missing()}

    def _say(self) -> None:
        """The line below, and what the button does."""
        missing, running = self._missing(), self._run.running
        if not self.instances:
            self.status.setText(EMPTY)
        elif not missing:
            self.status.setText(f"All {len(self.instances):,} instances are measured.")
        elif not running:
            images = len(self._waiting())
            self.status.setText(
                f"{len(missing):,} of {len(self.instances):,} instances, in {images:,} images, are not "
                "measured: the model has to look at these first."
            )
        self.measure.setVisible(running or bool(missing))
        self.measure.setText("Stop" if running else "Look and measure")
        self.bar.setVisible(running)
        for button in (self.copy, self.save):
            button.setEnabled(bool(self._rows))

    # --- the worst of a cell -------------------------------------------------------------------------------

    def _list_worst(self) -> None:
        cell = category, size = self.table.chosen()
        instances, session = self.instances, self._session

        def work() -> list[Instance]:
            from app.ceiling_table import chosen

            return chosen(instances, category, size)[:MOST]

        def arrived(found: list[Instance]) -> None:
            if instances is self.instances and cell == self.table.chosen():
                self._show_worst(found, cell)

        session.workers.when_free(work, arrived)

    def _show_worst(self, found: Sequence[Instance], cell: Cell) -> None:
        category, size = cell
        names = {each.id: each.name for each in self._session.categories}
        what = [] if size == ALL else [size]
        what += [names.get(category, "")] if category is not None else []
        of = f" of {', '.join(what)}" if what else ""
        self.about.setText(f"The worst{of}: click one to go there" if found else "")
        images = {
            each.image_id: record.path
            for each in found
            if (record := self._session.images.get(each.image_id))
        }
        self.worst.show_instances(found, images, names)

    # --- measuring -----------------------------------------------------------------------------------------

    def _measure_or_stop(self) -> None:
        version, images = self.version, self._waiting()
        if self._run.running:
            self._run.stop()
            self.measure.setEnabled(False)
        elif version is not None and images:
            self._run.looking(version, images, active=version.name == self._active)

    def _begun(self) -> None:
        self.bar.setRange(0, 0)
        self.measure.setEnabled(True)
        self._again.start()
        self._say()

    def _progressed(self, done: int, total: int, words: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.status.setText(words)

    def _ended(self, words: str) -> None:
        self._again.stop()
        self.measure.setEnabled(True)
        self._say()
        self.refresh()
        if words:
            self.status.setText(words)

    # --- out of here ---------------------------------------------------------------------------------------

    def to_clipboard(self) -> None:
        """The table as text that spreadsheets take."""
        from app.ceiling_table import FIELDS, as_csv, as_dicts

        QGuiApplication.clipboard().setText(as_csv(as_dicts(self._rows), FIELDS, tabs=True))
        self.status.setText("Copied: paste it into a spreadsheet.")

    def _ask_where(self) -> None:
        version = self.version
        name = f"ceiling-{version.name}.csv" if version else "ceiling.csv"
        chosen, kind = QFileDialog.getSaveFileName(
            self, "Save the prototype ceiling", str(Path.home() / name), ";;".join(KINDS)
        )
        if chosen:
            self.save_to(Path(chosen), each=kind == KINDS[1])

    def save_to(self, file: Path, *, each: bool = False) -> None:
        """The table, or a line for each instance, as CSV."""
        session, project, rows, instances = self._session, self._session.project, self._rows, self.instances
        if project is None:
            return

        def work() -> None:
            save(project, file, None if each else rows, instances)

        def failed(error: InputError) -> None:
            self.status.setText(str(error))

        session.workers.on_project(work, lambda _: self.status.setText(f"Wrote {file}."), failed)


def ceilings_dialog(context: Context, window: QWidget) -> CeilingsDialog:
    """The window's own, made when it is wanted first."""
    found = window.findChild(CeilingsDialog)
    return found if isinstance(found, CeilingsDialog) else CeilingsDialog(context, window)
