"""Trying a hint out where the pointer rests, so that the person knows before the click what it would do.

Off the GUI thread, and beside the hints under way: what is tried out is never an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from app.fine import shared_look
from app.foresight import Foreseen, foresee
from app.geometry import covers, to_mask
from app.instance_solving import look_ahead
from app.solving import Stroke, solve_strokes
from model.errors import InputError
from ui.tools.latest import Latest

if TYPE_CHECKING:
    from app.annotation import Annotation
    from app.instance_solving import Step
    from model.masks import BoxMask
    from model.messages import Prediction

REST = 120  # ms that the pointer rests before a hint is tried out
Point = tuple[float, float]


class Trial:
    """What a hint is tried out on: an instance, the hints so far and what they made."""

    __slots__ = ("before", "pixels", "prediction", "start", "steps", "strokes")

    def __init__(
        self,
        start: Annotation,
        prediction: Prediction,
        strokes: Sequence[Stroke],
        steps: Sequence[Step],
        before: BoxMask | None,
        pixels: NDArray[np.uint8] | None,
    ) -> None:
        self.start, self.prediction = start, prediction
        self.strokes, self.steps = tuple(strokes), tuple(steps)
        self.before, self.pixels = before, pixels

    def look(self) -> None:
        """Look at the instance as its first hint will have it; any thread."""
        size, look = (self.prediction.image_width, self.prediction.image_height), shared_look()
        before = self.before if self.before is not None else to_mask(self.start.geometry, *size)
        origin = self.start.origin
        box = self.start.bbox if origin is None else origin.box
        middle = Stroke(((box[0] + box[2] / 2, box[1] + box[3] / 2),), True)
        if look is not None and self.pixels is not None:
            look_ahead(before, box, self.prediction, self.pixels, [middle], look)


class OutlookAt(QObject):
    """The newest place counts. `trial`: what to try it on now, None for nothing; `told`: there is news."""

    def __init__(
        self, parent: QObject, trial: Callable[[], Trial | None], told: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._trial, self._told = trial, told
        self._latest = Latest(self)
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._try)
        self._place: Point | None = None
        self._ceilings: tuple[BoxMask, float] | None = None  # of the mask after the last hint
        self.found: Foreseen | None = None
        self.adds = True  # whether the hint that was tried out adds

    @property
    def words(self) -> str:
        """One line, '' where there is nothing to say."""
        found = self.found
        if found is None or not (words := found.words()):
            return ""
        return words.replace("a click", "left click" if self.adds else "right click", 1)

    def rest_at(self, place: Point | None) -> None:
        """The pointer is here now; None: nowhere."""
        if place != self._place:
            self.forget()
            self._place = place
            if place is not None:
                self._rest.start()

    def forget(self) -> None:
        """What was tried out no longer holds."""
        self._rest.stop()
        self._latest.forget()
        self._place = None
        if self.found is not None:
            self.found = None
            self._told()

    def _try(self) -> None:
        trial, place = self._trial(), self._place
        if trial is None or place is None:
            return
        known = self._ceilings

        def work() -> tuple[Foreseen, bool, tuple[BoxMask, float] | None]:
            return tried_at(trial, place, known)

        self._latest.ask(work, self._answered)

    def _answered(self, answer: tuple[Foreseen, bool, tuple[BoxMask, float] | None] | InputError) -> None:
        if not isinstance(answer, InputError):
            self.found, self.adds, self._ceilings = answer
            self._told()


def tried_at(
    trial: Trial, place: Point, known: tuple[BoxMask, float] | None = None
) -> tuple[Foreseen, bool, tuple[BoxMask, float] | None]:
    """What a click would do that turns a place, whether it adds, and the ceiling of the mask as it is.

    `known`: a mask and its ceiling, that need not be measured again.
    """
    from app.ceiling import measure

    prediction, before = trial.prediction, trial.before
    if before is None:
        before = to_mask(trial.start.geometry, prediction.image_width, prediction.image_height)
    present = trial.steps[-1].mask if trial.steps else before
    adds = not covers(present, *place)
    strokes = (*trial.strokes, Stroke((place,), adds))
    made = solve_strokes(
        trial.start,
        prediction,
        strokes,
        trial.steps,
        before=before,
        pixels=trial.pixels,
        preview=True,
        finely=shared_look(),
    )
    reached = None
    if trial.steps:
        if known is None or known[0] is not present:
            scale = 1.0 if trial.pixels is None else prediction.image_width / trial.pixels.shape[1]
            known = present, measure(prediction, trial.pixels, present, scale=scale).helped
        reached = known[1]
    return foresee(made.steps[:-1], made.steps[-1], reached), adds, known
