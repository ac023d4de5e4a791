"""A finished run: measured beside the version it came from, and a person's choice between the two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.errors import InputError
from ui.activation import activate
from ui.beside import beside
from ui.panels.comparison import ComparisonTable

if TYPE_CHECKING:
    from app.project import Project
    from app.retraining import Comparison
    from app.runs import Run
    from app.versions import ModelVersion
    from ui.session import Session

DECIDED = "decided"  # in a run's folder: a person has chosen
ACTIVE = "{} is active: images are pre-labelled with it."
FEW = 5  # held-out images below which the numbers say little


class Verdict(QWidget):
    """Words, the two versions' scores, two buttons; hidden when there is nothing to decide."""

    registered = Signal()  # the new version is among the others

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: Run | None = None
        self._new: ModelVersion | None = None
        self.words = QLabel(wordWrap=True)
        self.table = ComparisonTable()
        self.activate, self.keep = QPushButton("Make the new one active"), QPushButton("Keep the old one")
        self.activate.setToolTip("It is loaded and asked about an image first; then it pre-labels")
        self.keep.setToolTip("The new one stays among the versions and can be made active later")
        self.activate.clicked.connect(lambda: self._make_active())
        self.keep.clicked.connect(lambda: self._keep_old())
        decision = QHBoxLayout()
        for button in (self.activate, self.keep):
            decision.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.table)
        layout.addLayout(decision)
        session.version_changed.connect(self._look)
        self.clear()

    def compare(self, project: Project, run: Run) -> None:
        """Measure, once; a run that was measured and registered before is only shown."""
        from app.retraining import compare, register
        from app.versions import list_versions

        if (run.folder / DECIDED).exists():
            return
        self._run = run
        self._tell("Measuring the new version and the old one on the held-out images …")

        def measured(comparison: Comparison) -> None:
            self._session.workers.on_project(
                lambda: register(project, run, comparison), lambda version: self._offer(run, version)
            )

        def found(version: ModelVersion | None) -> None:
            if run is not self._run:
                return
            if version is not None:
                self._offer(run, version)
            else:
                beside(self._session, lambda: compare(run), measured, self._not_measured)

        def known() -> ModelVersion | None:
            return next((each for each in list_versions(project) if each.card.get("run") == run.name), None)

        self._session.workers.on_project(known, found)

    def clear(self) -> None:
        """Nothing is to be decided."""
        self._new = self._run = None
        self._tell("")
        self.activate.setEnabled(True)
        for widget in (self.table, self.activate, self.keep):
            widget.setVisible(False)

    def _not_measured(self, error: InputError) -> None:
        self._tell(str(error))

    def _tell(self, words: str) -> None:
        """What came of it, or what is being done about it."""
        self.words.setText(words)
        self.setVisible(bool(words))

    def _offer(self, run: Run, version: ModelVersion) -> None:
        """Old and new side by side, and the choice."""
        if run is not self._run:
            return
        self._new = version
        comparison: dict[str, Any] = version.card.get("comparison") or {}
        old, new = comparison.get("old_scores") or {}, comparison.get("new_scores") or {}
        count = comparison.get("images", 0)
        note = "" if count >= FEW else " That is few: take the numbers with care."
        unknown = "" if old else " The old version knows none of these categories."
        self._tell(
            f"<b>{version.name} is ready.</b> Measured on {count} held-out image{'' if count == 1 else 's'}."
            f"{unknown}{note}"
        )
        self.table.show_versions((str(comparison.get("old", "old")), version.name), old, new)
        for widget in (self.table, self.activate, self.keep):
            widget.setVisible(True)
        self.registered.emit()
        self._look()

    def _look(self) -> None:
        """Whether the new version was made active elsewhere, as in the list: that decides, too."""
        project, run, new = self._session.project, self._run, self._new
        if run is None:
            self._tell("")  # what was decided before is over
        if project is None or run is None or new is None:
            return
        from app.versions import active

        def found(name: str) -> None:
            if run is self._run and new is self._new and name == new.name:
                self._decided(run.folder, ACTIVE.format(name))

        self._session.workers.on_project(lambda: active(project).name, found)

    def _make_active(self) -> None:
        version, run = self._new, self._run
        if version is None or run is None:
            return
        self.activate.setEnabled(False)
        self._tell(f"Loading {version.name} and asking it about an image …")

        def done() -> None:
            self._decided(run.folder, ACTIVE.format(version.name))

        activate(self._session, version, done, self._not_active)

    def _not_active(self, error: InputError) -> None:
        self.activate.setEnabled(True)
        self._tell(f"{error}; the old version stays active")

    def _keep_old(self) -> None:
        if self._new is not None and self._run is not None:
            words = f"The old version stays active; {self._new.name} is kept among the versions."
            self._decided(self._run.folder, words)

    def _decided(self, folder: Path, words: str) -> None:
        (folder / DECIDED).touch()
        self.clear()
        self._tell(words)
