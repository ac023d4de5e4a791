"""The marks of hints over the image: a plus or a minus each, a stroke's line, and the keys' cross hair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.solving import Point, Stroke

if TYPE_CHECKING:
    from ui.canvas.transform import View

RADIUS = 6.5  # widget units
GRIP = 8.0  # widget units around a mark that mean it
ADDS, TAKES = QColor(22, 148, 84), QColor(208, 48, 62)
WHITE = QColor(255, 255, 255)


def mark_of(stroke: Stroke) -> Point:
    """Where a hint's mark stands: at its last place."""
    return stroke.points[-1]


def nearest_mark(strokes: Sequence[Stroke], x: float, y: float, tolerance: float) -> int:
    """The hint whose mark is at a place, the newest of several; -1 for none. Image pixels."""
    for number in range(len(strokes) - 1, -1, -1):
        if math.dist(mark_of(strokes[number]), (x, y)) <= tolerance:
            return number
    return -1


def paint_marks(
    painter: QPainter, strokes: Sequence[Stroke], view: View, *, hot: int = -1, painted: Sequence[bool] = ()
) -> None:
    """Draw all hints; `hot`: one under the pointer, `painted`: those that had to be painted (a ring more)."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for stroke in strokes:
        if len(stroke.points) > 1:
            line = QPolygonF([QPointF(*view.to_widget(*point)) for point in stroke.points])
            color = QColor(ADDS if stroke.inside else TAKES)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (QPen(QColor(255, 255, 255, 150), 4.5), QPen(color, 2.5)):
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawPolyline(line)
    for number, stroke in enumerate(strokes):
        centre = QPointF(*view.to_widget(*mark_of(stroke)))
        _mark(painter, centre, stroke.inside, hot=number == hot)
        if number < len(painted) and painted[number]:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(WHITE, 1.2, Qt.PenStyle.DotLine))
            painter.drawEllipse(centre, RADIUS + 3.5, RADIUS + 3.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _mark(painter: QPainter, centre: QPointF, inside: bool, *, hot: bool) -> None:
    painter.setPen(QPen(WHITE, 1.2))
    painter.setBrush(QColor(70, 76, 88) if hot else ADDS if inside else TAKES)
    painter.drawEllipse(centre, RADIUS, RADIUS)
    painter.setPen(QPen(WHITE, 1.8))
    if hot:  # a click takes it back
        painter.drawLine(centre - QPointF(2.5, 2.5), centre + QPointF(2.5, 2.5))
        painter.drawLine(centre - QPointF(2.5, -2.5), centre + QPointF(2.5, -2.5))
        return
    painter.drawLine(centre - QPointF(3, 0), centre + QPointF(3, 0))
    if inside:
        painter.drawLine(centre - QPointF(0, 3), centre + QPointF(0, 3))


def paint_cross(painter: QPainter, place: Point, view: View) -> None:
    """The cross hair that the arrow keys move."""
    centre = QPointF(*view.to_widget(*place))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((QColor(0, 0, 0, 160), 3.2), (WHITE, 1.4)):
        painter.setPen(QPen(color, width))
        painter.drawEllipse(centre, 9, 9)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(centre + QPointF(dx * 4, dy * 4), centre + QPointF(dx * 16, dy * 16))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
