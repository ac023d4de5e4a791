"""The hints of the instance under work: which of them count, and the edit that each of them becomes.

One stroke (or click) is one hint, and one edit; each can be taken back singly, whichever it was. GUI thread
only. Frame: image pixels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from app.edits import Edit, EditKind, change
from app.solving import Point, Stroke
from model.errors import InputError
from ui.tools.answers import Answer, Answers
from ui.tools.hints import hints_of
from ui.tools.solve_words import NOTHING_LEFT, what_came, what_went
from ui.tools.work import Remembered, Strokes, Work

if TYPE_CHECKING:
    from app.annotation import Annotation, AnnotationId
    from model.messages import Prediction
    from ui.tools.base import Tool
    from ui.tools.outlook import Trial

STEP = 6.0  # widget units between the places of a stroke


class Solving:
    """The hints of one tool. `work`: those for the chosen instance, None where it has not begun.

    `when_settled` is called when hints were answered and became an edit, `when_refused` when they cannot be.
    """

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._hints = hints_of(tool.session)
        self.answers = Answers(tool.canvas, tool.session)
        self.work: Work | None = None
        self._left = Remembered()  # hints of instances that may be chosen again
        self._drawn: list[Point] = []  # the stroke under way
        self._inside = True
        self.when_settled: Callable[[], object] = lambda: None
        self.when_refused: Callable[[], object] = lambda: None

    # what there is

    @property
    def given(self) -> Strokes:
        """The hints, without the stroke under way."""
        return self.work.strokes if self.work is not None else ()

    @property
    def shown(self) -> Strokes:
        """The hints, and the stroke under way as the last one."""
        return (*self.given, self._stroke()) if self._drawn else self.given

    @property
    def painted(self) -> tuple[bool, ...]:
        """For each hint, whether some of it had to be painted; none where that is not known yet."""
        return self.work.painted if self.work is not None else ()

    @property
    def drawing(self) -> bool:
        """Whether a stroke is under way."""
        return bool(self._drawn)

    def is_of(self, id: AnnotationId | None) -> bool:
        """Whether this instance is under work."""
        return self.work is not None and self.work.is_of(id)

    def is_free_for(self, id: AnnotationId | None) -> bool:
        """Whether this instance is under work, and nothing of it under way."""
        work = self.work
        return work is not None and work.is_of(id) and work.asked is None and not self._drawn

    def trial(self, chosen: Annotation, otherwise: Prediction | None) -> Trial | None:
        """What a hint may be tried out on; `otherwise`: the prototypes of an instance that has not begun."""
        if self._drawn:
            return None
        if self.work is not None and self.work.is_of(chosen.id):
            return self.answers.trial_of(self.work)
        return self.answers.first_trial(chosen, otherwise) if otherwise is not None else None

    # the instance under work

    def go_on(self, chosen: Annotation) -> bool:
        """More hints for the instance under work; False: it is another one."""
        work = self.work
        if work is None or not work.is_of(chosen.id):
            return False
        work.since = work.since or time.monotonic()
        return True

    def begin(self, chosen: Annotation, prediction: Prediction, *, plain: bool) -> None:
        """Take an instance under work. `plain`: with prototypes of another model than its own."""
        document = self._tool.document
        self.work = Work(chosen, prediction, document, since=time.monotonic(), plain=plain)

    def recall(self) -> None:
        """The hints that made the chosen instance what it is, where they are still known, count again."""
        chosen = self._tool.only_selected()
        busy = self.work is not None and (self.work.strokes or self.work.asked)
        if chosen is None or busy:
            return
        work = self._left.take(chosen)
        if work is not None:
            if self.work is not None:
                self._left.put(self.work)
            self.work, work.document = work, self._tool.document
            self._publish()
            self._tool.canvas.update()

    def leave(self) -> None:
        """No instance is under work; the hints are remembered."""
        if self.work is not None:
            self._left.put(self.work)
            self.work, self._drawn = None, []
            self.answers.drop()
            self._hints.forget()
            self._tool.canvas.update()

    def follow(self, edit: Edit) -> bool:
        """After an undo the hints go back, too; False: after anyone else's change they no longer count."""
        work = self.work
        if work is not None and work.start.id in {each.id for each in edit.changes}:
            known = work.hints_of(work.present)
            if not known:
                return False
            if work.strokes not in known:
                self._drop_unsettled()
        return True

    # hints

    def draw(self, point: Point, inside: bool) -> None:
        """Begin a stroke; `inside`: what belongs to the instance."""
        self._drawn, self._inside = [point], inside
        self._ask()
        self._tool.canvas.update()

    def draw_on(self, point: Point) -> None:
        """The stroke goes on to a place, if that is far enough."""
        canvas, last = self._tool.canvas, self._drawn[-1]
        if math.dist(last, point) >= canvas.tolerance(STEP):
            self._drawn.append(point)
            canvas.update_image_rect((*last, *point), margin=16)
            self._ask()

    def end_stroke(self) -> None:
        """The stroke under way is a hint."""
        if self._drawn:
            stroke, self._drawn = self._stroke(), []
            self.add(stroke)

    def add(self, stroke: Stroke) -> None:
        """One more hint."""
        self._set_strokes((*self.given, stroke))

    def take_away(self, number: int) -> None:
        """One hint goes, the others stay."""
        work = self.work
        if work is not None:
            work.since = work.since or time.monotonic()
            self._set_strokes((*work.strokes[:number], *work.strokes[number + 1 :]))

    def take_last(self) -> bool:
        """The last hint goes; False: there is none."""
        work = self.work
        if work is None or not work.strokes:
            return False
        work.since = time.monotonic()
        self._set_strokes(work.strokes[:-1])
        return True

    def cancel(self) -> bool:
        """Drop the stroke under way and the hints that have no answer yet; True if there was something."""
        if self._drawn or (self.work is not None and self.work.asked is not None):
            self._drop_unsettled()
            return True
        return False

    def _stroke(self) -> Stroke:
        return Stroke(tuple(self._drawn), self._inside)

    # answers

    def _set_strokes(self, strokes: Strokes) -> None:
        """These are the hints now: what they make becomes an edit, once it is solved."""
        work = self.work
        assert work is not None
        work.strokes = strokes
        self._tool.canvas.update()
        if work.solved is not None and work.solved.annotation is not None and work.answered == strokes:
            self._settle()
        elif work.asked != strokes or work.coarse:
            self._ask()

    def _ask(self) -> None:
        work, strokes = self.work, self.shown
        assert work is not None
        work.asked, work.coarse = strokes, bool(self._drawn)
        self.answers.ask(
            work, strokes, preview=work.coarse, then=lambda answer: self._answered(work, strokes, answer)
        )

    def _answered(self, work: Work, strokes: Strokes, answer: Answer) -> None:
        if work is not self.work:
            return
        if work.asked == strokes:
            work.asked = None
        if isinstance(answer, InputError):
            self._tool.tell(str(answer), "warning")
            self.when_refused()
            self._drop_unsettled()
            return
        made, known = answer
        work.solved, work.answered = made, strokes
        work.steps = made.steps
        self.answers.show(work, made.mask, known)
        if not self._drawn and strokes == work.strokes and made.annotation is not None:
            self._settle()
            self.when_settled()

    # edits

    def settle(self) -> None:
        """A hint that was given counts, also where a thread is still at it and the image or tool goes."""
        work = self.work
        known = work.hints_of(work.present) if work is not None else []
        if work is None or not known or work.strokes in known:
            return
        try:
            work.solved = self.answers.at_once(work)
        except InputError as error:
            self._tell_of(work, str(error), "warning")
            self._drop_unsettled()
            return
        work.answered, work.steps, work.asked = work.strokes, work.solved.steps, None
        self._settle()

    def _settle(self) -> None:
        """The mask as it is now becomes an edit."""
        work = self.work
        if work is None or work.document is None or work.solved is None:
            return
        before, after = work.present, work.kept_as(work.solved.annotation)
        if before is None or after is None or (before == after and work.strokes in work.hints_of(before)):
            self.answers.live.end()
            return
        if after.area <= 0:
            self._tell_of(work, NOTHING_LEFT, "warning")
            self._drop_unsettled()
            return
        before_hints = work.settled_at(before)
        if work.strokes:
            after = replace(after, seconds=before.seconds + time.monotonic() - work.since)
        work.since = 0.0
        work.history.append((after, work.strokes, work.steps))
        if work.document is self._tool.document:
            self._tool.canvas.stage.masks.prime(after.id, after.geometry, work.solved.mask)
        self.answers.live.end(settled=True)
        self._tool.perform(work.document, change(EditKind.RECOMPOSE, before.image_id, [(before, after)]))
        self._publish()
        if len(work.strokes) < len(before_hints):
            self._tell_of(work, what_went(before, after))
        elif work.strokes:
            self._tell_of(work, what_came(work, before, after))

    def _tell_of(self, work: Work, words: str, kind: str = "info") -> None:
        """Say something of an instance, while its image is there."""
        if words and work.document is self._tool.document:
            self._tool.tell(words, kind)

    def _publish(self) -> None:
        """Tell which hints count, and what they made."""
        work = self.work
        if work is None or not work.strokes:
            self._hints.forget()
        else:
            self._hints.show(work.solved_from, work.steps[: len(work.strokes)])

    def _drop_unsettled(self) -> None:
        """Forget the hints since the last edit."""
        if self.work is not None:
            self.work.go_back_to(self.work.present)
        self._drawn = []
        self.answers.drop()
        self._publish()
        self._tool.canvas.update()
        self._tool.canvas.update_hint()
