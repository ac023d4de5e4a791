"""Draw a box: drag it, or click two corners.

Where the model has looked at the image the box asks it: what it had in mind there becomes the instance; an
object that it has never seen begins from the box's geometry. Else, and with Ctrl, the box becomes four
vertices on whole pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from app.geometry import PolygonPart, Polygons
from ui.canvas import overlay
from ui.tools.base import Pointer, Tool
from ui.tools.candidates import CandidatePicker

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.session import Session

DRAG_FROM = 4.0  # widget units from where a press is a drag


class BoxTool(Tool):
    """Two corners, clipped at the image's edge."""

    name = "box"
    title = "Box"

    _first: Pointer | None = None
    _held = False  # the button is down since the first corner
    _pointer: Pointer | None = None

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._picker = CandidatePicker(self)

    @property
    def hint(self) -> str:
        if self._first is None:
            asks = " around an object: the model finds its mask · Ctrl: a plain box"
            more = asks if self.session.prediction is not None else ", or click two corners"
            return f"Drag a box{more} · Shift: square"
        return "Release or click at the other corner · Shift: square · Esc drops it"

    @property
    def busy(self) -> bool:
        return self._first is not None or self._picker.busy or super().busy

    def press(self, pointer: Pointer) -> None:
        if self.document is None:
            return
        if super().busy:
            self.tell("choose a category for the box that waits, or press Esc to drop it", "warning")
        elif self._first is None:
            self._picker.cancel()
            self.began()
            self._first, self._held = pointer, True
        else:
            self._finish(pointer)

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def move(self, pointer: Pointer) -> None:
        self._repaint()
        self._pointer = pointer
        self._repaint()

    def release(self, pointer: Pointer) -> None:
        if self._first is None or not self._held:
            return
        self._held = False
        away = pointer.at - self._first.at
        if max(abs(away.x()), abs(away.y())) >= DRAG_FROM:
            self._finish(pointer)

    def _finish(self, pointer: Pointer) -> None:
        left, top, right, bottom = self._box(pointer)
        self._repaint()
        self._first = None
        prediction = self.session.prediction
        if right <= left or bottom <= top:
            return
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        plain = Polygons((PolygonPart(corners),))
        if prediction is not None and not pointer.control:
            box = (left, top, right - left, bottom - top)
            self._picker.ask_in(prediction, box, lambda: self.add(plain))
        else:
            self.add(plain)

    def _box(self, pointer: Pointer) -> tuple[float, float, float, float]:
        """Left, top, right, bottom on whole pixels within the image."""
        assert self._first is not None
        x0, y0 = self._first.point
        x1, y1 = pointer.point
        if pointer.shift:
            side = max(abs(x1 - x0), abs(y1 - y0))
            x1, y1 = x0 + (side if x1 >= x0 else -side), y0 + (side if y1 >= y0 else -side)
        (ax, ay), (bx, by) = self.clip(x0, y0), self.clip(x1, y1)
        return (
            float(round(min(ax, bx))),
            float(round(min(ay, by))),
            float(round(max(ax, bx))),
            float(round(max(ay, by))),
        )

    def key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape and self.busy:
            return self.cancel()
        return False

    def cancel(self) -> bool:
        had = self._first is not None
        self._repaint()
        self._first, self._held = None, False
        return self._picker.cancel() or super().cancel() or had

    def leave(self) -> None:
        if self._first is None:
            self._repaint()
            self._pointer = None

    def _repaint(self) -> None:
        if self._pointer is None:
            return
        if self._first is None:
            self.canvas.update()  # the cross hair goes from edge to edge
        else:
            self.canvas.update()

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view, pointer = self.canvas.view, self._pointer
        if view is None or pointer is None:
            return
        if self._first is None:
            painter.setPen(QPen(QColor(255, 255, 255, 110), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(pointer.at.x(), 0), QPointF(pointer.at.x(), self.canvas.height()))
            painter.drawLine(QPointF(0, pointer.at.y()), QPointF(self.canvas.width(), pointer.at.y()))
            return
        box = self._box(pointer)
        left, top, right, bottom = view.rect_to_widget(box)
        color = QColor(*self.canvas.drawing_color())
        rect = QRectF(QPointF(left, top), QPointF(right, bottom))
        painter.setPen(QPen(QColor(0, 0, 0, 140), 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect)
        painter.setPen(QPen(color, 1.5))
        color.setAlpha(50)
        painter.setBrush(color)
        painter.drawRect(rect)
        text = f"{box[2] - box[0]:.0f} × {box[3] - box[1]:.0f}"
        overlay.paint_text(painter, QPointF(right + 6, bottom + 6), text)
