"""Published weights: the table of models with what they cost and give; fetch one, or take a file at hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
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
from app.errors import InputError
from app.pretrained import MODELS, Pretrained
from model.config import CONFIGS
from ui.tasks import Report, Work, time_left

COLUMNS = ("Model", "Backbone", "Input", "Download", "Mask AP", "Images/s")
CHECKPOINTS = "*.pth *.pt *.ckpt"
BY_FILE = "as the file says"


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
        self.config.addItems([BY_FILE, *(name for name in CONFIGS if name.startswith("yolact"))])
        self.config.setAccessibleName("Configuration")
        self.config.setToolTip(
            "As the file says: the configuration that its name begins with, else the only one that its "
            "tensors fit.\nOthers differ only in input size and anchors, which are not in the file: choose."
        )
        self.names = _Names()
        self.names.entered.connect(self._choose_file)
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
        if model is None:
            return
        try:
            address = pretrained.address(model)
        except (
            InputError
        ) as error:  # the hub that was named is none; a file at hand can be taken all the same
            address = str(error)
            self.get.setEnabled(False)
        self.where.setText(
            f"{address}\nLicence: {model.licence}\n"
            "Mask AP on COCO test-dev and speed on a Titan Xp, as the authors give them."
        )

    def _get(self) -> None:
        model = self.model
        if model is None:
            return
        self.title = f"Fetching {model.name}"
        self.work = lambda progress, cancelled: pretrained.fetch(
            model, pretrained.weights_folder(), in_words(progress), cancelled
        )
        self.accept()

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "A checkpoint", "", f"Checkpoints ({CHECKPOINTS})")
        if chosen:
            self.take(Path(chosen))

    def take(self, file: Path) -> None:
        """Convert this file."""
        chosen = self.config.currentText()
        config = None if chosen == BY_FILE else chosen
        self.title = f"Converting {file.name}"
        self.work = conversion(file, config, self.names.text().strip())
        self.accept()


class _Names(QLineEdit):
    """A field whose Return asks for the file, and is not the dialog's, which would download."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)


def conversion(file: Path, config: str | None = None, names: str = "") -> Work:
    """The work of turning a checkpoint into ours. `config` None: as the file says."""

    def work(progress: Report, cancelled: Callable[[], bool]) -> Path:
        out = pretrained.weights_folder() / f"{file.stem}.safetensors"
        pretrained.convert(file, config, out, names, cancelled=cancelled)
        return out

    return work


def in_words(report: Report) -> pretrained.Progress:
    """Tells bytes as megabytes, and how long the rest takes at the pace of this go; then the conversion."""
    first: tuple[int, float] | None = None

    def tell(done: int, total: int) -> None:
        nonlocal first
        if not total:
            report(0, 0, "here; converting …")
            return
        now = time.monotonic()
        first = first or (done, now)
        left = time_left(done - first[0], total - first[0], now - first[1])
        megabytes = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
        report(done, total, f"{megabytes}, {left}" if left and done < total else megabytes)

    return tell


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
