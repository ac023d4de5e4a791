"""Hints that were given and are not an edit yet: answered by a thread, in their order, each for its document.

They go on to be answered when their instance, image or tool is left. GUI thread only. Frame: image pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.turns import Errand, turns_of

if TYPE_CHECKING:
    from app.annotation import AnnotationId
    from app.document import ImageDocument
    from ui.session import Session
    from ui.tools.answers import Answer, Answers
    from ui.tools.work import Strokes, Work


@dataclass(slots=True, eq=False)
class Given:
    """The hints of one instance from some moment on; those before that were `before`."""

    work: Work
    strokes: Strokes
    before: Strokes
    since: float  # when the person began to give the last one, `time.monotonic`
    errand: Errand | None = None


class GivenHints:
    """Those of one tool. `land(given, answer)` makes the edit, when it is its turn."""

    def __init__(self, session: Session, answers: Answers, land: Callable[[Given, Answer], object]) -> None:
        self._turns, self._answers, self._land = turns_of(session), answers, land
        self._all: list[Given] = []

    def give(self, work: Work, strokes: Strokes, before: Strokes, since: float) -> None:
        """These are the hints of an instance now."""
        given = Given(work, strokes, before, since)
        self._all.append(given)
        assert work.document is not None
        given.errand = self._turns.begin(
            work.document, self._answers.for_good(work, strokes), lambda answer: self._answered(given, answer)
        )

    def give_more(self, work: Work, strokes: Strokes) -> None:
        """Each of these is one more hint."""
        for stroke in strokes:
            before, work.strokes = work.strokes, (*work.strokes, stroke)
            self.give(work, work.strokes, before, time.monotonic())

    def give_without(self, lost: Given, later: list[Given]) -> None:
        """One cannot be: those that were given after it go on without what it brought."""
        work, gone = lost.work, set(lost.strokes) - set(lost.before)
        for each in later:
            strokes = tuple(stroke for stroke in each.strokes if stroke not in gone)
            if strokes != work.strokes:
                before, work.strokes = work.strokes, strokes
                self.give(work, strokes, before, each.since)

    def of(self, work: Work | None) -> list[Given]:
        """What is on its way for an instance under work, the oldest first."""
        return [each for each in self._all if each.work is work]

    def work_of(self, id: AnnotationId, document: ImageDocument | None) -> Work | None:
        """The work that something is on its way for."""
        found = (each.work for each in self._all if each.work.is_of(id) and each.work.document is document)
        return next(found, None)

    def drop(self, given: Given) -> None:
        """It is not wanted any more."""
        self._all.remove(given)
        if given.errand is not None:
            self._turns.drop(given.errand)

    def _answered(self, given: Given, answer: Answer) -> None:
        self._all.remove(given)
        self._land(given, answer)
