"""Import and export: what to write, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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

if TYPE_CHECKING:
    from app.project import Project
    from ui.session import Session

Work = Callable[[Callable[[int, int], None], Callable[[], bool]], Any]
FORMS: dict[str, Literal["rle", "polygon"]] = {
    "Run-length masks (exact)": "rle",
    "Polygons (masks with holes stay run-length)": "polygon",
}


def import_task(session: Session, project: Project, file: Path) -> Work:
    """Read a file on the project thread."""

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Any:
        from app.coco import import_coco

        return session.workers.wait_for_project(
            lambda: import_coco(project, file, progress=progress, cancelled=cancelled)
        )

    return work


def export_task(
    session: Session,
    project: Project,
    file: Path,
    states: tuple[ImageState, ...],
    segmentation: Literal["rle", "polygon"],
) -> Work:
    """Write a file on the project thread."""

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Any:
        from app.coco import export_coco

        return session.workers.wait_for_project(
            lambda: export_coco(project, file, states, segmentation, progress=progress, cancelled=cancelled)
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


class ExportDialog(QDialog):
    """File, images by state, form of the masks."""

    def __init__(self, parent: QWidget, records: Sequence[ImageRecord]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export COCO")
        self._records = records
        counts = Counter(record.state for record in records)
        self._path = QLineEdit(str(Path.home() / "annotations.json"))
        browse = QPushButton("Choose …")
        browse.clicked.connect(self._browse)
        self._states = {
            state: QCheckBox(f"{str(state).capitalize()} ({counts[state]} images)") for state in ImageState
        }
        self._states[ImageState.DONE].setChecked(True)
        self._form = QComboBox()
        self._form.addItems(list(FORMS))
        self._summary = QLabel()
        self._summary.setObjectName("faint")
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
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._summary)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(480)

    @property
    def file(self) -> Path:
        return Path(self._path.text()).expanduser()

    @property
    def states(self) -> tuple[ImageState, ...]:
        return tuple(state for state, box in self._states.items() if box.isChecked())

    @property
    def segmentation(self) -> Literal["rle", "polygon"]:
        return FORMS[self._form.currentText()]

    def _summarise(self) -> None:
        chosen = [record for record in self._records if record.state in self.states]
        instances = sum(record.annotation_count for record in chosen)
        self._summary.setText(
            f"{len(chosen)} images with {instances} annotations; open proposals stay out. "
            "The file is checked after writing."
        )
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(bool(self.states))

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Export COCO", self._path.text(), "COCO JSON (*.json)")
        if chosen:
            self._path.setText(chosen)
