"""What the window shows while no project is open: the ways to begin."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ui.commands import Context
from ui.file_commands import new_project, open_project, open_sample

RECENT = "recent"
MOST = 5


def recent() -> list[Path]:
    """Projects that were open before and are still there, the last one first."""
    value = QSettings().value(RECENT) or []
    paths = [value] if isinstance(value, str) else list(value)
    return [Path(each) for each in paths if os.path.isfile(Path(each) / "project.db")][:MOST]


def remember(project: Path) -> None:
    """Put a project at the head of the recent ones."""
    others = [each for each in recent() if each != project]
    QSettings().setValue(RECENT, [str(each) for each in [project, *others][:MOST]])


class Welcome(QWidget):
    """A card in the middle."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        card = QWidget()
        card.setObjectName("card")
        card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._inner = QVBoxLayout(card)
        self._inner.setContentsMargins(36, 30, 36, 30)
        self._inner.setSpacing(10)
        title, words = QLabel("Protolabel"), QLabel("Label images with a model that shows its thinking.")
        title.setObjectName("title")
        words.setObjectName("faint")
        self._inner.addWidget(title)
        self._inner.addWidget(words)
        self._inner.addSpacing(8)
        new = self._button("New project from a folder of images …", partial(new_project, context))
        new.setProperty("primary", True)
        self._button("Open a project …", partial(open_project, context))
        self._button("Open the sample project", partial(open_sample, context))
        self._button("Take the one-minute tour", context.start_tour)
        for path in recent():
            self._button(f"{path.name}   {path.parent}", partial(context.session.open_project, path))
        hint = QLabel("or drop a folder here")
        hint.setObjectName("faint")
        self._inner.addWidget(hint, 0, Qt.AlignmentFlag.AlignHCenter)
        layout = QVBoxLayout(self)
        layout.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)

    def _button(self, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setMinimumHeight(34)
        button.clicked.connect(lambda: act())
        self._inner.addWidget(button)
        return button
