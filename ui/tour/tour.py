"""The one-minute tour on the sample project: says what to do, and waits until it is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QDockWidget, QToolBar, QWidget

from app.annotation import AnnotationState, ImageState
from app.edits import Edit
from ui.explain.panel import ExplainPanel
from ui.file_commands import open_sample
from ui.shortcuts import load, shown
from ui.tour.card import Ring, TourCard
from ui.tour.steps import LAST_TITLE, LAST_WORDS, STEPS, Event

if TYPE_CHECKING:
    from ui.commands import Context

SETTLE = 350  # ms between a step done and the next, so that the person sees what came of it


class Tour(QObject):
    """Walks the steps; ends when the last is read, another project is opened, or the person says so."""

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context, self._session = context, context.session
        self._window = window
        self._panel: ExplainPanel | None = window.findChild(ExplainPanel)
        self.card, self.ring = TourCard(context.canvas), Ring(window)
        self.place = -1  # -1: the sample is not open yet; len(STEPS): all is done
        self._next = QTimer(self, singleShot=True, interval=SETTLE)
        self._next.timeout.connect(self._advance)
        self._next_document = QTimer(self, singleShot=True, interval=0)
        self._next_document.timeout.connect(self._begin)
        self._connect()

    def _connect(self) -> None:
        session = self._session
        session.selection_changed.connect(self._chosen)
        session.annotations_changed.connect(self._edited)
        session.tool_changed.connect(self._tool)
        session.document_changed.connect(self._shown)
        session.project_changed.connect(self._project_changed)
        self.card.skipped.connect(self._advance)
        self.card.ended.connect(self.end)
        if self._panel is not None:
            self._panel.bars.hovered.connect(self._hovered)

    def start(self) -> None:
        """Open the sample project if it is not open, and begin."""
        from app.demo import sample_folder

        project = self._session.project
        if project is not None and project.folder == sample_folder():
            self._next_document.start()
        else:
            open_sample(self._context)

    def end(self) -> None:
        """Take card and ring away."""
        self._next.stop()
        self.ring.surround(None)
        for widget in (self.card, self.ring):
            widget.hide()
            widget.deleteLater()
        self.deleteLater()
        self._context.canvas.setFocus()

    # --- the sample project --------------------------------------------------------------------------------

    def _project_changed(self) -> None:
        from app.demo import sample_folder

        project = self._session.project
        if self.place >= 0 and (project is None or project.folder != sample_folder()):
            self.end()

    def _shown(self) -> None:
        if self.place < 0:
            self._next_document.start()

    def _begin(self) -> None:
        """Show an image with proposals; the first step comes with it."""
        session = self._session
        document = session.document
        if self.place >= 0 or document is None:
            return
        proposed = [each for each in document.annotations.values() if each.state is AnnotationState.PROPOSED]
        if not any(session.visible(each) for each in proposed):
            wanted = next((r for r in session.records if r.state is ImageState.PRELABELLED), None)
            if wanted is not None and wanted.id != session.image_id:
                session.show_image(wanted.id)
                return
            session.predict_current()
        session.set_tool("select")
        self._advance()

    # --- what happens --------------------------------------------------------------------------------------

    def _chosen(self) -> None:
        self._happened(Event("chosen", self._session.selection))

    def _hovered(self, prototype: int) -> None:
        self._happened(Event("hovered", prototype))

    def _tool(self, name: str) -> None:
        self._happened(Event("tool", name))

    def _edited(self, edit: Edit) -> None:
        document = self._session.document
        undone = document is not None and document.can_redo
        self._happened(Event("undone" if undone else "edited", edit))

    def _happened(self, event: Event) -> None:
        if not 0 <= self.place < len(STEPS) or self._next.isActive():
            return
        if STEPS[-1].done(event):  # the image is done, whatever was still to be shown on it
            self.place = len(STEPS) - 1
        if STEPS[self.place].done(event):
            self._next.start()

    # --- from step to step ---------------------------------------------------------------------------------

    def _advance(self) -> None:
        self._next.stop()
        self.place += 1
        if self.place > len(STEPS):
            self.end()
            return
        if self.place == len(STEPS):
            self.ring.surround(None)
            self.card.say(LAST_TITLE, self._with_keys(LAST_WORDS), "", last=True)
            return
        step = STEPS[self.place]
        if step.tool:
            self._session.set_tool(step.tool)
        if self.place > 0:
            self._ensure_chosen()
        if step.target == "bars":
            dock = self._window.findChild(QDockWidget, "Prototypes")
            if dock is not None:
                dock.raise_()
        self.card.say(step.title, self._with_keys(step.words), f"{self.place + 1} of {len(STEPS)}")
        self.ring.surround(self._target(step.target))

    def _ensure_chosen(self) -> None:
        """All steps but the first are about a chosen instance, also where the first was skipped."""
        session = self._session
        if session.document is not None and not session.selection:
            session.select(session.visible_proposals()[:1])

    def _target(self, name: str) -> QWidget | None:
        if name == "bars":
            return self._panel.pages if self._panel is not None else None
        if name == "tools":
            return self._window.findChild(QToolBar, "Tools")
        return self._context.canvas

    @staticmethod
    def _with_keys(words: str) -> str:
        keys = load(QSettings())

        def key(match: re.Match[str]) -> str:
            name = match.group(1)
            return shown(keys[name][:1]) or f"“{name}” in the menu"

        return re.sub(r"\{([a-z.]+)\}", key, words)


def start_tour(context: Context, window: QWidget) -> Tour:
    """Begin the tour in a window; one that is under way is ended."""
    for old in window.findChildren(Tour):
        old.end()
    tour = Tour(context, window)
    tour.start()
    return tour
