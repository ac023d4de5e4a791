"""Select, and change what is selected: vertices, box handles, nudging by arrow keys. Frame: image pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from app.annotation import Annotation, AnnotationId, AnnotationState
from app.edits import Edit, EditKind, change
from app.geometry import measure, translate
from ui.canvas.live import Live
from ui.session_edits import moved
from ui.tools.base import Pointer, Tool
from ui.tools.handles import BoxHandles
from ui.tools.vertices import VertexEditor
from ui.visit import bring_into_view

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.session import Session

DRAG_FROM = 4.0  # widget units from where a press is a drag
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
FAST = 10  # image pixels of a nudge with Shift


class SelectTool(Tool):
    """Click picks the smallest instance under the pointer."""

    name = "select"
    title = "Select"

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._vertices = VertexEditor(self)
        self._handles = BoxHandles(self)
        self._pressed: Pointer | None = None
        self._band: tuple[float, float] | None = None  # the rubber band's other corner
        self._cycles = False  # a release without a drag goes to the next instance under the pointer
        self._under: list[AnnotationId] = []  # what lay under the last click
        self._nudge: tuple[float, float] | None = None

    @property
    def hint(self) -> str:
        if self._vertices.target() is not None and self._vertices.hot:
            return "Drag moves the vertex, or adds one on the edge · Shift+click deletes it · Esc lets go"
        if self.selected():
            return (
                "Click again: next instance below · Shift+click adds · arrows nudge (Shift: 10 px) · "
                "double click: fit · Tab: next"
            )
        return "Click picks an instance · Shift+click adds · drag: all inside · Tab: next · double click: fit"

    @property
    def cursor(self) -> Qt.CursorShape:
        if self._vertices.hot:
            return Qt.CursorShape.PointingHandCursor
        return self._handles.cursor or Qt.CursorShape.ArrowCursor

    @property
    def busy(self) -> bool:
        working = self._vertices.busy or self._handles.busy
        return working or self._band is not None or self._nudge is not None

    # mouse

    def press(self, pointer: Pointer) -> None:
        self._finish_nudge()
        if self._vertices.press(pointer) or self._handles.press(pointer):
            return
        self._pressed = pointer
        found = self.canvas.instances_at(*pointer.point)
        chosen = self.session.selection
        if pointer.shift or pointer.control:
            if found:
                first = found[0]
                rest = tuple(each for each in chosen if each != first)
                self.session.select(rest if first in chosen else (*chosen, first))
            return
        self._cycles = bool(found) and found == self._under and bool(set(found) & set(chosen))
        self._under = found
        if found and not self._cycles:
            self.session.select(found[:1])

    def move(self, pointer: Pointer) -> None:
        if self._vertices.move(pointer):
            return
        if not self._vertices.hot and self._handles.move(pointer):
            return
        start = self._pressed
        if start is None:
            return
        away = pointer.at - start.at
        if self._band is None and max(abs(away.x()), abs(away.y())) < DRAG_FROM:
            return
        self._update_band()
        self._band = pointer.point
        self._update_band()

    def release(self, pointer: Pointer) -> None:
        start, self._pressed = self._pressed, None
        if self._vertices.release() or self._handles.release() or start is None:
            return
        if self._band is not None:
            found = self.canvas.shown.within(_rect(start.point, self._band))
            self._drop_band()
            kept = self.session.selection if start.shift or start.control else ()
            self.session.select((*kept, *(each for each in found if each not in kept)))
        elif self._cycles:
            self._cycle(self._under, 1)
        elif not self._under and not start.shift and not start.control:
            self.session.select(())

    def double_click(self, pointer: Pointer) -> None:
        self._pressed = None
        found = self.canvas.instances_at(*pointer.point)
        if not found:
            self.canvas.fit()
            return
        if not set(found) & set(self.session.selection):
            self.session.select(found[:1])
        self.canvas.fit_selection()

    def _cycle(self, among: list[AnnotationId], step: int) -> None:
        if among:
            chosen = [index for index, each in enumerate(among) if each in self.session.selection]
            start = chosen[0] if chosen else (-1 if step > 0 else 0)
            self.session.select([among[(start + step) % len(among)]])
            bring_into_view(self.session, self.canvas)

    # keys

    def takes_key(self, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return bool(self.canvas.shown.annotations)
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if event.key() in ARROWS:
            return plain and bool(self.selected())
        return event.key() == Qt.Key.Key_Escape and (self.busy or bool(self.session.selection))

    def key(self, event: QKeyEvent) -> bool:
        if not self.takes_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            if not self.cancel():
                self.session.select(())
        elif event.key() in ARROWS:
            step = FAST if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            dx, dy = ARROWS[Qt.Key(event.key())]
            self._nudge_by(dx * step, dy * step)
        else:
            back = event.key() == Qt.Key.Key_Backtab
            several = len(self._under) > 1 and bool(set(self._under) & set(self.session.selection))
            among = self._under if several else self.canvas.shown.in_reading_order()
            self._cycle(among, -1 if back else 1)
        return True

    def key_released(self, event: QKeyEvent) -> bool:
        if event.key() in ARROWS and self._nudge is not None:
            self._finish_nudge()
            return True
        return False

    def _nudge_by(self, dx: float, dy: float) -> None:
        if self._nudge is None:
            self.began()
        x, y = self._nudge or (0.0, 0.0)
        self._nudge = (x + dx, y + dy)
        one = self.only_selected()
        if one is not None:
            self.canvas.end_live()
            mask = translate(self.canvas.mask_of(one.id), round(x + dx), round(y + dy))
            self.canvas.show_live(Live(one.id, mask, self.canvas.shown.color_of(one)))
            self.canvas.update()

    def _finish_nudge(self) -> None:
        """All steps of a held arrow key are one edit."""
        offset, self._nudge = self._nudge, None
        document = self.document
        if offset is None or document is None:
            return
        self.canvas.end_live()
        if offset != (0.0, 0.0):
            pairs = [
                pair for each in self.selected() if (pair := _moved(each, offset, self.canvas.image_size))
            ]
            if pairs:
                self.session.apply(change(EditKind.RESHAPE, document.image.id, pairs))

    # the rest

    def cancel(self) -> bool:
        dropped = super().cancel()
        dropped |= self._vertices.cancel()
        dropped |= self._handles.cancel()
        dropped |= self._band is not None or self._nudge is not None
        if self._nudge is not None:
            self.canvas.end_live()
        self._drop_band()
        self._pressed, self._nudge = None, None
        return dropped

    def focus_lost(self) -> None:
        self._finish_nudge()

    def deactivate(self) -> None:
        self._finish_nudge()
        super().deactivate()

    def settle(self) -> None:
        self._handles.leave()

    def annotations_changed(self, edit: Edit) -> None:
        self._vertices.cancel()
        self._handles.leave()

    def selection_changed(self) -> None:
        self._vertices.cancel()
        self._handles.leave()

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        if self.canvas.look.peek:
            return
        self._handles.paint(painter)
        self._vertices.paint(painter)
        view = self.canvas.view
        if view is not None and self._band is not None and self._pressed is not None:
            left, top, right, bottom = view.rect_to_widget(_rect(self._pressed.point, self._band))
            painter.setPen(QPen(QColor(255, 255, 255, 220), 1, Qt.PenStyle.DashLine))
            painter.setBrush(QColor(90, 160, 255, 40))
            painter.drawRect(QRectF(QPointF(left, top), QPointF(right, bottom)))

    def _update_band(self) -> None:
        if self._pressed is not None and self._band is not None:
            self.canvas.update_image_rect(_rect(self._pressed.point, self._band))

    def _drop_band(self) -> None:
        self._update_band()
        self._band = None


def _rect(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float, float, float]:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def _moved(
    annotation: Annotation, offset: tuple[float, float], size: tuple[int, int]
) -> tuple[Annotation, Annotation] | None:
    """An annotation before and after a move; None where nothing of it would be left."""
    geometry = moved(annotation.geometry, offset, size)
    if geometry is None:
        return None
    bbox, area = measure(geometry, *size)
    if area <= 0:
        return None
    drawn = annotation.state is AnnotationState.DRAWN
    state = AnnotationState.DRAWN if drawn else AnnotationState.CORRECTED
    return annotation, replace(annotation, geometry=geometry, bbox=bbox, area=area, state=state)
