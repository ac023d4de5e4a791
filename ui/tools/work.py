"""The hints for one instance as they grow, and those of instances that were left: known when one comes back.

GUI thread only. Frame: image pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import PERSONS_WORK, AnnotationState
from app.solving import Solved, Stroke

if TYPE_CHECKING:
    from app.annotation import Annotation, AnnotationId
    from app.document import ImageDocument
    from app.instance_solving import Step
    from model.masks import BoxMask
    from model.messages import Prediction

MOST = 16  # instances whose hints are remembered: some megabytes each

Strokes = tuple[Stroke, ...]
Steps = tuple["Step", ...]


@dataclass(slots=True, eq=False)
class Work:
    """The hints for one instance, since it was chosen. `history`: the instance after each edit, and why."""

    start: Annotation  # as it was before the first hint
    prediction: Prediction
    document: ImageDocument | None = None
    mask: BoxMask | None = None  # of `start`
    strokes: Strokes = ()
    solved: Solved | None = None  # the newest answer
    answered: Strokes = ()  # the hints that it obeys
    asked: Strokes | None = None  # the newest hints that a thread still works on
    coarse: bool = False  # and only for a preview, without an annotation
    steps: Steps = ()  # what is known of the hints
    history: list[tuple[Annotation, Strokes, Steps]] = field(default_factory=list)
    since: float = 0.0
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

    def settled_at(self, now: Annotation | None) -> Strokes:
        """The newest hints that made the instance what it is now."""
        return next(iter(self.hints_of(now)), ())

    @property
    def painted(self) -> tuple[bool, ...]:
        """For each hint, whether some of it had to be painted; none where that is not known yet."""
        known = self.steps[: len(self.strokes)]
        same = len(known) == len(self.strokes) and (self.solved is None or self.answered == self.strokes)
        return tuple(each.painted for each in known) if same else ()

    def hints_of(self, now: Annotation | None) -> list[Strokes]:
        """The hints that made the instance what it is now, newest first; several: they made the same."""
        known = [strokes for made, strokes, _ in reversed(self.history) if made == now]
        return [*known, ()] if now == self.start else known

    def go_back_to(self, now: Annotation | None) -> None:
        """Forget the hints since the instance was this."""
        known = (each[1:] for each in reversed(self.history) if each[0] == now)
        self.strokes, self.steps = next(known, ((), ()))
        self.solved, self.answered, self.asked, self.since = None, (), None, 0.0


class Remembered:
    """Works that were put aside, the oldest first."""

    def __init__(self) -> None:
        self._works: list[Work] = []

    def put(self, work: Work) -> None:
        """Remember a work's hints, not the image's pixels: it may be long until somebody comes back."""
        if work.history:
            work.pixels, work.whole, work.solved, work.asked = None, False, None, None
            self._works = [*(each for each in self._works if each is not work), work][-MOST:]

    def take(self, now: Annotation) -> Work | None:
        """The newest work whose hints made an instance what it is now, with just these hints."""
        for work in reversed(self._works):
            if work.start.id == now.id and any(work.hints_of(now)):
                self._works = [each for each in self._works if each is not work]
                work.go_back_to(now)
                return work
        return None

    def clear(self) -> None:
        """Forget them all."""
        self._works = []
