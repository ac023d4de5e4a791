"""Split the chosen instance along a line: drag it freehand, or click its corners. Frame: image pixels."""

from __future__ import annotations

import math
from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPolygonF

from app.edits import Edit
from app.geometry import Point
from ui.tools.base import Pointer, Tool, bounds
from ui.tools.pixel_work import pixel_work

FREEHAND_FROM = 5.0  # widget units from where a press is a stroke
FREEHAND_STEP = 2.5  # widget units between points of a stroke


class SplitTool(Tool):
    """A line across an instance makes two of it."""

    name: ClassVar[str] = "split"
    title: ClassVar[str] = "Split"

    _points: tuple[Point, ...] = ()
    _pointer: Pointer | None = None
    _pressed: Pointer | None = None
    _freehand = False

    @property
    def hint(self) -> str:
        if self._points:
            return "Release, double click or Enter: split here · Click: another corner · Esc drops the line"
        if self.only_selected() is None:
            return "Drag a line across an instance to make two of it"
        return "Drag a line across the chosen instance, or click its corners, to make two of it"

    @property
    def busy(self) -> bool:
        return bool(self._points)

    # mouse

    def press(self, pointer: Pointer) -> None:
        if self.document is None:
            return
        self._pressed, self._pointer = pointer, pointer
        if not self._points:
            self.began()
        self._append(pointer.point)
        self.canvas.update()

    def move(self, pointer: Pointer) -> None:
        self._repaint()
        self._pointer = pointer
        start = self._pressed
        if start is not None and pointer.buttons & Qt.MouseButton.LeftButton:
            away = pointer.at - start.at
            self._freehand |= math.hypot(away.x(), away.y()) >= FREEHAND_FROM
            step = self.canvas.tolerance(FREEHAND_STEP)
            if self._freehand and math.dist(pointer.point, self._points[-1]) >= step:
                self._append(pointer.point)
        self._repaint()

    def release(self, pointer: Pointer) -> None:
        self._pressed = None
        if self._freehand:
            self._append(pointer.point)
            self._finish()

    def double_click(self, pointer: Pointer) -> None:
        if self._points:
            self._append(pointer.point)
            self._finish()
        else:
            self.press(pointer)

    def _append(self, point: Point) -> None:
        if not self._points or self._points[-1] != point:
            self._points = (*self._points, point)

    def _finish(self) -> None:
        line = self._points
        self.cancel()
        if len(line) < 2:
            return
        target = self.only_selected()
        if target is None:
            middle = line[len(line) // 2] if len(line) > 2 else _between(*line)
            under = self.canvas.instances_at(*middle)
            document = self.document
            if not under or document is None:
                self.tell("the line crosses no instance: draw it across the one to split", "info")
                return
            self.session.select(under[:1])
            target = document.annotations[under[0]]
        pixel_work(self.canvas).split(target, line)

    # keys

    def takes_key(self, event: QKeyEvent) -> bool:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Backspace)
        return bool(self._points) and event.key() in keys

    def key(self, event: QKeyEvent) -> bool:
        if not self.takes_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif event.key() == Qt.Key.Key_Backspace:
            self._points = self._points[:-1]
            self.canvas.update()
        else:
            self._finish()
        return True

    def cancel(self) -> bool:
        had = bool(self._points)
        self._points, self._pressed, self._freehand = (), None, False
        self.canvas.update()
        return had

    def annotations_changed(self, edit: Edit) -> None:
        self.cancel()

    # painting

    def _repaint(self) -> None:
        if self._points and self._pointer is not None:
            self.canvas.update_image_rect(bounds([*self._points[-2:], self._pointer.point]), margin=14)

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view = self.canvas.view
        if view is None or not self._points:
            return
        places = [QPointF(*view.to_widget(*point)) for point in self._points]
        if self._pointer is not None:
            places.append(self._pointer.at)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 160), 3.4), QPen(QColor(255, 255, 255), 1.6, Qt.PenStyle.DashLine)):
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(places))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _between(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
