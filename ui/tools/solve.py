"""Correct a mask through the model's coefficients: what is marked as inside or outside is solved for, live.

Frame: image pixels. The network is not run; a thread solves and assembles, the newest request counts. One
stroke (or click) is one hint, and one edit; each can be taken back singly, whichever it was.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter

from app.annotation import PERSONS_WORK, Annotation, AnnotationState
from app.correction import explain_refusal
from app.edits import Edit, EditKind, change
from app.fine import shared_look
from app.geometry import to_mask
from app.solving import Point, Solved, Stroke, changed_rect, solve_strokes
from model.errors import InputError
from model.masks import BoxMask
from ui.tools import marks
from ui.tools.base import Pointer, Tool
from ui.tools.candidates import CandidatePicker
from ui.tools.crosshair import Crosshair
from ui.tools.hints import hints_of
from ui.tools.latest import Latest
from ui.tools.live import Known, LiveMask
from ui.tools.outlook import OutlookAt, Trial
from ui.tools.pixels import pixels_of
from ui.tools.solve_words import what_came, what_went
from ui.tools.sources import sources_of
from ui.tools.waiting import GONE, Waiting
from ui.tools.work import Remembered, Work

if TYPE_CHECKING:
    from model.messages import Prediction
    from ui.canvas.view import Canvas
    from ui.session import Session

STEP = 6.0  # widget units between the places of a stroke
EDGE = 16.0  # widget units outside the image that still mean its edge
LAST = "no hint is left to take back: Delete removes the instance"


class SolveTool(Tool):
    """Left marks what belongs to the instance, right what does not."""

    name = "solve"
    title = "Correct by prototypes"
    takes_right: ClassVar[bool] = True

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._latest = Latest(canvas)
        self._live = LiveMask(canvas)
        self._sources = sources_of(session)
        self._picker = CandidatePicker(self)
        self._cross = Crosshair(self)
        self._work: Work | None = None
        self._left = Remembered()  # hints of instances that may be chosen again
        self._drawn: list[Point] = []  # the stroke under way
        self._inside = True
        self._hot = -1  # the hint whose mark is under the pointer
        self._pending = Waiting()  # for prototypes
        self._outlook = OutlookAt(canvas, self._trial, canvas.update_hint)
        self._hints = hints_of(session)
        self._hints.unwanted.connect(self.take_away)
        session.prediction_changed.connect(self._prediction_arrived)

    # what it says

    @property
    def hint(self) -> str:
        if self._picker.busy:
            return self._picker.hint
        chosen = self.only_selected()
        if self._pending.words:
            return self._pending.words
        if chosen is None:
            return "Click an instance to choose it, or a place that has none: the model's candidates for it"
        if self._hot >= 0:
            return "Click: take this hint back"
        count = len(self._work.strokes) if self._work is not None else 0
        done = f" · {count} {'hint' if count == 1 else 'hints'}, Backspace: one back" if count else ""
        if self._outlook.words and not self._drawn:
            return f"{self._outlook.words[0].upper()}{self._outlook.words[1:]}{done}"
        keys = " · Enter: adds, Shift+Enter: removes" if self._cross.place else " · arrows: by keys"
        return f"Left click or drag: belongs to it · right: does not{keys}{done}"

    @property
    def cursor(self) -> Qt.CursorShape:
        return Qt.CursorShape.PointingHandCursor if self._hot >= 0 else Qt.CursorShape.CrossCursor

    @property
    def busy(self) -> bool:
        return bool(self._drawn) or self._picker.busy

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
        chosen = self.only_selected()
        if chosen is None or pointer.control:
            self._choose(pointer)
            return
        work = self._work
        if work is not None and (number := self._mark_at(pointer)) >= 0:
            self.take_away(number)
            return
        self.mark(self.clip(*pointer.point), inside)

    def _choose(self, pointer: Pointer) -> None:
        under = self.canvas.instances_at(*pointer.point)
        prediction = self.session.prediction
        if under:
            self.session.select(under[:1])
        elif prediction is not None:
            self.session.select(())
            self._picker.ask_at(prediction, *self.clip(*pointer.point))
        else:
            self._wait_for_candidates(self.clip(*pointer.point))

    def _wait_for_candidates(self, place: Point) -> None:
        self.session.select(())
        if words := self._sources.look():
            self._pending.at(place, self.document)
            self.tell(words, "info")
            self.canvas.update_hint()

    def mark(self, point: Point, inside: bool) -> None:
        """Begin a hint at a place, once the prototypes are there."""
        chosen = self.only_selected()
        if chosen is None or self._drawn:
            return
        if self._ready(chosen) is None:
            self._keep(chosen, Stroke((point,), inside))
            return
        self._outlook.forget()
        self._drawn, self._inside = [point], inside
        self._ask()
        self.canvas.update()

    def _ready(self, chosen: Annotation) -> Work | None:
        work = self._work
        if work is not None and work.start.id == chosen.id:
            work.since = work.since or time.monotonic()
            return work
        prediction = self._sources.get(chosen)
        plain = prediction is None and self._is_orphan(chosen)
        if plain:
            prediction = self.session.prediction
        if prediction is None:
            return None
        self._work = Work(chosen, prediction, self.document, since=time.monotonic(), plain=plain)
        return self._work

    def _is_orphan(self, chosen: Annotation) -> bool:
        """Whether the model that proposed it cannot be had: then the active one's prototypes do."""
        active, origin = self.session.model.version, chosen.origin
        other = origin is not None and active is not None and active.name != origin.model_version
        return other and self._sources.is_refused(chosen)

    def _keep(self, chosen: Annotation, stroke: Stroke) -> None:
        """Keep a hint until the prototypes are there, and ask for them."""
        words = self._fetch(chosen)
        if words:
            self._pending.add(chosen.id, stroke, self.document)
            self.canvas.update()
        self.tell(words or explain_refusal(chosen, None), "info" if words else "warning")
        self.canvas.update_hint()

    def _prediction_arrived(self) -> None:
        waiting, chosen, prediction = self._pending, self.only_selected(), self.session.prediction
        if self.canvas.tool is not self or self.document is None:
            return
        if waiting.place is not None and waiting.document is self.document and prediction is not None:
            place = waiting.place
            waiting.drop()
            self._picker.ask_at(prediction, *place)
        elif chosen is not None and chosen.id == waiting.of and waiting.strokes:
            if self._ready(chosen) is not None:
                self._give()
            else:
                self._ask_further(chosen, prediction)
            self.canvas.update()
        self.canvas.update_hint()

    def _fetch(self, chosen: Annotation) -> str:
        if self._is_orphan(chosen):
            return self._sources.look()
        return self._sources.fetch(chosen, self._prediction_arrived)

    def _ask_further(self, chosen: Annotation, prediction: Prediction | None) -> None:
        """What has come is not what the hints wait for: another version's prototypes, or a refusal."""
        active, origin = self.session.model.version, chosen.origin
        if self._is_orphan(chosen):
            self._sources.look()
        elif self._sources.is_refused(chosen):
            self._pending.drop()
        elif (
            origin is not None and prediction is not None and origin.model_version != prediction.model_version
        ):
            if active is not None and active.name != origin.model_version:  # it was not known yet
                self.tell(self._fetch(chosen), "info")
            else:  # never ask the same model twice
                self._pending.drop()
                self.tell(explain_refusal(chosen, prediction), "warning")

    def _give(self) -> None:
        """The first hint that waited, once nothing else is under way: each is an edit of its own."""
        work = self._work
        ready = work is not None and work.asked is None and not self._drawn
        if work is not None and ready and self._pending.strokes and work.start.id == self._pending.of:
            self._set_strokes((*work.strokes, self._pending.pop_first()))

    def move(self, pointer: Pointer) -> None:
        if not self._drawn:
            self._hover(self._mark_at(pointer))
            within = self._near_image(pointer) and not self._picker.busy and self._hot < 0
            self._outlook.rest_at(self.clip(*pointer.point) if within else None)
            return
        here = self.clip(*pointer.point)
        if math.dist(self._drawn[-1], here) >= self.canvas.tolerance(STEP):
            self._drawn.append(here)
            self.canvas.update_image_rect((*self._drawn[-2], *here), margin=16)
            self._ask()

    def release(self, pointer: Pointer) -> None:
        self._end_stroke()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def leave(self) -> None:
        self._hover(-1)
        self._outlook.rest_at(None)

    def _trial(self) -> Trial | None:
        """What a hint may be tried out on: the chosen instance, where its prototypes are there."""
        chosen, work = self.only_selected(), self._work
        if chosen is None or self._drawn or self.canvas.tool is not self:
            return None
        if work is not None and work.start.id == chosen.id:
            pixels, start = self._pixels_for(work), self._start_mask(work)
            known = work.asked is None
            return (
                Trial(work.solved_from, work.prediction, work.strokes, work.steps, start, pixels)
                if known
                else None
            )
        prediction = self._sources.get(chosen)
        if prediction is None:
            return None
        before = self.canvas.stage.masks.known(chosen.id, chosen.geometry)
        return Trial(chosen, prediction, (), (), before, pixels_of(self.session).for_box(chosen.bbox))

    def _end_stroke(self) -> None:
        work, drawn = self._work, self._drawn
        self._drawn = []
        if work is not None and drawn:
            self._set_strokes((*work.strokes, Stroke(tuple(drawn), self._inside)))

    def _mark_at(self, pointer: Pointer) -> int:
        if self._work is None:
            return -1
        return marks.nearest_mark(self._work.strokes, *pointer.point, self.canvas.tolerance(marks.GRIP))

    def _hover(self, number: int) -> None:
        if number != self._hot:
            self._hot = number
            self.canvas.update()

    def _near_image(self, pointer: Pointer) -> bool:
        return math.dist(self.clip(*pointer.point), pointer.point) <= self.canvas.tolerance(EDGE)

    # solving

    def _set_strokes(self, strokes: tuple[Stroke, ...]) -> None:
        """These are the hints now: what they make becomes an edit, once it is solved."""
        work = self._work
        assert work is not None
        work.strokes = strokes
        self.canvas.update()
        if work.solved is not None and work.solved.annotation is not None and work.answered == strokes:
            self._settle()
        elif work.asked != strokes or work.coarse:
            self._ask()

    def _ask(self) -> None:
        work = self._work
        assert work is not None
        strokes = work.strokes
        if self._drawn:
            strokes = (*strokes, Stroke(tuple(self._drawn), self._inside))
        work.asked = strokes
        known, before = work.steps, self._start_mask(work)
        start, size = work.start.geometry, (work.prediction.image_width, work.prediction.image_height)
        shown = self._live.mask or self._settled_mask(work)
        work.coarse, pixels = bool(self._drawn), self._pixels_for(work)
        preview = work.coarse

        def solved() -> tuple[Solved, Known]:
            old = work.mask = before if before is not None else to_mask(start, *size)
            made = solve_strokes(
                work.solved_from,
                work.prediction,
                strokes,
                known,
                before=old,
                pixels=pixels,
                preview=preview,
                finely=shared_look(),
            )
            return made, (shown, changed_rect(shown, made.mask)) if shown is not None else None

        self._latest.ask(solved, lambda answer: self._answered(work, strokes, answer))

    def _pixels_for(self, work: Work) -> NDArray[np.uint8] | None:
        """The same ones for all hints of an instance, once they are all there."""
        pixels = pixels_of(self.session)
        if work.pixels is None or not work.whole:
            work.pixels, work.whole = pixels.for_box(work.start.bbox), pixels.are_whole
        return work.pixels

    def _start_mask(self, work: Work) -> BoxMask | None:
        """The mask before the first hint; None where nobody has decoded it yet: the thread does."""
        if work.mask is None:
            work.mask = self.canvas.stage.masks.known(work.start.id, work.start.geometry)
        return work.mask

    def _settled_mask(self, work: Work) -> BoxMask | None:
        now = _present(work)
        if now is None:
            return None
        known = self.canvas.stage.masks.known(now.id, now.geometry)
        return work.mask if known is None and now == work.start else known

    def _answered(
        self, work: Work, strokes: tuple[Stroke, ...], answer: tuple[Solved, Known] | InputError
    ) -> None:
        if work is not self._work:
            return
        if work.asked == strokes:
            work.asked = None
        if isinstance(answer, InputError):
            self.tell(str(answer), "warning")
            self._pending.drop()
            self._drop_unsettled()
            return
        made, known = answer
        work.solved, work.answered = made, strokes
        work.steps = made.steps
        color = self.canvas.shown.color_of(work.start)
        self._live.show(work.start.id, made.mask, color, self._settled_mask(work), known)
        if not self._drawn and strokes == work.strokes and made.annotation is not None:
            self._settle()
            self._give()

    def _settle(self) -> None:
        """The mask as it is now becomes an edit."""
        work = self._work
        if work is None or work.document is None or work.solved is None:
            return
        before, after = _present(work), _as_work(work, work.solved.annotation)
        if before is None or after is None or (before == after and work.strokes in work.hints_of(before)):
            self._live.end()
            return
        if after.area <= 0:
            self._tell_of(
                work, "nothing would be left of the instance, so the last hint was dropped", "warning"
            )
            self._drop_unsettled()
            return
        before_hints = work.settled_at(before)
        if work.strokes:
            after = replace(after, seconds=before.seconds + time.monotonic() - work.since)
        work.since = 0.0
        work.history.append((after, work.strokes, work.steps))
        if work.document is self.document:
            self.canvas.stage.masks.prime(after.id, after.geometry, work.solved.mask)
        self._live.end(settled=True)
        self._perform(work.document, change(EditKind.RECOMPOSE, before.image_id, [(before, after)]))
        self._publish()
        if len(work.strokes) < len(before_hints):
            self._tell_of(work, what_went(before, after))
        elif work.strokes:
            self._tell_of(work, what_came(work, before, after))

    def settle(self) -> None:
        """A hint that was given counts, also where a thread is still at it and the image or tool goes."""
        work = self._work
        known = work.hints_of(_present(work)) if work is not None else []
        if work is None or not known or work.strokes in known:
            return
        self._latest.forget()
        try:
            work.solved = solve_strokes(
                work.solved_from,
                work.prediction,
                work.strokes,
                work.steps,
                before=work.mask,
                pixels=work.pixels,
                finely=shared_look(),
            )
        except InputError as error:
            self._tell_of(work, str(error), "warning")
            self._drop_unsettled()
            return
        work.answered, work.steps, work.asked = work.strokes, work.solved.steps, None
        self._settle()

    def _tell_of(self, work: Work, words: str, kind: str = "info") -> None:
        """Say something of an instance, while its image is there."""
        if words and work.document is self.document:
            self.tell(words, kind)

    def _publish(self) -> None:
        """Tell which hints count, and what they made."""
        work = self._work
        if work is None or not work.strokes:
            self._hints.forget()
        else:
            self._hints.show(work.solved_from, work.steps[: len(work.strokes)])

    def _drop_unsettled(self) -> None:
        """Forget the hints since the last edit."""
        if self._work is not None:
            self._work.go_back_to(_present(self._work))
        self._latest.forget()
        self._drawn = []
        self._live.end()
        self._publish()
        self.canvas.update()
        self.canvas.update_hint()

    # what happens around it

    def annotations_changed(self, edit: Edit) -> None:
        """After an undo the hints go back, too; after anyone else's change they no longer count."""
        self._outlook.forget()
        self._picker.cancel()
        work = self._work
        if work is not None and work.start.id in {each.id for each in edit.changes}:
            known = work.hints_of(_present(work))
            if not known:
                self._forget()
            elif work.strokes not in known:
                self._drop_unsettled()
        self._recall()

    def _recall(self) -> None:
        """The hints that made the chosen instance what it is, where they are still known, count again."""
        chosen = self.only_selected()
        busy = self._work is not None and (self._work.strokes or self._work.asked)
        if chosen is None or busy:
            return
        work = self._left.take(chosen)
        if work is not None:
            if self._work is not None:
                self._left.put(self._work)
            self._work, work.document = work, self.document
            self._publish()
            self.canvas.update()

    def selection_changed(self) -> None:
        chosen = self.only_selected()
        self._outlook.forget()
        self._cross.hide()  # it comes again where the other instance is
        if self._pending.of is not None and (chosen is None or chosen.id != self._pending.of):
            if self._pending.is_missed:
                self.tell(GONE, "warning")
            self._pending.drop()
        if chosen is not None:
            self._picker.cancel()
            if words := self._sources.recall(chosen):
                self.tell(words, "info")
        if self._work is not None and (chosen is None or chosen.id != self._work.start.id):
            self.settle()
            self._forget()
        self._recall()

    def activate(self) -> None:
        chosen = self.only_selected()
        self._recall()
        if chosen is not None and (words := self._sources.recall(chosen)):
            self.tell(words, "info")

    def cancel(self) -> bool:
        work = self._work
        if self._pending.is_missed and self._pending.document is not self.document:
            self.tell(GONE, "warning")  # another image was opened; Escape and undo mean to drop it
        if self._pending.drop():
            self.canvas.update()
            return True
        if self._picker.cancel():
            return True
        if self._drawn or (work is not None and work.asked is not None):
            self._drop_unsettled()
            return True
        return False  # the cross hair stays: undo takes a hint back, not the place

    def deactivate(self) -> None:
        self.settle()
        self._picker.cancel()
        self._cross.hide()
        self._forget()

    def _forget(self) -> None:
        self._hot = -1
        self._pending.drop()
        self._outlook.forget()
        if self._work is not None:
            self._latest.forget()
            self._left.put(self._work)
            self._work, self._drawn = None, []
            self._live.end()
            self._hints.forget()
            self.canvas.update()

    # keys

    def takes_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return self._picker.busy or bool(self.canvas.shown.annotations)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            return plain and (self._picker.busy or self._cross.place is not None or self._work is not None)
        if key == Qt.Key.Key_Backspace:
            return self._work is not None or bool(self._pending.strokes)
        if key == Qt.Key.Key_Escape:
            return (
                bool(self._pending.words)
                or self._picker.busy
                or self._cross.place is not None
                or self._work is not None
            )
        return self._cross.takes_key(event)

    def key(self, event: QKeyEvent) -> bool:
        if not self.takes_key(event):
            return False
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._next(-1 if key == Qt.Key.Key_Backtab or shift else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(adds=not shift)
        elif key == Qt.Key.Key_Backspace:
            self.take_back()
        elif key == Qt.Key.Key_Escape:
            if not self.cancel() and not self._cross.hide():
                self._forget()
                self.session.select(())
        else:
            self._cross.key(event)
        self.canvas.update_hint()
        return True

    def _next(self, by: int) -> None:
        if self._picker.shown is not None:
            self._picker.step(by)
            return
        among, chosen = self.canvas.shown.in_reading_order(), self.session.selection
        place = among.index(chosen[0]) + by if chosen and chosen[0] in among else (0 if by > 0 else -1)
        self.session.select([among[place % len(among)]])

    def _enter(self, *, adds: bool) -> None:
        place = self._cross.place
        if self._picker.shown is not None:
            self._picker.take()
        elif place is not None and self.only_selected() is not None:
            self.mark(place, adds)
            self._end_stroke()
        elif place is not None and self.session.prediction is not None:
            self._picker.ask_at(self.session.prediction, *place)
        elif place is not None:
            self._wait_for_candidates(place)
        elif self._work is not None:
            self._forget()
            self.session.select(())

    def take_away(self, number: int) -> None:
        """One hint goes, the others stay."""
        work = self._work
        if work is not None and 0 <= number < len(work.strokes):
            work.since = work.since or time.monotonic()
            self._hot = -1
            self._set_strokes((*work.strokes[:number], *work.strokes[number + 1 :]))

    def take_back(self) -> None:
        """The last hint goes."""
        work = self._work
        if self._pending.strokes:
            self._pending.pop_last()
            self.canvas.update()
            return
        if work is None or not work.strokes:
            self.tell(LAST, "info")
            return
        work.since = time.monotonic()
        self._set_strokes(work.strokes[:-1])

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        """The hints, the stroke under way and the cross hair."""
        view, work = self.canvas.view, self._work
        if view is None:
            return
        if work is not None:
            strokes = work.strokes
            if self._drawn:
                strokes = (*strokes, Stroke(tuple(self._drawn), self._inside))
            marks.paint_marks(painter, strokes, view, hot=self._hot, painted=work.painted)
        marks.paint_marks(painter, self._pending.strokes, view)
        if self._cross.place is not None:
            marks.paint_cross(painter, self._cross.place, view)


def _present(work: Work) -> Annotation | None:
    """The instance as the document has it."""
    return work.document.annotations.get(work.start.id) if work.document is not None else None


def _as_work(work: Work, made: Annotation | None) -> Annotation | None:
    """What hints made of a proposal is a person's work, also of one that was imported and has no prototypes.

    A proposal is swept away when the image is pre-labelled again, and hidden by the threshold.
    """
    start = work.start
    if made is not None and work.plain:
        made = replace(made, origin=start.origin, coefficients=start.coefficients)
    if made is None or made.geometry == start.geometry or made.state in PERSONS_WORK:
        return made
    return replace(made, state=AnnotationState.CORRECTED)
