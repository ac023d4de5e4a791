"""What hints make of an instance: asked of a thread, of which the newest request counts, and shown live.

Frame: image pixels. The network is not run: a thread solves and assembles. Asked and shown on the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.fine import shared_look
from app.geometry import to_mask
from app.solving import Solved, changed_rect, solve_strokes
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
    from ui.tools.work import Strokes, Work

Answer = tuple[Solved, Known] | InputError  # what was made and where it differs from what was shown


class Answers:
    """The answers for one canvas. `live`: the mask it shows of them; `latest`: the thread."""

    def __init__(self, canvas: Canvas, session: Session) -> None:
        self._canvas, self._session = canvas, session
        self.latest = Latest(canvas)
        self.live = LiveMask(canvas)

    def ask(self, work: Work, strokes: Strokes, *, preview: bool, then: Callable[[Answer], None]) -> None:
        """`then` gets what these hints make of the instance. `preview`: the mask only, no annotation."""
        known, before = work.steps, self._start_mask(work)
        start, size = work.start.geometry, (work.prediction.image_width, work.prediction.image_height)
        shown = self.live.mask or self._settled_mask(work)
        pixels = self._pixels_for(work)

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

        self.latest.ask(solved, then)

    def at_once(self, work: Work) -> Solved:
        """The answer to all hints, here and now, in place of what was asked; InputError."""
        self.latest.forget()
        return solve_strokes(
            work.solved_from,
            work.prediction,
            work.strokes,
            work.steps,
            before=work.mask,
            pixels=work.pixels,
            finely=shared_look(),
        )

    def show(self, work: Work, mask: BoxMask, known: Known) -> None:
        """Show the instance as it would be now."""
        color = self._canvas.shown.color_of(work.start)
        self.live.show(work.start.id, mask, color, self._settled_mask(work), known)

    def drop(self) -> None:
        """What was asked is not answered any more, and nothing is shown."""
        self.latest.forget()
        self.live.end()

    def trial_of(self, work: Work) -> Trial | None:
        """What one more hint may be tried out on; None while the last one has no answer."""
        pixels, start = self._pixels_for(work), self._start_mask(work)
        if work.asked is not None:
            return None
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
