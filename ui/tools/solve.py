"""Correct a mask through the model's coefficients: what is marked as inside or outside is solved for, live.

This is the tool itself: what the mouse does, what it says and paints, what happens around it. Which hints
count and their edits are `solving`'s, what waits for the model is `deferred`'s. Frame: image pixels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter

from app.edits import Edit, EditKind
from app.solving import Point, Stroke
from ui.tools import marks
from ui.tools.base import Pointer, Tool
from ui.tools.candidates import CandidatePicker
from ui.tools.crosshair import Crosshair
from ui.tools.deferred import Deferred
from ui.tools.hints import hints_of
from ui.tools.outlook import OutlookAt, Trial
from ui.tools.solve_keys import SolveKeys
from ui.tools.solve_words import LAST, what_to_do
from ui.tools.solving import Solving

if TYPE_CHECKING:
    from app.annotation import Annotation
    from ui.canvas.view import Canvas
    from ui.session import Session

EDGE = 16.0  # widget units outside the image that still mean its edge


class SolveTool(Tool):
    """Left marks what belongs to the instance, right what does not."""

    name = "solve"
    title = "Correct by prototypes"
    takes_right: ClassVar[bool] = True

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._solving = Solving(self)
        self._picker = CandidatePicker(self)
        self._cross = Crosshair(self)
        self._deferred = Deferred(self, self._solving, self._picker)
        self._keys = SolveKeys(self, self._picker, self._cross, self._solving, self._deferred)
        self._hot = -1  # the hint whose mark is under the pointer
        self._outlook = OutlookAt(canvas, self._trial, canvas.update_hint)
        hints_of(session).unwanted.connect(self.take_away)

    # what it shows

    @property
    def hint(self) -> str:
        if self._picker.busy:
            return self._picker.hint
        if words := self._deferred.waiting.words:
            return words
        return what_to_do(
            chosen=self.only_selected() is not None,
            on_mark=self._hot >= 0,
            count=len(self._solving.given),
            outlook="" if self._solving.drawing else self._outlook.words,
            by_keys=self._cross.place is not None,
        )

    @property
    def cursor(self) -> Qt.CursorShape:
        if self._picker.looking or self._deferred.waiting.words:
            return Qt.CursorShape.BusyCursor
        return Qt.CursorShape.PointingHandCursor if self._hot >= 0 else Qt.CursorShape.CrossCursor

    @property
    def busy(self) -> bool:
        return self._solving.busy or self._picker.busy

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        """The hints, the stroke under way and the cross hair."""
        view, solving = self.canvas.view, self._solving
        if view is None:
            return
        marks.paint_marks(painter, solving.shown, view, hot=self._hot, painted=solving.painted)
        marks.paint_marks(painter, self._deferred.waiting.strokes, view)
        if self._cross.place is not None:
            marks.paint_cross(painter, self._cross.place, view)

    # mouse

    def press(self, pointer: Pointer) -> None:
        inside = pointer.button == Qt.MouseButton.LeftButton
        if self.document is None or not self._near_image(pointer):
            return
        self._cross.hide()
        if self._picker.busy:
            if inside and self._picker.holds(*pointer.point):
                self._picker.take()
                return
            self._picker.cancel()
        if self.only_selected() is None or pointer.control:
            self._choose(pointer)
        elif (number := self._mark_at(pointer)) >= 0:
            self.take_away(number)
        else:
            self.mark(self.clip(*pointer.point), inside)

    def _choose(self, pointer: Pointer) -> None:
        under = self.canvas.instances_at(*pointer.point)
        self.session.select(under[:1])
        if not under:
            self._deferred.offer_at(self.clip(*pointer.point))

    def move(self, pointer: Pointer) -> None:
        if self._solving.drawing:
            self._solving.draw_on(self.clip(*pointer.point))
            return
        self._hover(self._mark_at(pointer))
        within = self._near_image(pointer) and not self._picker.busy and self._hot < 0
        self._outlook.rest_at(self.clip(*pointer.point) if within else None)

    def release(self, pointer: Pointer) -> None:
        self._solving.end_stroke()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def leave(self) -> None:
        self._hover(-1)
        self._outlook.rest_at(None)

    def _mark_at(self, pointer: Pointer) -> int:
        return marks.nearest_mark(self._solving.given, *pointer.point, self.canvas.tolerance(marks.GRIP))

    def _hover(self, number: int) -> None:
        if number != self._hot:
            self._hot = number
            self.canvas.update()

    def _near_image(self, pointer: Pointer) -> bool:
        return math.dist(self.clip(*pointer.point), pointer.point) <= self.canvas.tolerance(EDGE)

    def _trial(self) -> Trial | None:
        """What a hint may be tried out on: the chosen instance, where its prototypes are there."""
        chosen = self.only_selected()
        if chosen is None or self.canvas.tool is not self:
            return None
        return self._solving.trial(chosen, self._deferred.get(chosen))

    # keys

    def takes_key(self, event: QKeyEvent) -> bool:
        return self._keys.takes(event)

    def key(self, event: QKeyEvent) -> bool:
        return self._keys.press(event)

    # hints

    def mark(self, point: Point, inside: bool) -> None:
        """Begin a hint at a place, once the prototypes are there."""
        chosen = self.only_selected()
        if chosen is None or self._solving.drawing:
            return
        if not self._deferred.take(chosen):
            self._deferred.keep(chosen, Stroke((point,), inside))
            return
        self._outlook.forget()
        self._solving.draw(point, inside)

    def hint_at(self, place: Point, inside: bool) -> None:
        """One hint, of one place."""
        self.mark(place, inside)
        self._solving.end_stroke()

    def take_away(self, number: int) -> None:
        """One hint goes, the others stay."""
        if 0 <= number < len(self._solving.given):
            self._hot = -1
            self._solving.take_away(number)

    def take_back(self) -> None:
        """The last hint goes."""
        if self._deferred.waiting.strokes:
            self._deferred.waiting.pop_last()
            self.canvas.update()
        elif not self._solving.take_last():
            self.tell(LAST, "info")

    # what happens around it

    def activate(self) -> None:
        self._solving.recall()
        if (chosen := self.only_selected()) is not None:
            self._deferred.recall(chosen)
            self._look_ahead(chosen)

    def deactivate(self) -> None:
        self._picker.cancel()
        self._cross.hide()
        self._forget()

    def settle(self) -> None:
        """A hint that was given counts, also where a thread is still at it and the image goes."""
        self._deferred.leave()
        self._solving.leave()

    def annotations_changed(self, edit: Edit) -> None:
        self._outlook.forget()
        by_person = edit.kind is not EditKind.PRELABEL  # what the model proposes hinders no question
        if by_person and not self._solving.landing:  # nor does an earlier hint's answer
            self._picker.cancel()
        if not self._solving.follow(edit):
            self._forget()
        self._solving.recall()

    def selection_changed(self) -> None:
        chosen = self.only_selected()
        self._outlook.forget()
        self._cross.hide()  # it comes again where the other instance is
        if self._solving.work is not None and (chosen is None or not self._solving.is_of(chosen.id)):
            self._forget()
        self._deferred.choice_changed(chosen)
        if chosen is not None:
            self._picker.cancel()
            self._deferred.recall(chosen)
        self._solving.recall()
        self._look_ahead(chosen)

    def _look_ahead(self, chosen: Annotation | None) -> None:
        if chosen is not None and self.canvas.tool is self:
            self._solving.look_ahead(chosen, self._deferred.get(chosen))

    def cancel(self) -> bool:
        if self._deferred.cancel():
            self.canvas.update()
            return True
        # the cross hair stays: undo takes a hint back, not the place
        return self._picker.cancel() or self._solving.cancel()

    def leave_instance(self) -> None:
        """No instance is chosen any more."""
        self._forget()
        self.session.select(())

    def _forget(self) -> None:
        self._hot = -1
        self._deferred.leave()
        self._outlook.forget()
        self._solving.leave()
