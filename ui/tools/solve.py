"""Correct a mask through the model's coefficients: what is marked as inside or outside is solved for, live.

Frame: image pixels. The network is not run; a thread solves and assembles, the newest request counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from app.annotation import Annotation
from app.correction import Click, by_clicks, explain_refusal
from app.edits import Edit, EditKind, change
from app.geometry import to_mask
from model.errors import InputError
from model.masks import BoxMask
from model.messages import Prediction
from ui.canvas import hit_testing
from ui.canvas.stage import Live
from ui.tools.base import Pointer, Tool
from ui.tools.latest import Latest

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.session import Session

STEP = 10.0  # widget units between the hints of a drag
BEYOND = "the prototypes cannot tell these places apart: use the brush for the rest"


@dataclass(slots=True)
class _Work:
    """The hints for one instance, since it was chosen."""

    start: Annotation  # as it was before the first hint
    prediction: Prediction
    clicks: list[Click] = field(default_factory=list)
    settled: list[tuple[Annotation, int]] = field(default_factory=list)  # each edit's result and its hints
    result: Annotation | None = None
    mask: BoxMask | None = None
    solved: int = 0  # hints that `result` obeys


class SolveTool(Tool):
    """Left marks what belongs to the instance, right what does not."""

    name = "solve"
    title = "Correct by prototypes"
    takes_right: ClassVar[bool] = True

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._latest = Latest(canvas)
        self._work: _Work | None = None
        self._held = False

    @property
    def hint(self) -> str:
        chosen = self.only_selected()
        if chosen is None:
            return "Click an instance to choose it; then left adds a place to its mask, right takes one away"
        refusal = explain_refusal(chosen, self.session.prediction)
        if refusal:
            return refusal
        count = len(self._work.clicks) if self._work is not None else 0
        done = f" · {count} hints" if count else ""
        return f"Left click or drag: belongs to it · right: does not · Enter: done{done}"

    @property
    def busy(self) -> bool:
        return self._held

    # mouse

    def press(self, pointer: Pointer) -> None:
        inside = pointer.button == Qt.MouseButton.LeftButton
        if self.document is None or not self._in_image(pointer):
            return
        chosen = self.only_selected()
        if chosen is None:
            under = self.canvas.instances_at(*pointer.point)
            self.session.select(under[:1])
            if not under:
                self.tell("click on an instance first: its mask is what the hints correct", "info")
            return
        if not self._ready(chosen):
            return
        self.began()
        self._held = True
        self._mark(pointer, inside)

    def _ready(self, chosen: Annotation) -> bool:
        prediction = self.session.prediction
        refusal = explain_refusal(chosen, prediction)
        if refusal or prediction is None:
            self.tell(refusal, "warning")
            if prediction is None and chosen.origin is not None:
                self.session.predict_current()
            return False
        work = self._work
        if work is None or work.start.id != chosen.id or work.prediction is not prediction:
            self._work = _Work(chosen, prediction)
        return True

    def move(self, pointer: Pointer) -> None:
        if not self._held or self._work is None or not self._in_image(pointer):
            return
        last = self._work.clicks[-1]
        if math.dist((last.x, last.y), pointer.point) >= self.canvas.tolerance(STEP):
            self._mark(pointer, last.inside)

    def release(self, pointer: Pointer) -> None:
        if self._held:
            self._held = False
            self._settle()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def _in_image(self, pointer: Pointer) -> bool:
        width, height = self.canvas.image_size
        return 0 <= pointer.x < width and 0 <= pointer.y < height

    # solving

    def _mark(self, pointer: Pointer, inside: bool) -> None:
        work = self._work
        assert work is not None
        work.clicks.append(Click(pointer.x, pointer.y, inside))
        self.canvas.update_image_rect((*pointer.point, *pointer.point))
        self._ask()

    def _ask(self) -> None:
        work = self._work
        assert work is not None
        clicks = tuple(work.clicks)
        known = work.result.coefficients if work.result is not None else None
        previous = np.asarray(known, np.float32) if known is not None else None
        width, height = self.canvas.image_size

        def solved() -> tuple[Annotation, BoxMask]:
            result = by_clicks(work.start, work.prediction, clicks, previous=previous)
            return result, to_mask(result.geometry, width, height)

        self._latest.ask(solved, lambda answer: self._answered(work, len(clicks), answer))

    def _answered(self, work: _Work, hints: int, answer: tuple[Annotation, BoxMask] | InputError) -> None:
        if work is not self._work:
            return
        if isinstance(answer, InputError):
            self.tell(str(answer), "warning")
            self._drop_unsettled()
            return
        work.result, work.mask = answer
        work.solved = hints
        self.canvas.end_live()
        self.canvas.show_live(Live(work.start.id, work.mask, self.canvas.shown.color_of(work.start)))
        if not self._held:
            self._settle()

    def _settle(self) -> None:
        """The mask as it is now becomes an edit, once the newest hints are solved."""
        work, document = self._work, self.document
        if work is None or document is None or work.result is None or work.mask is None:
            return
        if work.solved != len(work.clicks):
            return  # the answer to the last hints comes here again
        before = document.annotations.get(work.start.id)
        after = work.result
        if before is None or before == after:
            return
        if after.area <= 0:
            self.tell("nothing would be left of the instance, so the last hint was dropped", "warning")
            self._drop_unsettled()
            return
        work.settled.append((after, len(work.clicks)))
        self.canvas.stage.masks.prime(after.id, after.geometry, work.mask)
        self.canvas.end_live(settled=True)
        self.session.apply(change(EditKind.RECOMPOSE, document.image.id, [(before, after)]))
        if any(hit_testing.covers(work.mask, each.x, each.y) != each.inside for each in work.clicks):
            self.tell(BEYOND, "info")

    def _drop_unsettled(self) -> None:
        """Forget the hints since the last edit."""
        work = self._work
        if work is not None:
            count = work.settled[-1][1] if work.settled else 0
            del work.clicks[count:]
            work.solved = count
        self._latest.forget()
        self._held = False
        self.canvas.end_live()
        self.canvas.update()

    # what happens around it

    def annotations_changed(self, edit: Edit) -> None:
        """After an undo the hints go back, too; after anyone else's change they no longer count."""
        work, document = self._work, self.document
        if work is None or document is None or work.start.id not in {each.id for each in edit.changes}:
            return
        now = document.annotations.get(work.start.id)
        counts = [count for annotation, count in work.settled if annotation == now]
        if counts:
            work.settled = [each for each in work.settled if each[1] <= counts[-1]]
        elif now == work.start:
            work.settled = []
        else:
            self._forget()
            return
        count = work.settled[-1][1] if work.settled else 0
        if count < len(work.clicks):
            work.result = work.settled[-1][0] if work.settled else None
            self._drop_unsettled()

    def selection_changed(self) -> None:
        chosen = self.only_selected()
        if self._work is not None and (chosen is None or chosen.id != self._work.start.id):
            self._forget()

    def cancel(self) -> bool:
        held, work = self._held, self._work
        pending = work is not None and work.solved != len(work.clicks)
        if held or pending:
            self._drop_unsettled()
            return True
        return False

    def deactivate(self) -> None:
        self._forget()

    def _forget(self) -> None:
        if self._work is not None:
            self._latest.forget()
            self._work, self._held = None, False
            self.canvas.end_live()
            self.canvas.update()

    def takes_key(self, event: QKeyEvent) -> bool:
        return (
            event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._work is not None
        )

    def key(self, event: QKeyEvent) -> bool:
        if not self.takes_key(event):
            return False
        if event.key() != Qt.Key.Key_Escape or not self.cancel():
            self._forget()
            self.session.select(())
        return True

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        """The hints: a plus or a minus each."""
        view, work = self.canvas.view, self._work
        if view is None or work is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for click in work.clicks:
            centre = QPointF(*view.to_widget(click.x, click.y))
            painter.setPen(QPen(QColor(255, 255, 255), 1.2))
            painter.setBrush(QColor(22, 148, 84) if click.inside else QColor(208, 48, 62))
            painter.drawEllipse(centre, 6.5, 6.5)
            painter.setPen(QPen(QColor(255, 255, 255), 1.8))
            painter.drawLine(centre - QPointF(3, 0), centre + QPointF(3, 0))
            if click.inside:
                painter.drawLine(centre - QPointF(0, 3), centre + QPointF(0, 3))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
