"""Draw a box: drag it, or click two corners.

The box asks the model: what it had in mind there becomes the instance; an object that it has never seen
begins from the box's geometry. Boxes wait, in their order, while it looks at the image. Where pre-labelling
is turned off, and with Ctrl, the box becomes four vertices on whole pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from app.geometry import PolygonPart, Polygons
from ui.canvas import overlay
from ui.tools.base import Pointer, Tool
from ui.tools.candidates import CandidatePicker
from ui.tools.sources import sources_of

if TYPE_CHECKING:
    from app.candidates import Box
    from app.document import ImageDocument
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
        self._asked: list[tuple[Box, ImageDocument]] = []  # boxes that wait for the model's answer
        session.prediction_changed.connect(self._ask_next)
        session.message.connect(self._heard)

    @property
    def hint(self) -> str:
        if self._first is None and self._asked and self.session.prediction is None:
            many = "1 box waits" if len(self._asked) == 1 else f"{len(self._asked)} boxes wait"
            return f"{many} until the model has looked at this image · Esc: none"
        if self._first is None:
            asks = " around an object: the model finds its mask · Ctrl: a plain box"
            more = asks if self._may_ask else ", or click two corners"
            return f"Drag a box{more} · Shift: square"
        return "Release or click at the other corner · Shift: square · Esc drops it"

    @property
    def busy(self) -> bool:
        return self._first is not None or bool(self._asked) or super().busy

    @property
    def _may_ask(self) -> bool:
        return self.session.prediction is not None or self.session.auto_prelabel

    def press(self, pointer: Pointer) -> None:
        if self.document is None:
            return
        if super().busy:
            self.tell("choose a category for the box that waits, or press Esc to drop it", "warning")
        elif self._first is None:
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
        document = self.document
        if right <= left or bottom <= top or document is None:
            return
        box = (left, top, right - left, bottom - top)
        if pointer.control or not self._may_ask:
            self.add(_plain(box))
            return
        self._asked.append((box, document))
        self._ask_next()
        if self.session.prediction is None and (words := sources_of(self.session).look()):
            self.tell(words, "info")
        self.canvas.update_hint()

    def _ask_next(self) -> None:
        """The first box that waits, once the model has looked and nothing else is asked."""
        prediction = self.session.prediction
        if prediction is None or not self._asked or self._picker.busy or self.canvas.tool is not self:
            return
        box, document = self._asked[0]
        if document is self.document:
            self._picker.ask_in(prediction, box, lambda: self.add(_plain(box)), self._answered)

    def _answered(self) -> None:
        del self._asked[:1]
        self.canvas.update()
        self._ask_next()

    def _heard(self, words: str, kind: str) -> None:
        """Where the model fails, what was drawn counts as it is."""
        if kind == "error" and self.session.prediction is None:
            self.settle()

    def settle(self) -> None:
        """A box that was drawn counts, also where nobody waits for the answer."""
        waiting, self._asked = self._asked, []
        if waiting:
            self._picker.cancel()
        for box, document in waiting:
            self.add(_plain(box), document=document)

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
        waiting, self._asked = self._asked, []
        self.canvas.update()
        return self._picker.cancel() or bool(waiting) or super().cancel() or had

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
        if view is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(*self.canvas.drawing_color()), 1.5, Qt.PenStyle.DashLine))
        for (x, y, width, height), _ in self._asked:
            left, top, right, bottom = view.rect_to_widget((x, y, x + width, y + height))
            painter.drawRect(QRectF(QPointF(left, top), QPointF(right, bottom)))
        if pointer is None:
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


def _plain(box: Box) -> Polygons:
    """A box x y width height as four vertices."""
    left, top, width, height = box
    right, bottom = left + width, top + height
    return Polygons((PolygonPart(((left, top), (right, top), (right, bottom), (left, bottom))),))
