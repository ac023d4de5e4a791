"""A new project: which images, which categories, where to keep it."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.paths import typed


class NewProjectDialog(QDialog):
    """The images stay where they are; the project is a folder of its own."""

    def __init__(self, parent: QWidget, images: Path | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self._images = QLineEdit(str(images or ""))
        self._project = QLineEdit()
        self._categories = QLineEdit()
        self._categories.setPlaceholderText("person, car, … (more can come later)")
        self._problem = QLabel()
        self._problem.setObjectName("faint")
        self._problem.setWordWrap(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Make the project")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("Folder of images", self._with_button(self._images))
        form.addRow("Project", self._with_button(self._project))
        form.addRow("Categories", self._categories)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(560)
        self._images.textChanged.connect(self._suggest)
        self._project.textChanged.connect(self._check)
        self._suggest()

    @property
    def images(self) -> Path:
        return typed(self._images.text())

    @property
    def project(self) -> Path:
        return typed(self._project.text())

    @property
    def categories(self) -> list[str]:
        names = (name.strip() for name in self._categories.text().split(","))
        return list(dict.fromkeys(name for name in names if name))

    def _with_button(self, field: QLineEdit) -> QHBoxLayout:
        button = QPushButton("Choose …")
        button.clicked.connect(lambda: self._choose(field))
        row = QHBoxLayout()
        row.addWidget(field, 1)
        row.addWidget(button)
        return row

    def _choose(self, field: QLineEdit) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Choose a folder", field.text())
        if chosen:
            field.setText(chosen)

    def _suggest(self) -> None:
        if self._images.text():
            folder = Path(os.path.abspath(self.images))  # without '..', so that it has a name
            beside = f"{folder.name}-protolabel" if folder.name else "protolabel"  # '/', 'C:\\': no name
            self._project.setText(str(folder.parent / beside))
        self._check()

    def _check(self) -> None:
        problem = ""
        if not self._images.text():
            problem = "Choose the folder that your images are in."
        elif not os.path.isdir(self.images):
            what = "That is a file" if os.path.exists(self.images) else "There is no such folder"
            problem = f"{what}: choose the folder that your images are in."
        elif not self._project.text().strip():
            problem = "Choose a folder for the project: it is made if it is not there."
        elif os.path.exists(self.project / "project.db"):
            problem = "There is a project in that folder: choose another, or open it."
        self._problem.setText(problem or "Your images stay where they are and are never changed.")
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)
