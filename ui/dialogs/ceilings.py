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

from app.annotation import ImageState
from app.ceiling import ALL
from app.ceiling_table import GOOD
from ui.dialogs.ceiling_grid import CeilingGrid, Cell
from ui.dialogs.ceiling_numbers import CeilingNumbers
from ui.dialogs.ceiling_run import CeilingRun
from ui.dialogs.ceiling_worst import WorstTable

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
        self._active = ""  # the version that pre-labels
        self._laid_out = -1  # rows for which the table has its height
        self._again = QTimer(self, interval=AGAIN)
        self._again.timeout.connect(self.refresh)
        self.numbers = CeilingNumbers(self._session, self)
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
        self.resize(900, min(720, self.screen().availableSize().height() - 60))

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
        self.numbers.taken.connect(self._show_numbers)
        self.numbers.refused.connect(self.status.setText)
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
        self.numbers.drop()

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
        version = self.version
        if version is not None and self.isVisible():
            self.numbers.read(version.name, self._states, lambda: self._measure_kept(version))

    def _measure_kept(self, version: ModelVersion) -> None:
        if not self._run.running and self.numbers.missing:
            self._run.kept(version, self.numbers.images)

    def refresh(self) -> None:
        """Read the numbers again."""
        if self.version is not None and self.isVisible():
            self.numbers.read(self.version.name, self._states)

    @property
    def _states(self) -> tuple[ImageState, ...]:
        return CHOICES[self.images.currentText()]

    def _show_numbers(self) -> None:
        numbers = self.numbers
        self.table.show_rows(numbers.rows, {each.id: each.color for each in self._session.categories})
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

    def _say(self) -> None:
        """The line below, and what the button does."""
        missing, running = bool(self.numbers.missing), self._run.running
        if not (missing and running):
            self.status.setText(self.numbers.words())
        self.measure.setVisible(running or missing)
        self.measure.setText("Stop" if running else "Look and measure")
        self.bar.setVisible(running)
        for button in (self.copy, self.save):
            button.setEnabled(bool(self.numbers.rows))

    # --- the worst of a cell -------------------------------------------------------------------------------

    def _list_worst(self) -> None:
        cell = self.table.chosen()

        def found(instances: list[Instance]) -> None:
            if cell == self.table.chosen():
                self._show_worst(instances, cell)

        self.numbers.worst(cell, found)

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
        version, images = self.version, self.numbers.images
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
        QGuiApplication.clipboard().setText(self.numbers.as_text())
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
        self.numbers.save(file, self.status.setText, each=each)


def ceilings_dialog(context: Context, window: QWidget) -> CeilingsDialog:
    """The window's own, made when it is wanted first."""
    found = window.findChild(CeilingsDialog)
    return found if isinstance(found, CeilingsDialog) else CeilingsDialog(context, window)
