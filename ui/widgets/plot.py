"""A line plot for training curves: axes, grid, legend, raw points faint and their running mean on top."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

Points = Sequence[tuple[float, float]]
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")  # Okabe and Ito
LEFT, BOTTOM, TOP, RIGHT = 40, 20, 36, 8
HEAD = 18  # the title's row; the legend's is under it
MOST = 600  # points drawn a line: more than pixels is waste


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers (1, 2, 5 x 10^n) that span low to high. At least two."""
    span = max(high - low, 1e-9)
    raw = span / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw - 1e-12)
    first = math.floor(low / step) * step
    ticks: list[float] = []
    while not ticks or ticks[-1] < high - 1e-12:
        ticks.append(round(first + len(ticks) * step, 10))
    return ticks if len(ticks) > 1 else [*ticks, ticks[0] + step]


def running_mean(values: Sequence[float], weight: float = 0.8) -> list[float]:
    """Exponential running mean, unbiased at the start."""
    result, total, norm = [], 0.0, 0.0
    for value in values:
        total, norm = weight * total + value, weight * norm + 1
        result.append(total / norm)
    return result


class Plot(QWidget):
    """Named lines over iterations. Values that are not finite are left out."""

    def __init__(self, title: str, *, smooth: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._smooth = title, smooth
        self._lines: dict[str, list[tuple[float, float]]] = {}
        self._mouse: float | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(130)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(260, 140)

    def set_lines(self, lines: Mapping[str, Points]) -> None:
        """Show these lines."""
        self._lines = {
            name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in lines.items() if points
        }
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        text = self.palette().color(QPalette.ColorRole.Text)
        painter.setPen(text)
        painter.drawText(QRectF(8, 0, self.width(), HEAD), Qt.AlignmentFlag.AlignVCenter, self._title)
        points = [point for line in self._lines.values() for point in line]
        if not points:
            text.setAlpha(120)
            painter.setPen(text)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "nothing yet")
            return
        xs = nice_ticks(0, max(max(x for x, _ in points), 1))
        ys = nice_ticks(0, max(max(y for _, y in points), 1e-6))
        area = QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)
        self._axes(painter, area, xs, ys)
        for number, (name, line) in enumerate(self._lines.items()):
            self._line(painter, area, line, (xs[-1], ys[-1]), QColor(COLORS[number % len(COLORS)]))
            del name
        self._legend(painter, area, xs[-1])

    def _axes(self, painter: QPainter, area: QRectF, xs: Sequence[float], ys: Sequence[float]) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        grid = QColor(text)
        grid.setAlpha(35)
        text.setAlpha(170)
        for y in ys:
            height = area.bottom() - y / ys[-1] * area.height()
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), height), QPointF(area.right(), height))
            painter.setPen(text)
            painter.drawText(
                QRectF(0, height - 8, LEFT - 5, 16),
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                f"{y:g}",
            )
        for x in xs:
            place = area.left() + x / xs[-1] * area.width()
            rect = QRectF(place - 30, area.bottom() + 2, 60, 14)
            rect.moveRight(min(rect.right(), self.width() - 1.0))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, f"{x:g}")

    def _line(
        self, painter: QPainter, area: QRectF, line: Points, ends: tuple[float, float], color: QColor
    ) -> None:
        def place(x: float, y: float) -> QPointF:
            return QPointF(
                area.left() + x / ends[0] * area.width(), area.bottom() - y / ends[1] * area.height()
            )

        thin = line[:: max(len(line) // MOST, 1)]
        if self._smooth and len(thin) > 3:
            faint = QColor(color)
            faint.setAlpha(70)
            painter.setPen(QPen(faint, 1))
            painter.drawPolyline(QPolygonF([place(x, y) for x, y in thin]))
            thin = list(zip([x for x, _ in thin], running_mean([y for _, y in thin]), strict=True))
        painter.setPen(QPen(color, 1.8))
        painter.setBrush(color)
        painter.drawPolyline(QPolygonF([place(x, y) for x, y in thin]))
        if not self._smooth:
            for x, y in thin:
                painter.drawEllipse(place(x, y), 2.5, 2.5)

    def _legend(self, painter: QPainter, area: QRectF, end: float) -> None:
        right = area.right()
        if self._mouse is not None and area.left() <= self._mouse <= area.right():
            text = self.palette().color(QPalette.ColorRole.Text)
            text.setAlpha(90)
            painter.setPen(text)
            painter.drawLine(QPointF(self._mouse, area.top()), QPointF(self._mouse, area.bottom()))
            at = (self._mouse - area.left()) / max(area.width(), 1) * end
            where = QRectF(self.width() - 90, 0, 90 - RIGHT, HEAD)
            sides = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where, sides, f"step {at:.0f}")
        for number, (name, line) in reversed(list(enumerate(self._lines.items()))):
            value = line[-1][1]
            if self._mouse is not None and line:
                wanted = (self._mouse - area.left()) / max(area.width(), 1) * end
                value = min(line, key=lambda point: abs(point[0] - wanted))[1]
            words = f"{name} {value:.2f}" if abs(value) < 100 else f"{name} {value:.3g}"
            width = painter.fontMetrics().horizontalAdvance(words) + 6
            painter.setPen(QColor(COLORS[number % len(COLORS)]))
            painter.drawText(
                QRectF(right - width, HEAD, width, HEAD - 2), Qt.AlignmentFlag.AlignVCenter, words
            )
            right -= width + 2

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = event.position().x()
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._mouse = None
        self.update()
