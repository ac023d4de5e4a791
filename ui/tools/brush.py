"""Brush and eraser: change the selected instance's pixels, or paint a new one. A stroke is one edit.

A large one is turned into runs by a thread: what the mouse does meanwhile is done after it, and where the
image is left it is still an edit of that. What a stroke does to pixels is in `painting`. Frame: image pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from app.annotation import Annotation
from app.edits import Edit
from app.geometry import RleMask
from model.errors import InputError
from model.masks import BoxMask
from ui.canvas.live import Live
from ui.tools.base import Pointer, Tool
from ui.tools.painting import Stroke, extent_of, outcome_of
from ui.tools.pixels import pixels_of
from ui.tools.stroke import Point
from ui.turns import Errand, turns_of

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.session import Session

SMALLEST, LARGEST = 1.0, 2000.0  # diameters, image pixels
SIZE_FACTOR = 1.2
SIZES = (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight)
HARDNESSES = (Qt.Key.Key_BraceLeft, Qt.Key.Key_BraceRight)
HARDNESS_STEP = 0.25
AT_ONCE = 1_000_000  # pixels of an instance's box up to which a stroke ends within a few milliseconds
OVERTAKEN = "the instance was changed in the meantime, so the stroke was dropped"
NOTHING_LEFT = "nothing would be left of the instance, so it was kept: press Delete to remove it"

Outcome = tuple[BoxMask, RleMask] | None


class BrushTool(Tool):
    """Left paints, right erases."""

    name = "brush"
    title = "Brush"
    takes_right = True
    adds: ClassVar[bool] = True
    hardness: ClassVar[float] = 1.0  # of brush and eraser, 0.25 to 1

    _stroke: Stroke | None = None
    _settling: Stroke | None = None  # ended, large, and being turned into runs by a thread
    _errand: Errand | None = None  # of that
    _pointer: Pointer | None = None
    _end: tuple[int, Point] | None = None  # image and place where the last stroke ended

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._meanwhile: list[Callable[[], None]] = []  # what the mouse did while an edit was on its way

    @property
    def hint(self) -> str:
        target = "the selected instance" if self.only_selected() else "a new instance"
        what = (
            f"paints {target}, right erases"
            if self.adds
            else "erases from the selected instance, right paints"
        )
        return (
            f"Drag {what} · Shift+click: straight line · "
            f"[ ] or Alt+wheel: size {self.diameter:.0f} px · "
            f"{{ }}: {'hard' if BrushTool.hardness == 1 else f'hardness {BrushTool.hardness:.0%}'}"
        )

    @property
    def cursor(self) -> Qt.CursorShape:
        return Qt.CursorShape.BlankCursor if self._pointer is not None else Qt.CursorShape.CrossCursor

    @property
    def busy(self) -> bool:
        return self._stroke is not None or self._settling is not None or super().busy

    @property
    def diameter(self) -> float:
        """The disc's diameter, image pixels."""
        return self.canvas.brush_diameter

    def set_diameter(self, diameter: float) -> None:
        """Another size, for brush and eraser."""
        self._repaint_ring()
        self.canvas.brush_diameter = min(max(diameter, SMALLEST), LARGEST)
        self._repaint_ring()

    # the stroke

    def press(self, pointer: Pointer) -> None:
        document, turns = self.document, turns_of(self.session)
        if document is not None and not turns.is_free(document):  # the mask is not yet what it will be
            self._meanwhile.append(lambda: self.press(pointer))
            turns.run(document, self._catch_up)
            return
        if document is None or self._stroke is not None:
            return
        if super().busy:
            self.tell("choose a category for the shape that waits, or press Esc to drop it", "warning")
            return
        adds = self.adds is (pointer.button == Qt.MouseButton.LeftButton)
        target = self._target(pointer, adds)
        if target is None and not adds:
            self.tell("expected an instance to erase from: select one first", "warning")
            return
        self.began()
        start = pointer.point
        if pointer.shift and self._end is not None and self._end[0] == document.image.id:
            start = self._end[1]
        self._stroke = self._begin(target, adds, start)
        self.canvas.show_live(self._stroke.live, unchanged=True)
        self._extend(pointer.point)

    def _target(self, pointer: Pointer, adds: bool) -> Annotation | None:
        target = self.only_selected()
        if target is None and not adds and self.document is not None:
            under = self.canvas.instances_at(*pointer.point)
            if under:
                self.session.select(under[:1])
                target = self.document.annotations.get(under[0])
        return target

    def _begin(self, target: Annotation | None, adds: bool, start: Point) -> Stroke:
        width, height = self.canvas.image_size
        bits = np.zeros((height, width), np.bool_)
        old = BoxMask(0, 0, np.zeros((0, 0), np.bool_))
        color = self.canvas.drawing_color()
        if target is not None:
            old = self.canvas.mask_of(target.id)
            bits[old.top : old.bottom, old.left : old.right] = old.bits
            color = self.canvas.shown.color_of(target)
        box = (
            (float(old.left), float(old.top), float(old.right), float(old.bottom)) if old.bits.size else None
        )
        live = Live(
            target.id if target is not None else None, BoxMask(0, 0, bits), color, box or (*start, *start)
        )
        assert self.document is not None
        return Stroke(self.document, target, old, bits, adds, live, start)

    def _extend(self, to: Point) -> None:
        stroke = self._stroke
        assert stroke is not None
        pixels = pixels_of(self.session).whole
        touched = stroke.extend(to, self.diameter / 2, hardness=BrushTool.hardness, pixels=pixels)
        if touched is not None:
            self.canvas.patch_live(touched)

    def move(self, pointer: Pointer) -> None:
        self._repaint_ring()
        self._pointer = pointer
        self._repaint_ring()
        if self._meanwhile:
            self._meanwhile.append(lambda: self._go_on(pointer))
        else:
            self._go_on(pointer)

    def _go_on(self, pointer: Pointer) -> None:
        if self._stroke is not None:
            self._extend(pointer.point)

    def release(self, pointer: Pointer) -> None:
        if self._meanwhile:
            self._meanwhile.append(lambda: self.release(pointer))
            return
        stroke = self._stroke
        if stroke is None or self.document is None:
            return
        if pointer.point != stroke.last:
            self._extend(pointer.point)
        self._stroke = None
        self._end = (self.document.image.id, stroke.last)
        if extent_of(stroke) <= AT_ONCE:
            self._finish(stroke, outcome_of(stroke))
        else:
            self._settling = stroke
            self._errand = turns_of(self.session).begin(
                stroke.document, lambda: outcome_of(stroke), lambda outcome: self._settled(stroke, outcome)
            )

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def settle(self) -> None:
        """A stroke that was ended becomes an edit, whatever is shown by then; one under way is dropped."""
        self._settling, self._errand = None, None
        self._meanwhile.clear()

    def _settled(self, stroke: Stroke, outcome: Outcome | InputError) -> None:
        if isinstance(outcome, InputError):
            self.tell(str(outcome), "warning")
            outcome = None
        if self._settling is stroke:
            self._settling, self._errand = None, None
        self._finish(stroke, outcome)

    def _catch_up(self) -> None:
        meanwhile, self._meanwhile = self._meanwhile, []
        for event in meanwhile:
            event()

    def _finish(self, stroke: Stroke, outcome: Outcome) -> None:
        """The stroke becomes an edit, if it changed anything."""
        before, document = stroke.before, stroke.document
        if outcome is not None and before is not None and document.annotations.get(before.id) != before:
            self.tell(OVERTAKEN, "warning")
            outcome = None
        if outcome is None:
            self._end_live(stroke)
            return
        mask, geometry = outcome
        if not mask.bits.size:
            self._end_live(stroke)
            self.tell(NOTHING_LEFT, "warning")
        elif before is None:
            self._end_live(stroke, settled=self.session.category is not None)
            self.add(geometry, document=document)
        else:
            self._end_live(stroke, settled=True)
            if document is self.document:
                self.canvas.stage.masks.prime(before.id, geometry, mask)
            self.reshape(before, geometry, document=document)

    def _end_live(self, stroke: Stroke, *, settled: bool = False) -> None:
        if self.canvas.stage.live is stroke.live:
            self.canvas.end_live(settled=settled)

    def cancel(self) -> bool:
        stroke = self._stroke or self._settling
        if stroke is None:
            return super().cancel()
        if self._stroke is None and self._errand is not None:
            turns_of(self.session).drop(self._errand)
        self._stroke = self._settling = self._errand = None
        self._meanwhile.clear()
        self._end_live(stroke)
        return True

    def annotations_changed(self, edit: Edit) -> None:
        """Someone else changed the instance under work: the stroke no longer fits."""
        stroke = self._stroke or self._settling
        changed = {each.id for each in edit.changes}
        if stroke is not None and stroke.before is not None and stroke.before.id in changed:
            self.cancel()

    def selection_changed(self) -> None:
        stroke = self._stroke
        target = stroke.before if stroke is not None else None
        if target is not None and target.id not in self.session.selection:
            self.cancel()

    # size and ring

    def wheel(self, steps: float, pointer: Pointer) -> bool:
        if not pointer.alt:
            return False
        self.set_diameter(self.diameter * SIZE_FACTOR**steps)
        return True

    def takes_key(self, event: QKeyEvent) -> bool:
        return event.key() in (*SIZES, *HARDNESSES)

    def key(self, event: QKeyEvent) -> bool:
        if not self.takes_key(event):
            return False
        if event.key() in HARDNESSES:
            step = HARDNESS_STEP if event.key() == Qt.Key.Key_BraceRight else -HARDNESS_STEP
            BrushTool.hardness = min(max(BrushTool.hardness + step, HARDNESS_STEP), 1.0)
            self._repaint_ring()
            self.canvas.update_hint()
            return True
        larger = event.key() == Qt.Key.Key_BracketRight
        step = max(self.diameter * (SIZE_FACTOR - 1), 1.0)
        self.set_diameter(round(self.diameter + (step if larger else -step)))
        return True

    def leave(self) -> None:
        self._repaint_ring()
        self._pointer = None

    def _repaint_ring(self) -> None:
        if self._pointer is not None:
            x, y = self._pointer.point
            radius = self.diameter / 2
            self.canvas.update_image_rect((x - radius, y - radius, x + radius, y + radius), margin=4)

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        """The disc as a ring that reads on any ground."""
        view = self.canvas.view
        if view is None or self._pointer is None:
            return
        x, y = view.to_widget(*self._pointer.point)
        radius = max(self.diameter / 2 * view.scale / view.ratio, 1.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255, 235), 1.4)):
            painter.setPen(QPen(color, width))
            painter.drawEllipse(QPointF(x, y), radius, radius)
            if BrushTool.hardness < 1:
                inner = radius * BrushTool.hardness
                painter.drawEllipse(QPointF(x, y), inner, inner)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class EraserTool(BrushTool):
    """Left erases, right paints."""

    name = "eraser"
    title = "Eraser"
    adds = False
