"""The model versions of a project: which one pre-labels, what each was made from and how it scores."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.errors import InputError
from ui.panels.run_progress import number

if TYPE_CHECKING:
    from app.versions import ModelVersion
    from ui.session import Session

SHOWN = 4  # versions that the list has room for at least
NAMES = 6  # categories that are named in a card


class VersionsPanel(QWidget):
    """A list and the chosen version's card. Making one active tries it out first."""

    activated = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._versions: list[ModelVersion] = []
        self._active = ""
        self.list = QListWidget()
        self.list.setAccessibleName("Model versions")
        self.card = QLabel(wordWrap=True)
        self.card.setTextFormat(Qt.TextFormat.RichText)
        self.card.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.card.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.use = QPushButton("Make active")
        self.use.setToolTip("Load it, let it answer an image, and pre-label with it from now on")
        self.words = QLabel(wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        self.list.setMinimumHeight(SHOWN * self.list.fontMetrics().lineSpacing() * 3 // 2)
        about = QScrollArea(widgetResizable=True)  # a card of many words leaves the list its room
        about.setFrameShape(QFrame.Shape.NoFrame)
        about.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        about.setWidget(self.card)
        for widget, stretch in ((self.list, 2), (about, 3), (self.use, 0), (self.words, 0)):
            layout.addWidget(widget, stretch)
        session.project_changed.connect(self.refresh)
        session.version_changed.connect(self.refresh)
        self.list.currentRowChanged.connect(lambda _: self._show_card())
        self.use.clicked.connect(lambda: self.activate_chosen())
        self.refresh()

    def refresh(self) -> None:
        """Read the versions again; while nobody sees them, nothing is read."""
        project = self._session.project
        if project is None:
            self._arrived(([], ""))
        elif self.isVisible():

            def work() -> tuple[list[ModelVersion], str]:
                from app.versions import active, list_versions  # here: it costs time that a start has not

                return list_versions(project), active(project).name

            self._session.workers.on_project(work, self._arrived)

    def showEvent(self, event: object) -> None:
        """What was not read while nobody looked is read now."""
        self.refresh()

    def _arrived(self, answer: tuple[list[ModelVersion], str]) -> None:
        chosen = self.chosen()
        self._versions, self._active = answer
        self._versions = list(reversed(self._versions))  # the newest first
        wanted = chosen.name if chosen else self._active
        self.list.clear()
        for each in self._versions:
            mark = "●" if each.name == self._active else "○"
            score = number(_mapping(_mapping(each.card.get("scores")).get("mask")).get("AP"))
            item = QListWidgetItem(f"{mark}  {each.name}    mask AP {score}")
            item.setToolTip("Active: it pre-labels" if each.name == self._active else each.name)
            self.list.addItem(item)
        names = [each.name for each in self._versions]
        self.list.setCurrentRow(names.index(wanted) if wanted in names else 0)
        self._show_card()

    def chosen(self) -> ModelVersion | None:
        """The version whose card is shown."""
        row = self.list.currentRow()
        return self._versions[row] if 0 <= row < len(self._versions) else None

    def _show_card(self) -> None:
        version = self.chosen()
        self.card.setText("" if version is None else card_html(version))
        self.use.setEnabled(version is not None and version.name != self._active)
        is_active = version is not None and version.name == self._active
        self.use.setText("Active" if is_active else "Make active")

    def activate_chosen(self) -> None:
        """Try the chosen version out and make it the one that pre-labels."""
        version, project = self.chosen(), self._session.project
        if version is None or project is None:
            return
        from ui.activation import activate

        self.use.setEnabled(False)
        self.words.setText(f"Loading {version.name} and asking it about an image …")
        activate(self._session, version, lambda: self._activated(version.name), self._refused)

    def _refused(self, error: InputError) -> None:
        self.words.setText(f"{error}; the old version stays active")
        self._show_card()

    def _activated(self, name: str) -> None:
        self.words.setText(f"{name} pre-labels from now on.")
        self.activated.emit(name)
        self.refresh()


def card_html(version: ModelVersion) -> str:
    """What a version's card says, as rows for people."""
    card = version.card
    names = list(version.categories)
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    scores = _mapping(card.get("scores"))
    created = card.get("created")
    snapshot = _mapping(card.get("snapshot"))
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(created))) if created else ""
    data = card.get("data")
    if snapshot:
        data = f"{snapshot.get('train_images')} images of this project, {snapshot.get('instances')} instances"
    rows = {
        "Categories": ", ".join(names[:NAMES]) + more,
        "Mask": _scores(scores, "mask"),
        "Box": _scores(scores, "box"),
        "Trained on": data,
        "From": card.get("parent"),
        "Licence": card.get("licence"),
        "Made": "ships with Protolabel" if version.built_in else made,
    }
    cells = "".join(
        f"<tr><td style='padding-right:10px'>{name}</td><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
        if value
    )
    return (
        f"<table cellspacing=2><tr><td colspan=2><b>{html.escape(version.name)}</b></td></tr>{cells}</table>"
    )


def _scores(scores: Mapping[str, Any], kind: str) -> str:
    of = _mapping(scores.get(kind))
    return f"AP {number(of.get('AP'))}, AP50 {number(of.get('AP50'))}" if of else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
