"""The hints of the instance under work: which of them count, and the edit that each of them becomes.

One stroke (or click) is one hint, and one edit; each can be taken back singly, whichever it was. A hint that
was given becomes an edit of its own document also where that was left before its answer came. A hint that
changes no pixel is no edit: it holds for the next ones, and undo takes it back first. GUI thread only. Frame:
image pixels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.edits import Edit, EditKind, change
from app.solving import Point, Solved, Stroke
from model.errors import InputError
from ui.tools.answers import Answer, Answers
from ui.tools.given import Given, GivenHints
from ui.tools.hints import hints_of
from ui.tools.outcome import NotPossible, Outcome, outcome_of, remember
from ui.tools.solve_words import BACK_UNSEEN
from ui.tools.work import Remembered, Steps, Strokes, Work

if TYPE_CHECKING:
    from app.annotation import Annotation, AnnotationId
    from app.document import ImageDocument
    from model.masks import BoxMask
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
        self._given = GivenHints(tool.session, self.answers, self._land)
        self.work: Work | None = None
        self._left = Remembered()  # hints of instances that may be chosen again
        self._drawn: list[Point] = []  # the stroke under way
        self._inside = True
        self.landing = False  # an edit of ours is being made
        self.when_settled: Callable[[], object] = lambda: None
        self.when_refused: Callable[[], object] = lambda: None

    # what there is

    @property
    def busy(self) -> bool:
        """Whether `cancel` would drop something."""
        return (
            self.drawing
            or bool(self._given.of(self.work))
            or (self.work is not None and self.work.has_unseen)
        )

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
        return work is not None and work.is_of(id) and not self._given.of(work) and not self._drawn

    def trial(self, chosen: Annotation, otherwise: Prediction | None) -> Trial | None:
        """What a hint may be tried out on; `otherwise`: the prototypes of an instance that has not begun.

        None while the last hint has no answer.
        """
        work = self.work
        if work is not None and work.is_of(chosen.id):
            return self.answers.trial_of(work) if self.is_free_for(chosen.id) else None
        if self._drawn or otherwise is None:
            return None
        return self.answers.first_trial(chosen, otherwise)

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
        busy = self.work is not None and (self.work.strokes or self._given.of(self.work))
        if chosen is None or busy:
            return
        work = self._given.work_of(chosen.id, self._tool.document)
        if work is not None:  # back before its answer
            self._left.forget(work)
        else:
            work = self._left.take(chosen)
        if work is not None:
            if self.work is not None:
                self._left.put(self.work)
            self.work, work.document = work, self._tool.document
            self._publish()
            self._tool.canvas.update()

    def leave(self) -> None:
        """No instance is under work; the hints are remembered, and those that were given still answered."""
        if self.work is not None:
            self._left.put(self.work)
            self.work, self._drawn = None, []
            self.answers.drop()
            self._hints.forget()
            self._tool.canvas.update()

    def follow(self, edit: Edit) -> bool:
        """After an undo the hints go back, too; False: after anyone else's change they no longer count."""
        work = self.work
        if work is not None and not self.landing and work.start.id in {each.id for each in edit.changes}:
            known = work.hints_of(work.present)
            if not known:
                return False
            if work.strokes not in known:
                self._go_back()
        return True

    def look_ahead(self, chosen: Annotation, prediction: Prediction | None) -> None:
        """Look at an instance that was chosen, so that its first hint need not wait."""
        if self.work is None and prediction is not None:
            self.answers.first_look(chosen, prediction)

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

    def add_to(self, instance: Annotation, prediction: Prediction, strokes: Strokes, *, plain: bool) -> None:
        """More hints for an instance that is not under work now."""
        document = self._tool.document
        work = self._given.work_of(instance.id, document) or self._left.take(instance)
        work = work or Work(instance, prediction, document, plain=plain)
        work.document = document
        self._given.give_more(work, strokes)

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
        last = next(reversed(self._given.of(work)), None)
        if last is not None and len(last.strokes) > len(last.before):
            self._drop(last)
        elif not work.take_unseen(work.present):
            work.since = time.monotonic()
            self._set_strokes(work.strokes[:-1])
            return True
        else:
            self._tell_of(work, BACK_UNSEEN)
        self._changed()
        return True

    def cancel(self) -> bool:
        """Drop the newest of what no edit tells of; True if there was something.

        That is the stroke under way, a hint without an answer yet, or one that changed nothing.
        """
        work = self.work
        last = next(reversed(self._given.of(work)), None)
        if self._drawn and work is not None:
            self._drawn = []
            self._show_settled(work)
        elif last is not None:
            self._drop(last)
        elif work is None or not work.take_unseen(work.present):
            return False
        self._changed()
        return True

    def _stroke(self) -> Stroke:
        return Stroke(tuple(self._drawn), self._inside)

    # previews

    def _ask(self) -> None:
        """Show what the stroke under way would make."""
        work, strokes = self.work, self.shown
        assert work is not None
        self.answers.preview(work, strokes, lambda answer: self._previewed(work, strokes, answer))

    def _previewed(self, work: Work, strokes: Strokes, answer: Answer) -> None:
        if work is not self.work or not self._drawn:
            return
        if isinstance(answer, InputError):
            self._tool.tell(str(answer), "warning")
            self._drawn = []
            self._refused(work)
            return
        made, known = answer
        work.steps, work.answered = made.steps, strokes
        self.answers.show(work, made.mask, known)

    # answers

    def _set_strokes(self, strokes: Strokes) -> None:
        """These are the hints now: what they make becomes an edit, once it is solved."""
        work = self.work
        assert work is not None
        before, since = work.strokes, work.since or time.monotonic()
        work.strokes, work.since = strokes, 0.0
        self.answers.latest.forget()
        self._given.give(work, strokes, before, since)
        self._changed()

    def _land(self, given: Given, answer: Answer) -> None:
        """The answer for hints that were given: it is their turn to become an edit."""
        work = given.work
        work.document = self._document_of(work)
        if isinstance(answer, InputError):
            self._tell_of(work, str(answer), "warning")
            self._refused(work, given)
            return
        made, known = answer
        mine = work is self.work and not self._drawn
        if mine or work is not self.work:
            work.steps, work.answered = made.steps, given.strokes
        if mine:
            self.answers.show(work, made.mask, known)
        self._settle(given, made)
        if work is not self.work:
            self._left.put(work)
        elif not self._given.of(work):
            self.when_settled()
            self._look_ahead(work)

    def _document_of(self, work: Work) -> ImageDocument | None:
        """The document that the session knows an instance's image by now."""
        document = work.document
        found = self._tool.session.open_document(document.image.id) if document is not None else None
        return found if found is not None else document

    def _look_ahead(self, work: Work) -> None:
        """The next hint need not wait for what can be seen before it comes."""
        if self._given.of(work) or self._drawn:
            return
        strokes = work.strokes

        def seen(steps: Steps) -> None:
            if work is self.work and work.strokes == strokes and not self._drawn:
                work.steps = steps

        self.answers.look_ahead(work, seen)

    # edits

    def _settle(self, given: Given, made: Solved) -> None:
        """What hints made becomes an edit, if it shows."""
        work = given.work
        try:
            outcome = outcome_of(given, made)
        except NotPossible as reason:
            self._tell_of(work, reason.words, "warning")
            if reason.overtaken:
                self._go_back_of(work)
            else:
                self._refused(work, given)
            return
        remember(given, outcome)
        if work is self.work and not self._drawn:
            self.answers.live.end(settled=True)
        if outcome.shows:
            self._perform(work, outcome, made.mask)
        if work is self.work:
            self._publish()
        self._tell_of(work, outcome.words)

    def _perform(self, work: Work, outcome: Outcome, mask: BoxMask) -> None:
        before, after, document = outcome.before, outcome.after, work.document
        assert document is not None
        if work is not self.work:  # it may come back with the edit
            self._left.put(work)
        if document is self._tool.document:
            self._tool.canvas.stage.masks.prime(after.id, after.geometry, mask)
        self.landing = True
        try:
            self._tool.perform(document, change(EditKind.RECOMPOSE, before.image_id, [(before, after)]))
        finally:
            self.landing = False

    def _refused(self, work: Work, given: Given | None = None) -> None:
        """Hints cannot be: those that were given after them go on without."""
        later = self._given.of(work)
        self._go_back_of(work)
        if work is self.work:
            self.when_refused()
        if given is not None:
            self._given.give_without(given, later)
        self._changed()

    def _tell_of(self, work: Work, words: str, kind: str = "info") -> None:
        """Say something of an instance, while its image is there."""
        if words and work.document is self._tool.document:
            self._tool.tell(words, kind)

    def _publish(self) -> None:
        """Tell which hints count, and what they made."""
        work = self.work
        if work is not None and work.strokes and work.is_told:
            self._hints.show(work.solved_from, work.steps[: len(work.strokes)])
        elif work is None or not work.strokes or self._hints.start is not work.solved_from:
            self._hints.forget()  # else what the hints do is told when they are answered

    def _drop(self, given: Given) -> None:
        """Hints that were given last are not wanted."""
        self._given.drop(given)
        given.work.strokes = given.before
        if given.work is self.work:
            self._show_settled(given.work)

    def _show_settled(self, work: Work) -> None:
        """What was shown of hints that are not wanted goes; others come with their answers."""
        self.answers.drop()
        if not self._given.of(work):
            work.go_back_to(work.present)

    def _go_back(self) -> None:
        """Forget the hints since the last edit."""
        if self.work is not None:
            self._go_back_of(self.work)
            self._changed()

    def _go_back_of(self, work: Work) -> None:
        for each in self._given.of(work):
            self._given.drop(each)
        work.go_back_to(work.present)
        if work is self.work:
            self._drawn = []
            self.answers.drop()

    def _changed(self) -> None:
        self._publish()
        self._tool.canvas.update()
        self._tool.canvas.update_hint()
