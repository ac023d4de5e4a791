"""The prototypes of the current image as a grid of pictures.

Hovering one tells its number and range, and lets a larger picture be shown; a click chooses it. Under each
picture a line shows the chosen instance's coefficient, where there is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.explain.contribution import Planes
from ui.explain.pictures import ROUND, color_of, indexed, rounded
from ui.explain.pointed import Pointed

CELL, GAP, LINE = 62, 6, 5  # the least side of a picture; room between; the line under it
REACH = 1.5  # the coefficient at a line's end


class PrototypeGrid(Pointed):
    """One cell a prototype, in an order that is set from outside."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        keys = "Arrow keys go from one to the next, Enter shows it over the image."
        super().__init__(parent, "Prototypes of this image", keys)
        self.images: list[QImage] = []
        self._pixmaps: dict[int, QPixmap] = {}
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self._coefficients: NDArray[np.float32] | None = None
        self._pinned = -1
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_planes(self, planes: Planes | None) -> None:
        """Show an image's prototypes; None: there are none."""
        self.images = [] if planes is None else [indexed(each, "sequential") for each in planes.places]
        self._pixmaps.clear()
        self._under = self._focus = -1
        if len(self._order) != len(self.images):
            self._order = np.arange(len(self.images))
        self.updateGeometry()
        self.update()

    def set_instance(self, coefficients: NDArray[np.float32] | None, order: NDArray[np.intp] | None) -> None:
        """The chosen instance's coefficients under the pictures, and the order; None: by number."""
        self._coefficients = coefficients
        self._order = np.arange(len(self.images)) if order is None else order
        self.update()

    def set_pinned(self, prototype: int) -> None:
        """Mark the one that is shown over the image, -1 for none."""
        self._pinned = prototype
        self.update()

    # --- geometry ------------------------------------------------------------------------------------------

    def _columns(self, width: int) -> int:
        return max((width + GAP) // (CELL + GAP), 1)

    def _side(self, width: int) -> float:
        return (width + GAP) / self._columns(width) - GAP

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(self.images) // self._columns(width))
        return int(rows * (self._side(width) + LINE + GAP))

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(300))

    def cell(self, place: int) -> QRectF:
        """The rectangle of the place-th cell: picture and line."""
        side = self._side(self.width())
        row, column = divmod(place, self._columns(self.width()))
        return QRectF(column * (side + GAP), row * (side + LINE + GAP), side, side + LINE)

    def prototype_at(self, point: QPointF) -> int:
        """The prototype under a point of the widget, -1 for none."""
        places = (place for place in range(len(self._order)) if self.cell(place).contains(point))
        place = next(places, -1)
        return int(self._order[place]) if place >= 0 else -1

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = painter.font()
            font.setPixelSize(10)
            painter.setFont(font)
            for place, j in enumerate(self._order):
                cell = self.cell(place)
                if cell.intersects(QRectF(event.rect())):
                    self._paint_cell(painter, cell, int(j))

    def _paint_cell(self, painter: QPainter, cell: QRectF, j: int) -> None:
        side = round(cell.width())
        picture = QRectF(cell.left(), cell.top(), side, side)
        painter.drawPixmap(picture.topLeft(), self._pixmap(j, side))
        number = QRectF(picture.left() + 3, picture.top() + 3, 8 + 6 * len(str(j + 1)), 13)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 120))
        painter.drawRoundedRect(number, 3, 3)
        painter.setPen(QColor(255, 255, 255, 235))
        painter.drawText(number, Qt.AlignmentFlag.AlignCenter, str(j + 1))
        if j == self._pinned or self.is_pointed(j):
            width = 2.5 if j == self._pinned else 1.5
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(picture.adjusted(1, 1, -1, -1), ROUND, ROUND)
        if self._coefficients is not None:
            self._paint_line(painter, picture, float(self._coefficients[j]))

    @staticmethod
    def _paint_line(painter: QPainter, picture: QRectF, value: float) -> None:
        middle, top = picture.center().x(), picture.bottom() + 2
        reach = max(-REACH, min(value, REACH)) / REACH * picture.width() / 2
        painter.fillRect(QRectF(min(middle, middle + reach), top, abs(reach), LINE - 2), color_of(value))

    def _pixmap(self, j: int, side: int) -> QPixmap:
        ratio = self.devicePixelRatioF()
        found = self._pixmaps.get(j)
        if found is None or found.width() != int(side * ratio):
            found = self._pixmaps[j] = rounded(self.images[j], QSize(side, side), ratio)
        return found

    # --- mouse and keys ------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.prototype_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        j = self.prototype_at(event.position())
        if j >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._focus = j
            self.chosen.emit(j)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self._columns(self.width())
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }.get(Qt.Key(event.key()))
        if step is not None and len(self._order):
            there = np.flatnonzero(self._order == self._focus)
            place = int(there[0]) + step if len(there) else 0
            self._focus = int(self._order[min(max(place, 0), len(self._order) - 1)])
            self._hover(self._focus)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._focus >= 0:
            self.chosen.emit(self._focus)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._hover(-1)
        super().focusOutEvent(event)
