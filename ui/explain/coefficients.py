"""The chosen instance's coefficients: a signed bar beside each prototype's picture, changed by hand.

A bar is dragged (Shift: finely), zeroed with a double click, flipped with the right button; Backspace takes
it back to what was predicted. `moved` tells of each step, `settled` of the end: one edit. Going beyond what
the head can give is allowed, and shown (`coefficient_row`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.explain import bar_look
from ui.explain.bar_look import LEFT
from ui.explain.coefficient_row import PICTURE, ROW, THICKNESS, CoefficientRow, unit_of
from ui.explain.pictures import rounded
from ui.explain.pointed import Pointed

PICTURES = LEFT - 26  # where a row's picture ends, for the mouse: widget units
MOST = 9.0  # larger coefficients than any mask needs are not set by hand
SNAP = 0.025  # this near to 0 or to the prediction is meant to be it
STILL = 2.0  # widget units that a click may tremble
FINE = 0.2  # Shift
KEY_STEP = 0.05
KEYS = (
    "Up and down go from one to the next, left and right change it, 0 zeroes, minus flips, "
    "Backspace takes it back to what was predicted."
)

Vector = NDArray[np.float32]


class CoefficientBars(Pointed):
    """One row a prototype. `moved` and `settled` carry the whole vector (k,) float32."""

    moved = Signal(object)
    settled = Signal(object)
    chosen = Signal(int)  # its picture was clicked
    wanted = Signal(QRectF)  # a row that the keys went to

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, "Coefficients of the chosen instance", KEYS)
        self._images: list[QImage] = []
        self._pixmaps: dict[int, QPixmap] = {}
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self.values: Vector | None = None
        self._predicted: Vector | None = None
        self._shares: Vector | None = None
        self._pinned = self._dragged = -1
        self._last = QPointF()
        self._going = 0.0  # the dragged value before it snaps
        self._changed = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

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
        return bar_look.bar_in(self.row(place), THICKNESS)

    @property
    def unit(self) -> float:
        """Widget units of a coefficient of 1."""
        return unit_of(self.bar(0))

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
            bar_look.prepare(painter)
            for place in range(max(first, 0), min(last + 1, len(self._order))):
                self._paint_row(painter, place)

    def _paint_row(self, painter: QPainter, place: int) -> None:
        j = int(self._order[place])
        lit = j == self._dragged or self.is_pointed(j)
        shown, picture = self._shown(j), self._pixmap(j)
        shown.paint(painter, self.row(place), self.palette(), picture, lit=lit, pinned=j == self._pinned)

    def _shown(self, j: int) -> CoefficientRow:
        assert self.values is not None
        assert self._shares is not None
        predicted = None if self._predicted is None else float(self._predicted[j])
        return CoefficientRow(j, float(self.values[j]), predicted, float(self._shares[j]))

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
        elif event.button() is Qt.MouseButton.LeftButton and event.position().x() < PICTURES:
            self.chosen.emit(j)
        elif event.button() is Qt.MouseButton.LeftButton:
            self._dragged, self._last, self._going = j, event.position(), float(self.values[j])
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged < 0:
            self._hover(self.prototype_at(event.position()))
            over = event.position().x() >= PICTURES
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

    def words(self, j: int) -> str:
        """What a row means, in a few words."""
        return "" if self.values is None or self._shares is None else self._shown(j).words()
