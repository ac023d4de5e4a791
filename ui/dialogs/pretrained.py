"""Published weights: the table of models with what they cost and give; fetch one, or take a file at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import pretrained
from app.pretrained import MODELS, Pretrained
from model.config import CONFIGS

Work = Callable[[Callable[[int, int], None], Callable[[], bool]], Path]
COLUMNS = ("Model", "Backbone", "Input", "Download", "Mask AP", "Images/s")
CHECKPOINTS = "Checkpoints (*.pth *.pt *.ckpt)"


class PretrainedDialog(QDialog):
    """After `exec`: `work` does what was chosen and gives the weights file; None where nothing was."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Get published weights")
        self.work: Work | None = None
        self.title = ""
        self.table = _table()
        self.table.itemSelectionChanged.connect(self._show)
        self.table.itemDoubleClicked.connect(self._get)
        self.where = QLabel()
        self.where.setObjectName("faint")
        self.where.setWordWrap(True)
        self.where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.get = buttons.addButton("Download and use", QDialogButtonBox.ButtonRole.ActionRole)
        self.get.setDefault(True)
        self.get.clicked.connect(self._get)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(self.where)
        layout.addWidget(self._own_file())
        layout.addWidget(buttons)
        self.setMinimumWidth(680)
        self.table.selectRow(0)

    def _own_file(self) -> QGroupBox:
        """A checkpoint that is here already: which configuration, which class names."""
        box = QGroupBox("A checkpoint that you have (.pth)")
        self.config = QComboBox()
        self.config.addItems([name for name in CONFIGS if name.startswith("yolact")])
        self.config.setAccessibleName("Configuration")
        self.names = QLineEdit()
        self.names.setPlaceholderText("class names, as person, car: only for your own classes")
        self.names.setAccessibleName("Class names")
        self.choose = QPushButton("Choose the file …")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._choose_file)
        row = QHBoxLayout()
        row.addWidget(self.config, 1)
        row.addWidget(self.choose)
        form = QFormLayout(box)
        form.addRow("Configuration", row)
        form.addRow("Classes", self.names)
        return box

    @property
    def model(self) -> Pretrained | None:
        """The chosen row."""
        row = self.table.currentRow()
        return MODELS[row] if self.table.selectedItems() else None

    def _show(self) -> None:
        model = self.model
        self.get.setEnabled(model is not None)
        if model is not None:
            self.where.setText(
                f"{pretrained.address(model)}\nLicence: {model.licence}\n"
                "Mask AP on COCO test-dev and speed on a Titan Xp, as the authors give them."
            )

    def _get(self) -> None:
        model = self.model
        if model is None:
            return
        self.title = f"Fetching {model.name}"
        self.work = lambda progress, cancelled: pretrained.fetch(
            model, pretrained.weights_folder(), progress, cancelled
        )
        self.accept()

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "A checkpoint", "", CHECKPOINTS)
        if chosen:
            self.take(Path(chosen))

    def take(self, file: Path) -> None:
        """Convert this file."""
        config, names = self.config.currentText(), self.names.text().strip()

        def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Path:
            out = pretrained.weights_folder() / f"{file.stem}.safetensors"
            pretrained.convert(file, config, out, names)
            return out

        self.title, self.work = f"Converting {file.name}", work
        self.accept()


def _table() -> QTableWidget:
    table = QTableWidget(len(MODELS), len(COLUMNS))
    table.setHorizontalHeaderLabels(COLUMNS)
    table.setAccessibleName("Published models")
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    for row, model in enumerate(MODELS):
        words = (model.name, model.backbone, str(model.size), f"{model.megabytes} MB")
        for column, text in enumerate((*words, f"{model.ap:.1f}", f"{model.speed:.1f}")):
            item = QTableWidgetItem(text)
            if column > 1:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, column, item)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
    table.setColumnWidth(0, table.sizeHintForColumn(0) + 24)
    table.resizeRowsToContents()
    table.setMinimumHeight(header.sizeHint().height() + sum(map(table.rowHeight, range(len(MODELS)))) + 8)
    return table
