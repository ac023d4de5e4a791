"""What the hints did beside the prototypes: a bar for each hint's helper row.

A helper row is no picture of the network's: it is high near its hint, where colour and prototypes are alike.
`removed` asks to take the hint back; `hovered` tells which one's share is to be shown over the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.hint_work import HintWork
from ui.explain import bar_look
from ui.explain.bar_look import EDGE, faded
from ui.explain.contribution import contribution_rgba
from ui.explain.helper_head import HELPERS, PAINT, names_of, shares_of, what_of
from ui.explain.pictures import rounded, with_alpha
from ui.explain.pointed import Pointed

ROW, PICTURE, THICKNESS = 26, 22, 12  # of a row; a side of its picture; of its bar: widget units
REACH = 6.0  # logits at a bar's ends
FAINT = 0.5  # logits that a picture shows at full strength where its row adds no more
SEEN = 0.1  # of a row's largest logit: what its picture has to show
WIDEST = 3.0  # a picture shows at least one part in so many of the instance's grid
KEYS = (
    "Up and down go from one to the next, Delete takes the hint back. "
    "What a row adds to the mask is shown over the image."
)


class HelperBars(Pointed):
    """One row a hint. Hidden while there are no hints."""

    removed = Signal(int)
    wanted = Signal(int)  # a row that the keys went to

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, "Helper rows of the hints", KEYS)
        self.works: tuple[HintWork, ...] = ()
        self._pixmaps: dict[int, QPixmap] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def set_works(self, works: Sequence[HintWork]) -> None:
        """Show what these hints did; none: nothing is shown."""
        self.works = tuple(works)
        self._pixmaps.clear()
        self._focus = min(self._focus, len(self.works) - 1)
        self._hover(min(self._under, len(self.works) - 1))
        self.setFixedHeight(len(self.works) * ROW)
        self.setVisible(bool(self.works))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, len(self.works) * ROW)

    @property
    def strongest(self) -> float:
        """The largest |logit| that any of the rows adds."""
        return max((abs(each.amount) for each in self.works), default=0.0)

    # --- geometry ------------------------------------------------------------------------------------------

    def row(self, number: int) -> QRectF:
        """The rectangle of a hint's row."""
        return QRectF(0, number * ROW, self.width(), ROW)

    def bar(self, number: int) -> QRectF:
        """The rectangle of its bar."""
        return bar_look.bar_in(self.row(number), THICKNESS)

    def cross(self, number: int) -> QRectF:
        """The rectangle of what takes the hint back."""
        row = self.row(number)
        return QRectF(row.right() - 26, row.center().y() - 9, 18, 18)

    def hint_at(self, point: QPointF) -> int:
        """The hint whose row is under a point, -1 for none."""
        number = int(point.y() // ROW)
        return number if 0 <= number < len(self.works) else -1

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            bar_look.prepare(painter)
            for number, work in enumerate(self.works):
                if self.row(number).intersects(QRectF(event.rect())):
                    self._paint_row(painter, number, work)

    def _paint_row(self, painter: QPainter, number: int, work: HintWork) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        row, bar = self.row(number), self.bar(number)
        active = self.is_pointed(number)
        if active:
            bar_look.paint_light(painter, row, text)
        picture = QRectF(EDGE, row.top() + (ROW - PICTURE) / 2, PICTURE, PICTURE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(text, 16))
        painter.drawRoundedRect(picture, 4, 4)  # what a row leaves alone is ground, no hole
        painter.drawPixmap(picture.topLeft(), self._pixmap(number))
        bar_look.paint_number(painter, row, "+" if work.inside else "\N{MINUS SIGN}", text)
        bar_look.paint_groove(painter, bar, text)
        reach = max(-REACH, min(work.amount, REACH)) * bar.width() / 2 / REACH
        bar_look.paint_reach(painter, bar, reach, HELPERS)
        bar_look.paint_middle(painter, bar, text)
        if work.parts.paint >= 1:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(PAINT, 1.6, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(picture, 4, 4)
        bar_look.paint_value(painter, row, work.amount, f"{work.amount:+.1f}", text)
        cross = self.cross(number)
        painter.setPen(QPen(faded(text, 220 if active else 90), 1.4))
        inner = cross.adjusted(5, 5, -5, -5)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())

    def _pixmap(self, number: int) -> QPixmap:
        found = self._pixmaps.get(number)
        if found is None:
            size = QSize(PICTURE, PICTURE)
            logits = around(self.works[number].logits)
            rgba = contribution_rgba(logits, 1.0, max(abs(self.works[number].amount), FAINT))
            found = rounded(with_alpha(rgba), size, self.devicePixelRatioF())
            self._pixmaps[number] = found
        return found

    # --- mouse and keys ------------------------------------------------------------------------------------

    def words(self, number: int) -> str:
        """What a row means."""
        work = self.works[number]
        what = "belongs to it" if work.inside else "does not belong to it"
        shares = zip(names_of(self.works), shares_of(work.parts), strict=True)
        parts = ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.005)
        did = f"changed {work.parts.total:,.0f} pixels: {parts}" if work.parts.total else "changed nothing"
        back = "Click ✕, or Delete: takes the hint back."
        return f"<b>Hint {number + 1}</b> ({what}) {did}.<br>{what_of(self.works)}<br>{back}"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self.hint_at(event.position())
        self._hover(number)
        over = number >= 0 and self.cross(number).contains(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self.hint_at(event.position())
        if number >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._focus = number
            if self.cross(number).contains(event.position()):
                self.removed.emit(number)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.works:
            by = 1 if key is Qt.Key.Key_Down else -1
            self._focus = min(max(self._focus + by, 0), len(self.works) - 1)
            self._hover(self._focus)
            self.wanted.emit(self._focus)
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and 0 <= self._focus < len(self.works):
            self.removed.emit(self._focus)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.hint_at(QPointF(event.pos()))
            QToolTip.showText(
                event.globalPos(), self.words(number) if number >= 0 else what_of(self.works), self
            )
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            mine = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Up, Qt.Key.Key_Down)
            if Qt.Key(event.key()) in mine and self.works:
                event.accept()  # not the window's: Delete would remove the instance
                return True
        return super().event(event)


def around(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The square of a row's logits (h, w) that holds what it does: a small row would be a dot otherwise."""
    if not logits.size or not (strength := np.abs(logits)).any():
        return np.zeros((2, 2), np.float32)
    rows, columns = np.nonzero(strength >= SEEN * strength.max())
    extent = max(np.ptp(rows), np.ptp(columns)) * 1.3
    half = max(extent, max(logits.shape) / WIDEST) / 2
    middle = (rows.min() + rows.max() + 1) / 2, (columns.min() + columns.max() + 1) / 2
    top, left = (max(round(each - half), 0) for each in middle)
    bottom, right = (round(each + half) for each in middle)
    return logits[top:bottom, left:right]
