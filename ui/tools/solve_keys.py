"""Correcting by prototypes without a mouse: which keys are used, and what each of them does.

Tab: the next instance or candidate; arrows: the cross hair; Return: a hint there, with Shift one that takes
away (without the cross hair it is the window's: accept, and on to the next); Backspace: the last hint goes;
Escape: what is under way goes, then the cross hair, then the choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.solving import Point
from ui.visit import bring_into_view

if TYPE_CHECKING:
    from app.annotation import Annotation
    from ui.canvas.view import Canvas
    from ui.session import Session
    from ui.tools.candidates import CandidatePicker
    from ui.tools.crosshair import Crosshair
    from ui.tools.deferred import Deferred
    from ui.tools.solving import Solving

TABS = Qt.Key.Key_Tab, Qt.Key.Key_Backtab
RETURNS = Qt.Key.Key_Return, Qt.Key.Key_Enter


class Hinted(Protocol):
    """Who does what keys mean."""

    canvas: Canvas
    session: Session

    def only_selected(self) -> Annotation | None:
        """The instance that hints are for."""

    def hint_at(self, place: Point, inside: bool) -> None:
        """One hint, of one place."""

    def take_back(self) -> None:
        """The last hint goes."""

    def cancel(self) -> bool:
        """Drop what is under way; True if there was something."""

    def leave_instance(self) -> None:
        """No instance is chosen any more."""


class SolveKeys:
    """The keys of one tool and its parts."""

    def __init__(
        self, tool: Hinted, picker: CandidatePicker, cross: Crosshair, solving: Solving, deferred: Deferred
    ) -> None:
        self._tool, self._picker, self._cross = tool, picker, cross
        self._solving, self._deferred = solving, deferred

    def takes(self, event: QKeyEvent) -> bool:
        """Whether `press` would use this key."""
        key, waiting = event.key(), self._deferred.waiting
        works, points = self._solving.work is not None, self._cross.place is not None
        if key in TABS:
            return self._picker.busy or bool(self._tool.canvas.shown.annotations)
        if key in RETURNS:
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            return plain and (self._picker.busy or points)
        if key == Qt.Key.Key_Backspace:
            return works or bool(waiting.strokes)
        if key == Qt.Key.Key_Escape:
            return bool(waiting.words) or self._picker.busy or points or works
        return self._cross.takes_key(event)

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means; False: nothing."""
        if not self.takes(event):
            return False
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in TABS:
            self._next(-1 if key == Qt.Key.Key_Backtab or shift else 1)
        elif key in RETURNS:
            self._enter(adds=not shift)
        elif key == Qt.Key.Key_Backspace:
            self._tool.take_back()
        elif key == Qt.Key.Key_Escape:
            if not self._tool.cancel() and not self._cross.hide():
                self._tool.leave_instance()
        else:
            self._cross.key(event)
        self._tool.canvas.update_hint()
        return True

    def _next(self, by: int) -> None:
        """The next candidate where some are shown, the next instance otherwise."""
        if self._picker.shown is not None:
            self._picker.step(by)
            return
        session = self._tool.session
        among, chosen = self._tool.canvas.shown.in_reading_order(), session.selection
        place = among.index(chosen[0]) + by if chosen and chosen[0] in among else (0 if by > 0 else -1)
        session.select([among[place % len(among)]])
        bring_into_view(session, self._tool.canvas)

    def _enter(self, *, adds: bool) -> None:
        """Take the candidate, give a hint, or look for candidates at the cross hair."""
        place = self._cross.place
        if self._picker.shown is not None:
            self._picker.take()
        elif place is not None and self._tool.only_selected() is not None:
            self._tool.hint_at(place, adds)
        elif place is not None:
            self._deferred.offer_at(place)
