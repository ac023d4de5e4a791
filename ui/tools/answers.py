"""What hints make of an instance: asked of a thread and shown live.

Of a stroke under way the newest request counts; hints that were given are each answered for good. The network
is not run: a thread solves and assembles. Asked and shown on the GUI thread. Frame: image pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.fine import shared_look
from app.geometry import to_mask
from app.instance_solving import LOOKS
from app.solving import Solved, Stroke, changed_rect, solve_strokes
from model.errors import InputError
from model.masks import BoxMask
from ui.tools.latest import Latest
from ui.tools.live import Known, LiveMask
from ui.tools.outlook import Trial
from ui.tools.pixels import pixels_of

if TYPE_CHECKING:
    from app.annotation import Annotation
    from model.messages import Prediction
    from ui.canvas.view import Canvas
    from ui.session import Session
    from ui.tools.work import Steps, Strokes, Work

# what was made, and where it differs from masks that may be on the screen by then
Answer = tuple[Solved, tuple[Known, ...]] | InputError


class Answers:
    """The answers for one canvas. `live`: the mask it shows of them; `latest`: the thread of previews."""

    def __init__(self, canvas: Canvas, session: Session) -> None:
        self._canvas, self._session = canvas, session
        self.latest = Latest(canvas)
        self.live = LiveMask(canvas)

    def preview(self, work: Work, strokes: Strokes, then: Callable[[Answer], None]) -> None:
        """`then` gets the mask that these hints make of the instance, and no annotation."""
        self.latest.ask(self._solving(work, strokes, preview=True), then)

    def for_good(self, work: Work, strokes: Strokes) -> Callable[[], tuple[Solved, tuple[Known, ...]]]:
        """What a thread has to do for the annotation that these hints make.

        All that it needs is taken now: the image may be left meanwhile.
        """
        return self._solving(work, strokes, preview=False)

    def _solving(
        self, work: Work, strokes: Strokes, *, preview: bool
    ) -> Callable[[], tuple[Solved, tuple[Known, ...]]]:
        steps, before = work.steps, self._start_mask(work)
        start, size = work.start.geometry, (work.prediction.image_width, work.prediction.image_height)
        shown = self.live.mask or self._settled_mask(work)
        pixels = self._pixels_for(work)

        def solved() -> tuple[Solved, tuple[Known, ...]]:
            old = work.mask = work.mask or (before if before is not None else to_mask(start, *size))
            made = solve_strokes(
                work.solved_from,
                work.prediction,
                strokes,
                _longer(steps, work.newest),
                before=old,
                pixels=pixels,
                preview=preview,
                finely=shared_look(),
            )
            others = (shown, work.newest[-1].mask if work.newest else None)
            if not preview:
                work.newest = made.steps
            return made, tuple((each, changed_rect(each, made.mask)) for each in others if each is not None)

        return solved

    def look_ahead(self, work: Work, then: Callable[[Steps], object]) -> None:
        """Look at the instance for the hint that may come, so that it need not wait.

        `then` gets the steps so far, with one of a hint that nobody gave: what does not depend on its place.
        """
        if len(work.strokes) + 1 not in LOOKS or not work.steps:
            return
        x, y, width, height = work.start.bbox
        middle = Stroke(((x + width / 2, y + height / 2),), True)
        ahead = self._solving(work, (*work.strokes, middle), preview=True)

        def made(answer: Answer) -> None:
            if not isinstance(answer, InputError):
                then(answer[0].steps)

        self.latest.ask(ahead, made)

    def show(self, work: Work, mask: BoxMask, known: tuple[Known, ...]) -> None:
        """Show the instance as it would be now."""
        color, settled = self._canvas.shown.color_of(work.start), self._settled_mask(work)
        before = self.live.mask or settled
        fits = next((each for each in known if each is not None and each[0] is before), None)
        self.live.show(work.start.id, mask, color, settled, fits)

    def drop(self) -> None:
        """Previews that were asked for do not come any more, and nothing is shown."""
        self.latest.forget()
        self.live.end()

    def first_look(self, chosen: Annotation, prediction: Prediction) -> None:
        """Look at an instance that was chosen, so that its first hint need not wait."""
        trial = self.first_trial(chosen, prediction)
        if trial.pixels is not None:
            self.latest.ask(trial.look, lambda answer: None)

    def trial_of(self, work: Work) -> Trial:
        """What one more hint may be tried out on."""
        pixels, start = self._pixels_for(work), self._start_mask(work)
        return Trial(work.solved_from, work.prediction, work.strokes, work.steps, start, pixels)

    def first_trial(self, chosen: Annotation, prediction: Prediction) -> Trial:
        """What a first hint for an instance may be tried out on."""
        before = self._canvas.stage.masks.known(chosen.id, chosen.geometry)
        return Trial(chosen, prediction, (), (), before, pixels_of(self._session).for_box(chosen.bbox))

    def _pixels_for(self, work: Work) -> NDArray[np.uint8] | None:
        """The same ones for all hints of an instance, once they are all there."""
        pixels = pixels_of(self._session)
        if work.pixels is None or not work.whole:
            work.pixels, work.whole = pixels.for_box(work.start.bbox), pixels.are_whole
        return work.pixels

    def _start_mask(self, work: Work) -> BoxMask | None:
        """The mask before the first hint; None where nobody has decoded it yet: the thread does."""
        if work.mask is None:
            work.mask = self._canvas.stage.masks.known(work.start.id, work.start.geometry)
        return work.mask

    def _settled_mask(self, work: Work) -> BoxMask | None:
        now = work.present
        if now is None:
            return None
        known = self._canvas.stage.masks.known(now.id, now.geometry)
        return work.mask if known is None and now == work.start else known


def _longer(steps: Steps, others: Steps) -> Steps:
    """Of two answers for the first hints, the one that is about more of them."""
    return others if len(others) > len(steps) else steps
