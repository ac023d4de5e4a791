"""What the hints did beside the prototypes: a bar for each hint's helper row, and the shares of all three.

A helper row is no picture of the network's: it is high near its hint, where colour and prototypes are alike.
`removed` asks to take the hint back; `hovered` tells which one's share is to be shown over the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import (
    QColor,
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

from app.hint_work import HintWork, Parts, total
from ui.explain.contribution import contribution_rgba
from ui.explain.pictures import rounded, with_alpha

HEAD, ROW, PICTURE = 58, 32, 26  # widget units
LEFT, RIGHT = 58, 88  # as the prototypes' bars have it
REACH = 6.0  # logits at a bar's ends
PROTOTYPES, HELPERS, PAINT = QColor(88, 140, 236), QColor(172, 112, 222), QColor(232, 168, 56)
NAMES = ("prototypes", "helper rows", "paint")
WHAT = (
    "<b>Helper rows</b> are no pictures of the network's. Each hint brings one: it is high near the hint, "
    "where the image's colour and the prototypes are as they are there, and does what the prototypes cannot. "
    "Where that fails, too, the hint paints."
)
FINE_NAMES = ("fine prototypes", "helper rows", "paint")
FINE = (
    "<b>Fine prototypes</b>: with the first hint a small network looks closely at this instance and draws "
    "the mask as it sees it; that is their part. Each hint's <b>helper row</b> then changes what is near the "
    "hint and looks like it. Where that fails, too, the hint paints."
)
KEYS = (
    "Up and down go from one to the next, Delete takes the hint back. "
    "What a row adds to the mask is shown over the image."
)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class HelperBars(QWidget):
    """One row a hint, below a line that says who changed how much. Hidden while there are no hints."""

    hovered: SignalInstance = Signal(int)  # type: ignore[assignment]  # hint, -1: none
    removed: SignalInstance = Signal(int)  # type: ignore[assignment]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.works: tuple[HintWork, ...] = ()
        self._pixmaps: dict[int, QPixmap] = {}
        self._under = self._focus = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Helper rows of the hints")
        self.setAccessibleDescription(KEYS)
        self.hide()

    def set_works(self, works: Sequence[HintWork]) -> None:
        """Show what these hints did; none: nothing is shown."""
        self.works = tuple(works)
        self._pixmaps.clear()
        self._focus = min(self._focus, len(self.works) - 1)
        self._hover(min(self._under, len(self.works) - 1))
        self.setFixedHeight(HEAD + len(self.works) * ROW)
        self.setVisible(bool(self.works))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, HEAD + len(self.works) * ROW)

    @property
    def strongest(self) -> float:
        """The largest |logit| that any of the rows adds."""
        return max((abs(each.amount) for each in self.works), default=0.0)

    @property
    def names(self) -> tuple[str, str, str]:
        """Of the three shares."""
        return FINE_NAMES if any(each.fine for each in self.works) else NAMES

    @property
    def what(self) -> str:
        """What they are."""
        return FINE if any(each.fine for each in self.works) else WHAT

    # --- geometry ------------------------------------------------------------------------------------------

    def row(self, number: int) -> QRectF:
        """The rectangle of a hint's row."""
        return QRectF(0, HEAD + number * ROW, self.width(), ROW)

    def bar(self, number: int) -> QRectF:
        """The rectangle of its bar."""
        top = HEAD + number * ROW + 8
        return QRectF(LEFT, top, max(self.width() - LEFT - RIGHT, 20), ROW - 16)

    def cross(self, number: int) -> QRectF:
        """The rectangle of what takes the hint back."""
        row = self.row(number)
        return QRectF(row.right() - 26, row.center().y() - 9, 18, 18)

    def hint_at(self, point: QPointF) -> int:
        """The hint whose row is under a point, -1 for none."""
        number = int((point.y() - HEAD) // ROW)
        return number if 0 <= number < len(self.works) else -1

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = painter.font()
            font.setPixelSize(11)
            painter.setFont(font)
            self._paint_head(painter, total(self.works))
            for number, work in enumerate(self.works):
                if self.row(number).intersects(QRectF(event.rect())):
                    self._paint_row(painter, number, work)

    def _paint_head(self, painter: QPainter, parts: Parts) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        width = self.width() - 8.0
        painter.setPen(_faded(text, 40))
        painter.drawLine(QPointF(0, 4), QPointF(width, 4))
        painter.setPen(text)
        painter.drawText(
            QRectF(3, 8, width, 16),
            Qt.AlignmentFlag.AlignVCenter,
            "What the hints changed, and by what" if parts.total else "The hints have changed nothing so far",
        )
        left, groove = 3.0, QRectF(3, 27, width - 3, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_faded(text, 26))
        painter.drawRoundedRect(groove, 3, 3)
        at = 3.0
        shares = shares_of(parts)
        for name, share, color in zip(self.names, shares, (PROTOTYPES, HELPERS, PAINT), strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRect(QRectF(left, groove.top(), groove.width() * share, groove.height()))
            left += groove.width() * share
            painter.drawEllipse(QPointF(at + 4, 45), 3.5, 3.5)
            words = f"{name} {share:.0%}"
            painter.setPen(_faded(text, 200))
            painter.drawText(QPointF(at + 11, 49), words)
            at += 24 + painter.fontMetrics().horizontalAdvance(words)

    def _paint_row(self, painter: QPainter, number: int, work: HintWork) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        row, bar = self.row(number), self.bar(number)
        active = number == self._under or (self.hasFocus() and number == self._focus)
        if active:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_faded(text, 18))
            painter.drawRoundedRect(row.adjusted(0, 1, -2, -1), 5, 5)
        painter.drawPixmap(QPointF(3, row.top() + 3), self._pixmap(number))
        painter.setPen(_faded(text, 150))
        painter.drawText(QRectF(31, row.top(), 22, ROW), _RIGHT, "+" if work.inside else "\N{MINUS SIGN}")
        middle, unit = bar.center().x(), bar.width() / 2 / REACH
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_faded(text, 16))
        painter.drawRoundedRect(bar, 3, 3)
        reach = max(-REACH, min(work.amount, REACH)) * unit
        painter.setBrush(HELPERS)
        left = min(middle, middle + reach)
        painter.drawRoundedRect(QRectF(left, bar.top() + 2, abs(reach), bar.height() - 4), 2, 2)
        painter.fillRect(QRectF(middle - 0.5, bar.top() - 1, 1, bar.height() + 2), _faded(text, 140))
        if work.parts.paint >= 1:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(PAINT, 1.6, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(QRectF(3, row.top() + 3, PICTURE, PICTURE), 4, 4)
        painter.setPen(text if abs(work.amount) > 0.005 else _faded(text, 110))
        painter.drawText(QRectF(row.right() - 90, row.top(), 42, ROW), _RIGHT, f"{work.amount:+.1f}")
        cross = self.cross(number)
        painter.setPen(QPen(_faded(text, 220 if active else 90), 1.4))
        inner = cross.adjusted(5, 5, -5, -5)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())

    def _pixmap(self, number: int) -> QPixmap:
        found = self._pixmaps.get(number)
        if found is None:
            size = QSize(PICTURE, PICTURE)
            logits = self.works[number].logits
            rgba = contribution_rgba(
                logits if logits.size else np.zeros((2, 2), np.float32), 1.0, self.strongest
            )
            found = rounded(with_alpha(rgba), size, self.devicePixelRatioF())
            self._pixmaps[number] = found
        return found

    # --- mouse and keys ------------------------------------------------------------------------------------

    def words(self, number: int) -> str:
        """What a row means."""
        work = self.works[number]
        what = "belongs to it" if work.inside else "does not belong to it"
        shares = zip(self.names, shares_of(work.parts), strict=True)
        parts = ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.005)
        did = f"changed {work.parts.total:,.0f} pixels: {parts}" if work.parts.total else "changed nothing"
        back = "Click ✕, or Delete: takes the hint back."
        return f"<b>Hint {number + 1}</b> ({what}) {did}.<br>{self.what}<br>{back}"

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
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and 0 <= self._focus < len(self.works):
            self.removed.emit(self._focus)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.hint_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.words(number) if number >= 0 else self.what, self)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            mine = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Up, Qt.Key.Key_Down)
            if Qt.Key(event.key()) in mine and self.works:
                event.accept()  # not the window's: Delete would remove the instance
                return True
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, number: int) -> None:
        if number != self._under:
            self._under = number
            self.hovered.emit(number)
            self.update()


def shares_of(parts: Parts) -> tuple[float, float, float]:
    """Of all changed pixels: by prototypes, helper rows, paint; parts of 1, or all 0."""
    whole = parts.total or 1.0
    return parts.prototypes / whole, parts.helpers / whole, parts.paint / whole


def _faded(color: QColor, alpha: int) -> QColor:
    return QColor(color.red(), color.green(), color.blue(), alpha)
