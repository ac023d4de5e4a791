"""The chosen instance's coefficients: a signed bar beside each prototype's picture.

A bar is dragged (Shift: finely), zeroed with a double click, flipped with the right button; Backspace takes
it back to what was predicted. `moved` tells of each step, `settled` of the end: one edit. The head gives -1
to 1 (tanh): the brighter part of the bar. Going beyond is allowed, and shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.explain.contribution import BEYOND_TANH
from ui.explain.pictures import color_of, rounded

ROW, PICTURE = 32, 26
LEFT, RIGHT = 58, 88  # where bars begin, and room after them: widget units
REACH = 1.5  # the coefficient at a bar's ends
MOST = 9.0  # larger coefficients than any mask needs are not set by hand
SNAP = 0.025  # this near to 0 or to the prediction is meant to be it
STILL = 2.0  # widget units that a click may tremble
FINE = 0.2  # Shift
KEY_STEP = 0.05

Vector = NDArray[np.float32]


class CoefficientBars(QWidget):
    """One row a prototype. `moved` and `settled` carry the whole vector (k,) float32."""

    moved: SignalInstance = Signal(object)  # type: ignore[assignment]
    settled: SignalInstance = Signal(object)  # type: ignore[assignment]
    hovered: SignalInstance = Signal(int)  # type: ignore[assignment]  # prototype, -1: none
    chosen: SignalInstance = Signal(int)  # type: ignore[assignment]  # its picture was clicked
    wanted: SignalInstance = Signal(QRectF)  # type: ignore[assignment]  # a row that the keys went to

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[QImage] = []
        self._pixmaps: dict[int, QPixmap] = {}
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self.values: Vector | None = None
        self._predicted: Vector | None = None
        self._shares: Vector | None = None
        self._under = self._focus = self._pinned = -1
        self._dragged = -1
        self._last = QPointF()
        self._going = 0.0  # the dragged value before it snaps
        self._changed = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Coefficients of the chosen instance")
        self.setAccessibleDescription(
            "Up and down go from one to the next, left and right change it, 0 zeroes, minus flips, "
            "Backspace takes it back to what was predicted."
        )

    def set_images(self, images: list[QImage]) -> None:
        """The prototypes' pictures."""
        self._images = images
        self._pixmaps.clear()
        self.setFixedHeight(len(images) * ROW)
        self.update()

    def set_values(self, values: Vector, predicted: Vector, shares: Vector, order: NDArray[np.intp]) -> None:
        """Show an instance's coefficients, what the head gave, and the order of the rows."""
        self._predicted, self._order = predicted, order
        if self._dragged < 0:  # while a bar is dragged its own value counts
            self.values = values.astype(np.float32).copy()
        self._shares = shares
        self.update()

    def set_shares(self, shares: Vector) -> None:
        """New shares while a bar moves."""
        self._shares = shares
        self.update()

    def set_pinned(self, prototype: int) -> None:
        """Mark the one that is shown over the image, -1 for none."""
        self._pinned = prototype
        self.update()

    @property
    def dragging(self) -> bool:
        return self._dragged >= 0

    def sizeHint(self) -> QSize:
        return QSize(300, len(self._images) * ROW)

    # --- geometry ------------------------------------------------------------------------------------------

    def row(self, place: int) -> QRectF:
        """The rectangle of the place-th row."""
        return QRectF(0, place * ROW, self.width(), ROW)

    def bar(self, place: int) -> QRectF:
        """The rectangle of its bar."""
        return QRectF(LEFT, place * ROW + 8, max(self.width() - LEFT - RIGHT, 20), ROW - 16)

    @property
    def unit(self) -> float:
        """Widget units of a coefficient of 1."""
        return self.bar(0).width() / 2 / REACH

    def prototype_at(self, point: QPointF) -> int:
        """The prototype whose row is under a point of the widget, -1 for none."""
        place = int(point.y() // ROW)
        return int(self._order[place]) if 0 <= place < len(self._order) else -1

    def place_of(self, j: int) -> int:
        """The row of a prototype."""
        return int(np.flatnonzero(self._order == j)[0])

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.values is None:
            return
        first, last = event.rect().top() // ROW, event.rect().bottom() // ROW
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = painter.font()
            font.setPixelSize(11)
            painter.setFont(font)
            for place in range(max(first, 0), min(last + 1, len(self._order))):
                self._paint_row(painter, place, int(self._order[place]))

    def _paint_row(self, painter: QPainter, place: int, j: int) -> None:
        assert self.values is not None
        assert self._shares is not None
        row, value = self.row(place), float(self.values[j])
        text = self.palette().color(QPalette.ColorRole.Text)
        if j in (self._under, self._dragged) or (self.hasFocus() and j == self._focus):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_faded(text, 18))
            painter.drawRoundedRect(row.adjusted(0, 1, -2, -1), 5, 5)
        painter.drawPixmap(QPointF(3, row.top() + 3), self._pixmap(j))
        if j == self._pinned:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(3, row.top() + 3, PICTURE, PICTURE), 4, 4)
        painter.setPen(_faded(text, 150))
        painter.drawText(QRectF(31, row.top(), 22, ROW), _RIGHT, str(j + 1))
        self._paint_bar(painter, self.bar(place), j, value)
        painter.setPen(text if abs(value) > 0.005 else _faded(text, 110))
        end = row.right() - 8
        painter.drawText(QRectF(end - 82, row.top(), 42, ROW), _RIGHT, f"{value:+.2f}")
        painter.setPen(_faded(text, 150))
        painter.drawText(QRectF(end - 40, row.top(), 40, ROW), _RIGHT, f"{self._shares[j] * 100:.0f} %")

    def _paint_bar(self, painter: QPainter, bar: QRectF, j: int, value: float) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        middle, unit = bar.center().x(), self.unit
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_faded(text, 16))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setBrush(_faded(text, 22))  # what tanh can give
        painter.drawRect(QRectF(middle - unit, bar.top(), 2 * unit, bar.height()))
        reach = max(-REACH, min(value, REACH)) * unit
        painter.setBrush(color_of(value))
        if abs(value) > REACH:
            painter.drawPolygon(_arrow(bar, middle, reach))
        else:
            left = min(middle, middle + reach)
            painter.drawRoundedRect(QRectF(left, bar.top() + 2, abs(reach), bar.height() - 4), 2, 2)
        painter.fillRect(QRectF(middle - 0.5, bar.top() - 1, 1, bar.height() + 2), _faded(text, 140))
        if self._predicted is not None and abs(float(self._predicted[j]) - value) > 1e-3:
            x = middle + max(-REACH, min(float(self._predicted[j]), REACH)) * unit
            painter.fillRect(QRectF(x - 1, bar.top() - 1, 2, bar.height() + 2), text)

    def _pixmap(self, j: int) -> QPixmap:
        found = self._pixmaps.get(j)
        if found is None:
            size = QSize(PICTURE, PICTURE)
            found = self._pixmaps[j] = rounded(self._images[j], size, self.devicePixelRatioF())
        return found

    # --- changing ------------------------------------------------------------------------------------------

    def _set(self, j: int, value: float) -> None:
        assert self.values is not None
        value = max(-MOST, min(value, MOST))
        if value != float(self.values[j]):
            self.values[j] = value
            self._changed = True
            self.update()
            self.moved.emit(self.values.copy())

    def _settle(self) -> None:
        if self._changed and self.values is not None:
            self._changed = False
            self.settled.emit(self.values.copy())

    def _set_now(self, j: int, value: float) -> None:
        self._set(j, value)
        self._settle()

    def cancel(self) -> None:
        """Let go of the bar without an edit; whoever listens shows the old values."""
        self._dragged, self._changed = -1, False

    def _snapped(self, j: int, value: float) -> float:
        marks = [0.0] if self._predicted is None else [0.0, float(self._predicted[j])]
        return next((mark for mark in marks if abs(value - mark) < SNAP), value)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        j = self.prototype_at(event.position())
        if j < 0 or self.values is None:
            return
        self._focus = j
        if event.button() is Qt.MouseButton.RightButton:
            self._set_now(j, -float(self.values[j]))
        elif event.button() is Qt.MouseButton.LeftButton and event.position().x() < LEFT - 26:
            self.chosen.emit(j)
        elif event.button() is Qt.MouseButton.LeftButton:
            self._dragged, self._last, self._going = j, event.position(), float(self.values[j])
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged < 0:
            self._hover(self.prototype_at(event.position()))
            over = event.position().x() >= LEFT - 26
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.PointingHandCursor)
            return
        step = event.position().x() - self._last.x()
        if not self._changed and abs(step) < STILL:
            return
        self._last = event.position()
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        self._going = max(-MOST, min(self._going + step / self.unit * fine, MOST))
        self._set(self._dragged, self._snapped(self._dragged, self._going))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._dragged = -1
            self._settle()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        j = self.prototype_at(event.position())
        if j >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._set_now(j, 0.0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key is Qt.Key.Key_Escape and self._dragged >= 0:
            self.cancel()
            self.settled.emit(None)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and len(self._order):
            self._walk(1 if key is Qt.Key.Key_Down else -1)
        elif self._focus < 0 or self.values is None or not self._change_by_key(key):
            super().keyPressEvent(event)

    def _walk(self, by: int) -> None:
        place = self.place_of(self._focus) + by if self._focus in self._order else 0
        place = min(max(place, 0), len(self._order) - 1)
        self._focus = int(self._order[place])
        self._hover(self._focus)
        self.wanted.emit(self.row(place))
        self.update()

    def _change_by_key(self, key: Qt.Key) -> bool:
        assert self.values is not None
        now = float(self.values[self._focus])
        predicted = now if self._predicted is None else float(self._predicted[self._focus])
        after = {
            Qt.Key.Key_Left: now - KEY_STEP,
            Qt.Key.Key_Right: now + KEY_STEP,
            Qt.Key.Key_0: 0.0,
            Qt.Key.Key_Minus: -now,
            Qt.Key.Key_Backspace: predicted,
        }.get(key)
        if after is not None:
            self._set_now(self._focus, after)
        return after is not None

    def leaveEvent(self, event: QEvent) -> None:
        if self._dragged < 0:
            self._hover(-1)

    def _hover(self, j: int) -> None:
        if j != self._under:
            self._under = j
            self.hovered.emit(j)
            self.update()

    def words(self, j: int) -> str:
        """What a row means, in a few words."""
        if self.values is None or self._shares is None:
            return ""
        value = float(self.values[j])
        verb = "adds to" if value > 0 else "takes from" if value < 0 else "leaves"
        words = f"{value:+.2f}: {verb} the mask, {self._shares[j] * 100:.0f} % of all that is done to it"
        if abs(value) > BEYOND_TANH:
            words += "; beyond what tanh can give"
        if self._predicted is not None and abs(float(self._predicted[j]) - value) > 1e-3:
            words += f"; predicted {self._predicted[j]:+.2f}"
        return words


_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _faded(color: QColor, alpha: int) -> QColor:
    return QColor(color.red(), color.green(), color.blue(), alpha)


def _arrow(bar: QRectF, middle: float, reach: float) -> QPolygonF:
    """A bar that goes on beyond its end."""
    end, back = middle + reach, 6.0 if reach > 0 else -6.0
    top, bottom = bar.top() + 2, bar.bottom() - 2
    return QPolygonF(
        [
            QPointF(middle, top),
            QPointF(end - back, top),
            QPointF(end, bar.center().y()),
            QPointF(end - back, bottom),
            QPointF(middle, bottom),
        ]
    )
