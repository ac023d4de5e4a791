"""Settings of this machine: looks, pre-labelling, what is kept, keys. Nothing changes before Save."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui import preferences, theme
from ui.dialogs.shortcuts import KeysPage
from ui.preferences import Preferences
from ui.session_edits import author

if TYPE_CHECKING:
    from ui.session import Session

MODES = {"As the system": "system", "Light": "light", "Dark": "dark"}
SAVED = (
    "Every edit is on the disk as soon as you make it, and undo reaches back to the first one, also after a "
    "restart. There is nothing to set."
)


class SettingsDialog(QDialog):
    """Three pages. `chosen` and `mode` are what to go by after `exec` gave 1."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, keys: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._session = session
        now = session.preferences
        self.theme = _choice(MODES, str(QSettings().value("theme", "system")))
        self.who = QLineEdit(now.who)
        self.who.setPlaceholderText(author())
        self.prelabel = QCheckBox("Pre-label a new image when it is opened")
        self.prelabel.setChecked(now.prelabel)
        self.ahead = QSpinBox(minimum=0, maximum=preferences.MOST_AHEAD, value=now.ahead)
        self.ahead.setSuffix(" images")
        self.threshold = QDoubleSpinBox(minimum=0, maximum=1, singleStep=0.05, value=now.threshold)
        self.device = _choice(preferences.DEVICES, now.device)
        low, high = preferences.CACHE_GB
        self.cache = QDoubleSpinBox(minimum=low, maximum=high, singleStep=0.5, value=now.cache_gb)
        self.cache.setSuffix(" GB")
        for number in (self.ahead, self.threshold, self.cache):
            number.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.clear = QPushButton("Clear now")
        self.kept = QLabel()
        self.kept.setObjectName("faint")
        self.keys = KeysPage()
        self.tabs = QTabWidget()
        for title, page in (("General", self._general()), ("Model", self._model()), ("Keys", self.keys)):
            self.tabs.addTab(page, title)
        self.tabs.setCurrentIndex(2 if keys else 0)
        self._finish()

    def _finish(self) -> None:
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        save = buttons.button(QDialogButtonBox.StandardButton.Save)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.keys.sound.connect(save.setEnabled)
        self.prelabel.toggled.connect(self.ahead.setEnabled)
        self.ahead.setEnabled(self.prelabel.isChecked())
        self.clear.clicked.connect(self._clear)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)
        self.resize(680, 640)
        self._measure()

    def _general(self) -> QWidget:
        room = QHBoxLayout()
        room.addWidget(self.cache)
        room.addWidget(self.clear)
        room.addWidget(self.kept, 1)
        return _page(
            ("Colours", self.theme, ""),
            ("Your name", self.who, "Stands beside your edits in the project's log."),
            (
                "Kept predictions",
                room,
                "In each project's folder. They save time only: images can be asked again.",
            ),
            ("Saving", QLabel(SAVED, wordWrap=True), ""),
        )

    def _model(self) -> QWidget:
        return _page(
            ("Pre-labelling", self.prelabel, "In the model's own process: nothing waits for it."),
            (
                "Ahead",
                self.ahead,
                "So many of the next new images are asked about while you work on this one.",
            ),
            (
                "Show proposals from",
                self.threshold,
                "The score at first, in new projects. The slider in the window changes it at any time.",
            ),
            ("Device", self.device, "Where the model that pre-labels runs."),
        )

    @property
    def chosen(self) -> Preferences:
        """What the fields say."""
        return Preferences(
            prelabel=self.prelabel.isChecked(),
            ahead=self.ahead.value(),
            threshold=round(self.threshold.value(), 2),
            device=self.device.currentData(),
            who=self.who.text().strip(),
            cache_gb=self.cache.value(),
        )

    @property
    def mode(self) -> str:
        """One of `theme.MODES`."""
        mode = str(self.theme.currentData())
        assert mode in theme.MODES
        return mode

    def accept(self) -> None:
        """Keep the keys, too."""
        self.keys.save()
        super().accept()

    # --- kept predictions ----------------------------------------------------------------------------------

    def _folder(self) -> Path | None:
        project = self._session.project
        return None if project is None else project.folder

    def _measure(self) -> None:
        """How much there is, told when it was counted."""
        folder = self._folder()
        self.clear.setEnabled(folder is not None)
        if folder is None:
            self.kept.setText("No project is open")
            return

        def count() -> int:
            return sum(each.stat().st_size for each in (folder / "cache").rglob("*") if each.is_file())

        self._session.workers.on_pool(count, lambda size: self.kept.setText(f"now {_bytes(size)}"))

    def _clear(self) -> None:
        project = self._session.project
        if project is None:
            return
        from app.predictions import of_project

        self.clear.setEnabled(False)
        self._session.workers.on_pool(of_project(project).clear, lambda _: self._measure())


def _choice(values: dict[str, str], now: str) -> QComboBox:
    box = QComboBox()
    for words, value in values.items():
        box.addItem(words, value)
    box.setCurrentIndex(max(box.findData(now), 0))
    return box


def _page(*rows: tuple[str, QWidget | QHBoxLayout, str]) -> QWidget:
    """A form; under each field, faint, what it does."""
    page = QWidget()
    form = QFormLayout(page)
    form.setContentsMargins(16, 16, 16, 16)
    form.setVerticalSpacing(6)
    for words, field, note in rows:
        form.addRow(words, field)
        told = QLabel(note, wordWrap=True)
        told.setObjectName("faint")
        told.setContentsMargins(0, 0, 0, 10)
        form.addRow("", told)
    return page


def _bytes(size: int) -> str:
    """'12 MB'."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
