"""Draw a polygon: click its vertices, or drag freehand. With Ctrl it cuts from the selected one, Shift adds.

Frame: image pixels. Where nothing is being drawn the selected polygon's vertices can be changed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPolygonF

from app.annotation import Annotation
from app.edits import Edit
from app.geometry import Point, PolygonPart, Polygons, Ring, from_mask, subtract, to_mask, union
from model.opencv import cv2
from ui.canvas import overlay
from ui.tools.base import Pointer, Tool, bounds
from ui.tools.vertices import VertexEditor

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.session import Session

SNAP = 9.0  # widget units around the first vertex that close the polygon
FREEHAND_FROM = 5.0  # widget units from where a press is a stroke
FREEHAND_STEP = 2.5  # widget units between points of a stroke
FREEHAND_TOLERANCE = 0.8  # widget units that its simplification may differ


class PolygonTool(Tool):
    """Vertices, one after the other."""

    name = "polygon"
    title = "Polygon"

    def __init__(self, canvas: Canvas, session: Session) -> None:
        super().__init__(canvas, session)
        self._vertices = VertexEditor(self)
        self._points: list[Point] = []
        self._mode = ""  # 'cut', 'join' or '' for a new instance
        self._pointer: Pointer | None = None
        self._pressed: Pointer | None = None
        self._freehand: int | None = None  # index of the stroke's first point

    @property
    def hint(self) -> str:
        if self._points:
            return (
                "Click adds a vertex, drag draws · Backspace takes one back · "
                "Enter or double click closes · Esc drops it"
            )
        if self._vertices.hot:
            return "Drag moves the vertex, or adds one on the edge · Shift+click deletes it"
        more = " · Ctrl+click: cut from the selected · Shift+click: add to it" if self.only_selected() else ""
        return f"Click vertices or drag freehand{more}"

    @property
    def cursor(self) -> Qt.CursorShape:
        if not self._points and self._vertices.hot:
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.CrossCursor

    @property
    def busy(self) -> bool:
        return bool(self._points) or self._vertices.busy or super().busy

    # mouse

    def press(self, pointer: Pointer) -> None:
        if self.document is None:
            return
        if not self._points:
            if super().busy:
                self.tell("choose a category for the shape that waits, or press Esc to drop it", "warning")
                return
            if not pointer.control and self._vertices.press(pointer):
                return
            if not self._begin(pointer):
                return
        elif self._closes(pointer):
            self._close()
            return
        self._pressed, self._freehand = pointer, None
        self._append(self.clip(*pointer.point))
        self._pointer = pointer
        self.canvas.update()

    def _begin(self, pointer: Pointer) -> bool:
        self._mode = "cut" if pointer.control else "join" if pointer.shift else ""
        if self._mode and self.only_selected() is None:
            self.tell("expected one selected instance to change: select it first", "warning")
            return False
        self.began()
        return True

    def move(self, pointer: Pointer) -> None:
        if not self._points:
            self._vertices.move(pointer)
            self._pointer = pointer
            return
        self._repaint()
        self._pointer = pointer
        start = self._pressed
        if start is not None and pointer.buttons & Qt.MouseButton.LeftButton:
            away = pointer.at - start.at
            if self._freehand is None and math.hypot(away.x(), away.y()) >= FREEHAND_FROM:
                self._freehand = len(self._points) - 1
            if self._freehand is not None:
                here = self.clip(*pointer.point)
                step = self.canvas.tolerance(FREEHAND_STEP)
                if math.dist(here, self._points[-1]) >= step:
                    self._append(here)
        self._repaint()

    def release(self, pointer: Pointer) -> None:
        if self._vertices.release():
            return
        self._pressed = None
        first, self._freehand = self._freehand, None
        if first is None or not self._points:
            return
        self._points[first:] = simplified(self._points[first:], self.canvas.tolerance(FREEHAND_TOLERANCE))
        if first == 0 and len(self._points) > 2:
            self._close()  # a shape drawn in one go
        self.canvas.update()

    def double_click(self, pointer: Pointer) -> None:
        if self._points:
            self._close()
        else:
            self.press(pointer)

    def leave(self) -> None:
        self.canvas.update()

    # keys

    def takes_key(self, event: QKeyEvent) -> bool:
        return self.busy and event.key() in (
            Qt.Key.Key_Backspace,
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Escape,
            Qt.Key.Key_Delete,
        )

    def key(self, event: QKeyEvent) -> bool:
        if not self.takes_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self._points = self._points[:-1]
            self.canvas.update()
        else:
            self._close()
        return True

    # the shape

    def _append(self, point: Point) -> None:
        if not self._points or self._points[-1] != point:
            self._points.append(point)

    def _closes(self, pointer: Pointer) -> bool:
        return len(self._points) > 2 and math.dist(pointer.point, self._points[0]) <= self.canvas.tolerance(
            SNAP
        )

    def _close(self) -> None:
        ring = tuple(self._points)
        if len(ring) < 3:
            self.tell("a polygon needs three vertices: go on clicking, or press Esc to drop it", "info")
            return
        self._points, self._pressed, self._freehand = [], None, None
        mode, self._mode = self._mode, ""
        self.canvas.update()
        chosen = self.only_selected()
        if mode and chosen is not None:
            self._combine(chosen, ring, mode)
        elif not self.add(Polygons((PolygonPart(ring),))):
            self.tell("the polygon has no pixel in the image, so it was left out", "info")

    def _combine(self, annotation: Annotation, ring: Ring, mode: str) -> None:
        width, height = self.canvas.image_size
        geometry = annotation.geometry
        if isinstance(geometry, Polygons):
            exact = with_hole(geometry, ring) if mode == "cut" else with_part(geometry, ring)
            if exact is not None:
                self.reshape(annotation, exact)
                return
        drawn = to_mask(Polygons((PolygonPart(ring),)), width, height)
        mask = self.canvas.mask_of(annotation.id)
        both = subtract(mask, drawn) if mode == "cut" else union(mask, drawn)
        if not both.bits.any():
            self.tell(
                "nothing would be left of the instance, so it was kept: press Delete to remove it", "warning"
            )
            return
        self.reshape(annotation, from_mask(both, width, height))

    def cancel(self) -> bool:
        had = bool(self._points)
        self._points, self._pressed, self._freehand, self._mode = [], None, None, ""
        vertex = self._vertices.cancel()
        self.canvas.update()
        return super().cancel() or had or vertex

    def annotations_changed(self, edit: Edit) -> None:
        self._vertices.cancel()

    def selection_changed(self) -> None:
        self._vertices.cancel()

    # painting

    def _repaint(self) -> None:
        """The line to the pointer, and from there to the first vertex."""
        if self._points and self._pointer is not None:
            last = self._points[-2:]
            self.canvas.update_image_rect(bounds([*last, self._pointer.point, self._points[0]]), margin=14)

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view = self.canvas.view
        if view is None or self.canvas.look.peek:
            return
        if not self._points:
            self._vertices.paint(painter)
            return
        places = [QPointF(*view.to_widget(*point)) for point in self._points]
        chosen = self.only_selected()
        rgb = self.canvas.shown.color_of(chosen) if self._mode and chosen else self.canvas.drawing_color()
        color = QColor(255, 84, 84) if self._mode == "cut" else QColor(*rgb)
        snaps = self._pointer is not None and self._freehand is None and self._closes(self._pointer)
        tip = places[0] if snaps or self._pointer is None else self._pointer.at
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = QColor(color)
        fill.setAlpha(50)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([*places, tip]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        line = QPolygonF([*places, tip])
        for pen in (QPen(QColor(0, 0, 0, 140), 3.2), QPen(color, 1.6)):
            painter.setPen(pen)
            painter.drawPolyline(line)
        painter.setPen(QPen(QColor(255, 255, 255, 120), 1, Qt.PenStyle.DotLine))
        painter.drawLine(tip, places[0])
        shown = self._points if len(self._points) <= 300 else self._points[:1]
        overlay.paint_handles(painter, shown, view, round_ones=True, hot=0 if snaps else -1, color=color)


def simplified(points: list[Point], tolerance: float) -> list[Point]:
    """An open line with fewer points, nowhere further than `tolerance` from the drawn one; ends are kept."""
    if len(points) < 3:
        return points
    curve = np.asarray(points, np.float32).reshape(-1, 1, 2)
    return [(float(x), float(y)) for x, y in cv2.approxPolyDP(curve, tolerance, False).reshape(-1, 2)]


def with_hole(polygons: Polygons, ring: Ring) -> Polygons | None:
    """The polygons with a hole where the ring lies wholly in one part, clear of its holes; else None."""
    from shapely.geometry import Polygon as Area

    hole = Area(ring)
    if not hole.is_valid:
        return None
    for index, part in enumerate(polygons.parts):
        whole = Area(part.outline, part.holes)
        if whole.is_valid and whole.contains_properly(hole):
            changed = PolygonPart(part.outline, (*part.holes, ring))
            return Polygons((*polygons.parts[:index], changed, *polygons.parts[index + 1 :]))
    return None


def with_part(polygons: Polygons, ring: Ring) -> Polygons | None:
    """The polygons with another part, where the ring touches none of them; else None."""
    from shapely.geometry import Polygon as Area

    area = Area(ring)
    parts = [Area(part.outline, part.holes) for part in polygons.parts]
    if not area.is_valid or any(not each.is_valid or each.intersects(area) for each in parts):
        return None
    return Polygons((*polygons.parts, PolygonPart(ring)))
