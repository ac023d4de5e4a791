"""What hints that were answered are for the document: an edit, none because it would not show, or impossible.

Values in, values out. Frame: image pixels.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ui.tools.solve_words import NOTHING_LEFT, OVERTAKEN, what_came, what_went
from ui.tools.work import Settled, Steps

if TYPE_CHECKING:
    from app.annotation import Annotation
    from app.solving import Solved
    from ui.tools.given import Given


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """An instance as the document has it, and as hints make it; what the person is told of it."""

    before: Annotation
    after: Annotation
    steps: Steps
    words: str

    @property
    def shows(self) -> bool:
        """Whether anything changes that can be seen: only then it is an edit."""
        return (self.after.geometry, self.after.state) != (self.before.geometry, self.before.state)


class NotPossible(Exception):
    """Hints that cannot be an edit, and why. `overtaken`: the instance is another one by now."""

    def __init__(self, words: str, *, overtaken: bool = False) -> None:
        super().__init__(words)
        self.words, self.overtaken = words, overtaken


def outcome_of(given: Given, made: Solved) -> Outcome:
    """What the answer makes of the instance as it is now; NotPossible."""
    work, strokes = given.work, given.strokes
    before, after = work.present, work.kept_as(made.annotation)
    if before is None or after is None or not work.hints_of(before):
        raise NotPossible(OVERTAKEN, overtaken=True)
    if after.area <= 0:
        raise NotPossible(NOTHING_LEFT)
    if strokes:
        after = replace(after, seconds=before.seconds + time.monotonic() - given.since)
    steps = made.steps[: len(strokes)]
    taken = len(strokes) < len(given.before)
    return Outcome(
        before, after, steps, what_went(before, after) if taken else what_came(before, after, steps)
    )


def remember(given: Given, outcome: Outcome) -> None:
    """The hints of an instance are these from now on."""
    kept = outcome.after if outcome.shows else outcome.before
    given.work.history.append(Settled(kept, given.strokes, outcome.steps, unseen=not outcome.shows))
