"""Import and export: what to write, and what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.annotation import ImageState
from app.records import ImageRecord
from ui.dialogs.paths import typed

if TYPE_CHECKING:
    from app.project import Project
    from ui.session import Session

Work = Callable[[Callable[[int, int], None], Callable[[], bool]], Any]
FORMS: dict[str, Literal["rle", "polygon"]] = {
    "Run-length masks (exact)": "rle",
    "Polygons (masks with holes stay run-length)": "polygon",
}


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """How a file is taken, as `import_coco` has it."""

    images_dir: Path | None = None
    done: bool = False
    scores_are_proposals: bool = False


def import_task(
    session: Session, project: Project, file: Path, choices: ImportChoices = ImportChoices()
) -> Work:
    """Read a file on the project thread."""

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Any:
        from app.coco import import_coco

        return session.workers.wait_for_project(
            lambda: import_coco(
                project,
                file,
                choices.images_dir,
                done=choices.done,
                scores_are_proposals=choices.scores_are_proposals,
                progress=progress,
                cancelled=cancelled,
            )
        )

    return work


def export_task(
    session: Session,
    project: Project,
    file: Path,
    states: tuple[ImageState, ...],
    segmentation: Literal["rle", "polygon"],
    include_proposals: bool = False,
) -> Work:
    """Write a file on the project thread."""

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Any:
        from app.coco import export_coco

        return session.workers.wait_for_project(
            lambda: export_coco(
                project,
                file,
                states,
                segmentation,
                include_proposals=include_proposals,
                progress=progress,
                cancelled=cancelled,
            )
        )

    return work


def show_report(window: QWidget, title: str, report: Any) -> None:
    """What was kept, changed and refused; can be copied. Does not hold the window up."""
    dialog = QDialog(window)
    dialog.setWindowTitle(title)
    dialog.setObjectName("report")
    text = QPlainTextEdit("\n".join(report.lines()))
    text.setReadOnly(True)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.resize(640, 260)
    dialog.show()


class ImportDialog(QDialog):
    """How a chosen COCO file is taken into a project."""

    def __init__(self, parent: QWidget, file: Path, images_dir: Path) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import COCO")
        self._done = QCheckBox("The file is complete: mark all its images done")
        self._done.setToolTip("Also those without an annotation: they are verified as empty")
        self._proposals = QCheckBox("Offer annotations that have a score as proposals")
        self._proposals.setToolTip("Otherwise they are accepted as they are")
        self._folder = QLineEdit(placeholderText=f"the project's own: {images_dir}")
        self._folder.setAccessibleName("Folder where the file's image names start")
        browse = QPushButton("Choose …")
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self._folder, 1)
        row.addWidget(browse)
        form = QFormLayout()
        name = QLabel(file.name)
        name.setToolTip(str(file))
        form.addRow("File", name)
        form.addRow("Names start in", row)
        form.addRow("", self._done)
        form.addRow("", self._proposals)
        note = QLabel(
            "What is there already is not doubled. A report says what was kept, changed and refused."
        )
        note.setObjectName("faint")
        note.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Import")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)
        self.setMinimumWidth(520)

    @property
    def choices(self) -> ImportChoices:
        """What was chosen."""
        folder = self._folder.text().strip()
        return ImportChoices(
            typed(folder) if folder else None,
            self._done.isChecked(),
            self._proposals.isChecked(),
        )

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder where the file's names start")
        if chosen:
            self._folder.setText(chosen)


class ExportDialog(QDialog):
    """File, images by state, form of the masks."""

    def __init__(self, parent: QWidget, records: Sequence[ImageRecord], file: Path) -> None:
        """`file`: where it would be written; each project has another."""
        super().__init__(parent)
        self.setWindowTitle("Export COCO")
        self._records = records
        counts = Counter(record.state for record in records)
        self._path = QLineEdit(str(file))
        self._path.textChanged.connect(self._summarise)
        browse = QPushButton("Choose …")
        browse.clicked.connect(self._browse)
        self._states = {
            state: QCheckBox(f"{str(state).capitalize()} ({_images(counts[state])})") for state in ImageState
        }
        self._states[ImageState.DONE].setChecked(True)
        self._form = QComboBox()
        self._form.addItems(list(FORMS))
        self._proposals = QCheckBox("Write open proposals, too, with their scores")
        self._proposals.toggled.connect(self._summarise)
        self._summary = QLabel()
        self._summary.setObjectName("faint")
        self._summary.setWordWrap(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._lay_out(browse)
        self._summarise()

    def _lay_out(self, browse: QPushButton) -> None:
        row = QHBoxLayout()
        row.addWidget(self._path, 1)
        row.addWidget(browse)
        form = QFormLayout()
        form.addRow("File", row)
        form.addRow("Masks as", self._form)
        for number, box in enumerate(self._states.values()):
            form.addRow("Images" if not number else "", box)
            box.toggled.connect(self._summarise)
        form.addRow("", self._proposals)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._summary)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(480)

    @property
    def file(self) -> Path:
        return typed(self._path.text())

    @property
    def states(self) -> tuple[ImageState, ...]:
        return tuple(state for state, box in self._states.items() if box.isChecked())

    @property
    def segmentation(self) -> Literal["rle", "polygon"]:
        return FORMS[self._form.currentText()]

    @property
    def include_proposals(self) -> bool:
        return self._proposals.isChecked()

    def _summarise(self) -> None:
        chosen = [record for record in self._records if record.state in self.states]
        instances = sum(record.annotation_count for record in chosen)
        proposals = sum(record.proposal_count for record in chosen)
        open_ones = f"{proposals:,} open proposals {'go with them' if self.include_proposals else 'stay out'}"
        words = f"{_images(len(chosen))} with {instances:,} annotations; {open_ones}. "
        file = self.file
        problem = ""
        if not self._path.text().strip() or os.path.isdir(file):
            problem = "Name the file, not only its folder."
        elif os.path.exists(file):
            words += "The file that is there is replaced. "
        self._summary.setText(problem or f"{words}The file is checked after writing.")
        fine = bool(self.states) and not problem
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(fine)

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Export COCO", self._path.text(), "COCO JSON (*.json)")
        if chosen:
            self._path.setText(chosen)


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"
