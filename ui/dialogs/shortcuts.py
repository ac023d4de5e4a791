"""Changing the keys: a preset, then single keys; conflicts are told before anything is kept."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.actions import ACTIONS, BY_ID
from ui.shortcuts import PRESETS, Keys, conflicts, defaults, load, save, shown


class ShortcutsDialog(QDialog):
    """A row an action: its keys now, and a field that takes a new one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self._settings = QSettings()
        self.keys: Keys = load(self._settings)
        self._preset = QComboBox()
        self._preset.addItems(list(PRESETS))
        self._preset.setCurrentText(str(self._settings.value("keys/preset", "Protolabel")))
        self._preset.activated.connect(lambda: self.use_preset(self._preset.currentText()))
        self._table = QTableWidget(len(ACTIONS), 3)
        self._table.setHorizontalHeaderLabels(["Action", "Keys", "New key"])
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._warning = QLabel()
        self._warning.setWordWrap(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.accepted.connect(self._save)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self._preset, self._table, self._warning, self._buttons):
            layout.addWidget(widget)
        self.resize(620, 640)
        self._fill()

    def use_preset(self, name: str) -> None:
        """All keys of a preset."""
        self.keys = defaults(name)
        self._fill()

    def assign(self, name: str, key: str) -> None:
        """One action gets one key ('' = none)."""
        self.keys[name] = (key,) if key else ()
        self._warn()

    def _fill(self) -> None:
        for row, spec in enumerate(ACTIONS):
            words = QTableWidgetItem(f"{spec.menu + ': ' if spec.menu else ''}{spec.text.rstrip(' …')}")
            keys = QTableWidgetItem(shown(self.keys[spec.id]))
            for item in (words, keys):
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self._table.setItem(row, 0, words)
            self._table.setItem(row, 1, keys)
            field = QKeySequenceEdit()
            field.setMaximumSequenceLength(1)
            field.editingFinished.connect(lambda row=row, field=field: self._typed(row, field))
            self._table.setCellWidget(row, 2, field)
        self._warn()

    def _typed(self, row: int, field: QKeySequenceEdit) -> None:
        key = field.keySequence().toString()
        if key:
            name = ACTIONS[row].id
            self.assign(name, key)
            item = self._table.item(row, 1)
            assert item is not None
            item.setText(shown(self.keys[name]))

    def _warn(self) -> None:
        double = conflicts(self.keys)
        lines = [
            f"{key}: {' and '.join(BY_ID[name].text.rstrip(' …') for name in names)}"
            for key, names in double.items()
        ]
        self._warning.setText("One key for two actions: " + "; ".join(lines) if lines else "")
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not lines)

    def _save(self) -> None:
        save(self._settings, self._preset.currentText(), self.keys)
        self.accept()
