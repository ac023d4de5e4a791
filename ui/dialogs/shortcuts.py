"""Changing the keys: a preset, then single keys; conflicts are told before anything is kept."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.actions import ACTIONS, BY_ID
from ui.shortcuts import PRESETS, Keys, conflicts, defaults, load, save, shown

ACTION, KEYS, FIELD = range(3)


class KeysPage(QWidget):
    """A row an action: its keys now, and a field for a new one. `sound(bool)`: no key is there twice."""

    sound = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = QSettings()
        self.keys: Keys = load(self._settings)
        self.preset = QComboBox()
        self.preset.addItems(list(PRESETS))
        self.preset.setCurrentText(str(self._settings.value("keys/preset", "Protolabel")))
        self.preset.setToolTip("Keys as another program has them; single ones can be changed below")
        self.preset.activated.connect(lambda: self.use_preset(self.preset.currentText()))
        self.search = QLineEdit(placeholderText="Search an action or a key", clearButtonEnabled=True)
        self.search.textChanged.connect(self._filter)
        self.table = QTableWidget(len(ACTIONS), 3)
        self.warning = QLabel(wordWrap=True)
        self.warning.setObjectName("refused")
        self._lay_out()
        self._fill()

    def _lay_out(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(["Action", "Keys", "New key"])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(34)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(ACTION, QHeaderView.ResizeMode.Stretch)
        table.setColumnWidth(KEYS, 150)
        table.setColumnWidth(FIELD, 190)
        top = QHBoxLayout()
        top.addWidget(self.preset)
        top.addWidget(self.search, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(table, 1)
        layout.addWidget(self.warning)

    def use_preset(self, name: str) -> None:
        """All keys of a preset."""
        self.keys = defaults(name)
        self._fill()

    def assign(self, name: str, key: str) -> None:
        """One action gets one key ('' = none)."""
        self.keys[name] = (key,) if key else ()
        self._show(name)
        self._warn()

    def save(self) -> None:
        """Keep the keys. Does nothing while one stands for two actions."""
        if not conflicts(self.keys):
            save(self._settings, self.preset.currentText(), self.keys)

    def _fill(self) -> None:
        for row, spec in enumerate(ACTIONS):
            words = QTableWidgetItem(f"{spec.menu + ': ' if spec.menu else ''}{spec.text.rstrip(' …')}")
            words.setToolTip(spec.tip)
            for column, item in ((ACTION, words), (KEYS, QTableWidgetItem())):
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.table.setItem(row, column, item)
            self._show(spec.id)
            self.table.setCellWidget(row, FIELD, self._field(row))
        self._filter(self.search.text())
        self._warn()

    def _field(self, row: int) -> QWidget:
        field, none = QKeySequenceEdit(), QPushButton("None")
        field.setMaximumSequenceLength(1)
        field.setClearButtonEnabled(True)
        field.editingFinished.connect(lambda: self._typed(row, field))
        none.setToolTip("This action has no key")
        none.clicked.connect(lambda: self.assign(ACTIONS[row].id, ""))
        both = QWidget()
        layout = QHBoxLayout(both)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(4)
        layout.addWidget(field, 1)
        layout.addWidget(none)
        return both

    def _show(self, name: str) -> None:
        row = next(row for row, spec in enumerate(ACTIONS) if spec.id == name)
        item = self.table.item(row, KEYS)
        assert item is not None
        item.setText(shown(self.keys[name]))

    def _filter(self, words: str) -> None:
        needle = words.strip().casefold()
        for row, spec in enumerate(ACTIONS):
            text = f"{spec.menu} {spec.text} {spec.tip} {shown(self.keys[spec.id])}"
            self.table.setRowHidden(row, needle not in text.casefold())

    def _typed(self, row: int, field: QKeySequenceEdit) -> None:
        key = field.keySequence().toString()
        if key:
            self.assign(ACTIONS[row].id, key)

    def _warn(self) -> None:
        double = conflicts(self.keys)
        lines = [
            f"{key}: {' and '.join(BY_ID[name].text.rstrip(' …') for name in names)}"
            for key, names in double.items()
        ]
        self.warning.setText("One key for two actions: " + "; ".join(lines) if lines else "")
        self.warning.setVisible(bool(lines))
        self.sound.emit(not lines)
