"""The hints for one instance as they grow, and those of instances that were left: known when one comes back.

GUI thread only. Frame: image pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import PERSONS_WORK, AnnotationState
from app.solving import Stroke

if TYPE_CHECKING:
    from app.annotation import Annotation, AnnotationId
    from app.document import ImageDocument
    from app.instance_solving import Step
    from model.masks import BoxMask
    from model.messages import Prediction

MOST = 16  # instances whose hints are remembered: some megabytes each

Strokes = tuple[Stroke, ...]
Steps = tuple["Step", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Hints that were answered. `unseen`: they changed no pixel, so no edit was made for the last one."""

    made: Annotation
    strokes: Strokes
    steps: Steps
    unseen: bool = False


@dataclass(slots=True, eq=False)
class Work:
    """The hints for one instance, since it was chosen. `history`: the instance after each, and why."""

    start: Annotation  # as it was before the first hint
    prediction: Prediction
    document: ImageDocument | None = None
    mask: BoxMask | None = None  # of `start`
    strokes: Strokes = ()
    steps: Steps = ()  # what is known of the hints, and perhaps of one that was tried after them
    answered: Strokes = ()  # the hints that those are about
    newest: Steps = ()  # the same, of the hints that a thread answered for good last; also set by it
    history: list[Settled] = field(default_factory=list)
    since: float = 0.0  # when the person began with the next hint; 0: has not
    pixels: NDArray[np.uint8] | None = None  # of the image, whole or reduced
    whole: bool = False  # whether the image was all there when these were taken
    plain: bool = False  # the prototypes are of another model than its own: its pixels are all that counts
    solved_from: Annotation = field(init=False)  # what hints are answered for: `start`, or just its pixels

    def __post_init__(self) -> None:
        start = self.start
        self.solved_from = replace(start, origin=None, coefficients=None) if self.plain else start

    def is_of(self, id: AnnotationId | None) -> bool:
        """Whether its hints are for this instance."""
        return id == self.start.id

    @property
    def present(self) -> Annotation | None:
        """The instance as the document has it."""
        return self.document.annotations.get(self.start.id) if self.document is not None else None

    def kept_as(self, made: Annotation | None) -> Annotation | None:
        """What hints made, as the document has it: of a proposal a person's work, also of an imported one.

        A proposal is swept away when the image is pre-labelled again, and hidden by the threshold.
        """
        start = self.start
        if made is not None and self.plain:
            made = replace(made, origin=start.origin, coefficients=start.coefficients)
        if made is None or made.geometry == start.geometry or made.state in PERSONS_WORK:
            return made
        return replace(made, state=AnnotationState.CORRECTED)

    @property
    def is_told(self) -> bool:
        """Whether `steps` are of the hints that count, as far as they go: not once an earlier one went."""
        count = min(len(self.answered), len(self.strokes))
        return self.answered[:count] == self.strokes[:count]

    @property
    def painted(self) -> tuple[bool, ...]:
        """For each hint, whether some of it had to be painted; none where that is not known yet."""
        known = self.steps[: len(self.strokes)]
        same = len(known) == len(self.strokes) and self.answered == self.strokes
        return tuple(each.painted for each in known) if same else ()

    def hints_of(self, now: Annotation | None) -> list[Strokes]:
        """The hints that made the instance what it is now, newest first; several: they made the same."""
        known = [each.strokes for each in reversed(self.history) if each.made == now]
        return [*known, ()] if now == self.start else known

    def go_back_to(self, now: Annotation | None) -> None:
        """Forget the hints since the instance was this."""
        known = ((each.strokes, each.steps) for each in reversed(self.history) if each.made == now)
        self.strokes, self.steps = next(known, ((), ()))
        self.answered, self.since = self.strokes, 0.0

    def take_unseen(self, now: Annotation | None) -> bool:
        """Take the last hint back if it changed no pixel: nothing in the document tells of it."""
        if not self.history or not self.history[-1].unseen or self.history[-1].made != now:
            return False
        self.history.pop()
        self.go_back_to(now)
        return True

    @property
    def has_unseen(self) -> bool:
        """Whether there is such a hint."""
        return bool(self.history) and self.history[-1].unseen and self.history[-1].made == self.present


class Remembered:
    """Works that were put aside, the oldest first."""

    def __init__(self) -> None:
        self._works: list[Work] = []

    def put(self, work: Work) -> None:
        """Remember a work's hints, not the image's pixels: it may be long until somebody comes back."""
        if work.history:
            work.pixels, work.whole, work.newest = None, False, ()
            self._works = [*(each for each in self._works if each is not work), work][-MOST:]

    def take(self, now: Annotation) -> Work | None:
        """The newest work whose hints made an instance what it is now, with just these hints."""
        for work in reversed(self._works):
            if work.start.id == now.id and any(work.hints_of(now)):
                self._works = [each for each in self._works if each is not work]
                work.go_back_to(now)
                return work
        return None

    def forget(self, work: Work) -> None:
        """A work is in use again."""
        self._works = [each for each in self._works if each is not work]

    def clear(self) -> None:
        """Forget them all."""
        self._works = []
