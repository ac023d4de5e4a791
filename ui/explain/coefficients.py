"""Prototypes of the current image and the chosen instance's coefficients: pictures with signed bars.

A bar is dragged, zeroed with a double click, flipped with the right button; the mask follows in the strip on
top while it moves, and it is one undoable edit when it is let go. The head gives -1 to 1 (tanh); going
beyond is allowed, and marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.explain.contribution import MINUS, PLUS, prototype_pictures

if TYPE_CHECKING:
    from model.messages import Prediction

CELL, BAR, GAP = 66, 14, 6  # pixels: picture's side at least, the bar under it, room between
REACH = 1.5  # the bar's ends; a head's own values lie within 1


def to_image(pixels: NDArray[np.uint8]) -> QImage:
    """(h, w, 3 or 4) RGB(A) as an image of its own memory."""
    height, width, channels = pixels.shape
    kind = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_RGBA8888
    return QImage(pixels.tobytes(), width, height, channels * width, kind).copy()


class CoefficientGrid(QWidget):
    """One cell a prototype. Signals carry the whole coefficient vector."""

    moved: SignalInstance = Signal(object)  # type: ignore[assignment]
    settled: SignalInstance = Signal(object)  # type: ignore[assignment]
    hovered: SignalInstance = Signal(int)  # type: ignore[assignment]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: list[QImage] = []
        self._tops: NDArray[np.float32] = np.zeros(0, np.float32)
        self._coefficients: NDArray[np.float32] | None = None
        self._predicted: NDArray[np.float32] | None = None
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self._dragged = -1
        self._under = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Prototypes and coefficients")

    def set_prototypes(self, prediction: Prediction | None, *, together: bool = False) -> None:
        """Show an image's prototypes."""
        if prediction is None:
            self._pictures, self._tops = [], np.zeros(0, np.float32)
        else:
            pictures = prototype_pictures(prediction.prototypes, together=together)
            self._pictures = [to_image(each) for each in pictures]
            self._tops = prediction.prototypes.max((0, 1)).astype(np.float32)
        self._order = np.arange(len(self._pictures))
        self.set_coefficients(None, None)
        self.updateGeometry()

    def set_coefficients(
        self,
        coefficients: NDArray[np.float32] | None,
        predicted: NDArray[np.float32] | None,
        order: NDArray[np.intp] | None = None,
    ) -> None:
        """Show an instance's coefficients (None: no instance), in an order of prototypes."""
        self._coefficients = None if coefficients is None else coefficients.astype(np.float32).copy()
        self._predicted = predicted
        self._order = np.arange(len(self._pictures)) if order is None else order
        self.update()

    @property
    def columns(self) -> int:
        return max((self.width() - GAP) // (CELL + GAP), 1)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        columns = max((width - GAP) // (CELL + GAP), 1)
        rows = -(-len(self._pictures) // columns)
        side = (width - GAP) / columns - GAP
        return int(GAP + rows * (side + BAR + GAP))

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(300))

    def cell(self, place: int) -> QRectF:
        """The rectangle of the place-th cell: picture and bar."""
        side = (self.width() - GAP) / self.columns - GAP
        row, column = divmod(place, self.columns)
        return QRectF(GAP + column * (side + GAP), GAP + row * (side + BAR + GAP), side, side + BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, j in enumerate(self._order):
            cell = self.cell(place)
            if cell.intersects(QRectF(event.rect())):
                self._paint_cell(painter, cell, int(j))

    def _paint_cell(self, painter: QPainter, cell: QRectF, j: int) -> None:
        picture = QRectF(cell.left(), cell.top(), cell.width(), cell.height() - BAR)
        painter.drawImage(picture, self._pictures[j])
        if j == self._under:
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(picture.adjusted(0, 0, -1, -1))
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        painter.setPen(QColor(255, 255, 255, 220))
        painter.drawText(picture.adjusted(3, 1, -2, 0), Qt.AlignmentFlag.AlignTop, str(j + 1))
        if self._coefficients is not None:
            self._paint_bar(painter, QRectF(cell.left(), picture.bottom() + 2, cell.width(), BAR - 4), j)

    def _paint_bar(self, painter: QPainter, bar: QRectF, j: int) -> None:
        assert self._coefficients is not None
        value = float(self._coefficients[j])
        text = self.palette().color(QPalette.ColorRole.Text)
        ground = QColor(text)
        ground.setAlpha(30)
        painter.fillRect(bar, ground)
        middle, unit = bar.center().x(), bar.width() / 2 / REACH
        reach = max(-REACH, min(value, REACH)) * unit
        color = QColor(*(int(v) for v in (PLUS if value >= 0 else MINUS)))
        painter.fillRect(QRectF(min(middle, middle + reach), bar.top(), abs(reach), bar.height()), color)
        text.setAlpha(90)
        for mark in (-1.0, 1.0):
            painter.fillRect(QRectF(middle + mark * unit, bar.top(), 1, bar.height()), text)
        text.setAlpha(255)
        painter.fillRect(QRectF(middle, bar.top(), 1, bar.height()), text)
        if self._predicted is not None and abs(self._predicted[j] - value) > 1e-3:
            x = middle + max(-REACH, min(float(self._predicted[j]), REACH)) * unit
            painter.setBrush(text)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QPointF(x, bar.center().y()), 2, 2)

    # --- mouse ---------------------------------------------------------------------------------------------

    def prototype_at(self, point: QPointF) -> int:
        """The prototype under a point of the widget, -1 for none."""
        for place, j in enumerate(self._order):
            if self.cell(place).contains(point):
                return int(j)
        return -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        j = self.prototype_at(event.position())
        if j < 0 or self._coefficients is None:
            return
        if event.button() is Qt.MouseButton.RightButton:
            self._set(j, -float(self._coefficients[j]), settle=True)
        elif event.button() is Qt.MouseButton.LeftButton:
            self._dragged = j
            self._drag(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        j = self.prototype_at(event.position())
        if j >= 0 and self._coefficients is not None and event.button() is Qt.MouseButton.LeftButton:
            self._dragged = -1
            self._set(j, 0.0, settle=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged >= 0:
            self._drag(event.position())
            return
        j = self.prototype_at(event.position())
        if j != self._under:
            self._under = j
            self.hovered.emit(j)
            self.update()
        if j >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), self._words(j), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged >= 0 and self._coefficients is not None:
            self._dragged = -1
            self.settled.emit(self._coefficients.copy())

    def leaveEvent(self, event: object) -> None:
        self._under = -1
        self.hovered.emit(-1)
        self.update()

    def _drag(self, point: QPointF) -> None:
        place = int(np.flatnonzero(self._order == self._dragged)[0])
        cell = self.cell(place)
        value = (point.x() - cell.center().x()) / (cell.width() / 2) * REACH
        self._set(self._dragged, 0.0 if abs(value) < 0.03 else value, settle=False)

    def _set(self, j: int, value: float, *, settle: bool) -> None:
        assert self._coefficients is not None
        self._coefficients[j] = value
        self.update()
        (self.settled if settle else self.moved).emit(self._coefficients.copy())

    def _words(self, j: int) -> str:
        words = f"Prototype {j + 1}: 0 to {self._tops[j]:.2f}"
        if self._coefficients is None:
            return words
        value = float(self._coefficients[j])
        beyond = ", beyond what tanh can emit" if abs(value) > 1 else ""
        predicted = f" (predicted {self._predicted[j]:+.2f})" if self._predicted is not None else ""
        return (
            f"{words}\nCoefficient {value:+.2f}{beyond}{predicted}\nDrag; double click: 0; right click: flip"
        )
