"""The head above the helper rows: how many pixels the hints changed, by prototypes, helper rows and paint.

It stays where it is while the rows below it are scrolled.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.hint_work import HintWork, Parts, total
from ui.explain.bar_look import faded, prepare

HEIGHT = 56  # widget units
PROTOTYPES, HELPERS, PAINT = QColor(88, 140, 236), QColor(172, 112, 222), QColor(232, 168, 56)
NAMES = ("prototypes", "helper rows", "paint")
FINE_NAMES = ("fine prototypes", "helper rows", "paint")
WHAT = (
    "<b>Helper rows</b> are no pictures of the network's. Each hint brings one: it is high near the hint, "
    "where the image's colour and the prototypes are as they are there, and does what the prototypes cannot. "
    "Where that fails, too, the hint paints."
)
FINE = (
    "<b>Fine prototypes</b>: with the first hint a small network looks closely at this instance and draws "
    "the mask as it sees it; that is their part. Each hint's <b>helper row</b> then changes what is near the "
    "hint and looks like it. Where that fails, too, the hint paints."
)


class HelperHead(QWidget):
    """One line that says who changed how much, as words and as a bar of three parts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts, self.names = Parts(), NAMES
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_works(self, works: Sequence[HintWork]) -> None:
        """Show what these hints did together."""
        self.parts, self.names = total(works), names_of(works)
        self.setToolTip(what_of(works))
        self.setAccessibleName(self.words)
        self.update()

    @property
    def words(self) -> str:
        """The line."""
        if not self.parts.total:
            return "The hints have changed nothing so far"
        return "What the hints changed, and by what"

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        width = self.width() - 8.0
        with QPainter(self) as painter:
            prepare(painter)
            painter.setPen(faded(text, 40))
            painter.drawLine(QPointF(0, 3), QPointF(width, 3))
            painter.setPen(text)
            painter.drawText(QRectF(3, 7, width, 16), Qt.AlignmentFlag.AlignVCenter, self.words)
            self._paint_shares(painter, QRectF(3, 26, width - 3, 6))

    def _paint_shares(self, painter: QPainter, groove: QRectF) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(text, 26))
        painter.drawRoundedRect(groove, 3, 3)
        left = at = groove.left()
        colors = (PROTOTYPES, HELPERS, PAINT)
        for name, share, color in zip(self.names, shares_of(self.parts), colors, strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRect(QRectF(left, groove.top(), groove.width() * share, groove.height()))
            left += groove.width() * share
            painter.drawEllipse(QPointF(at + 4, 44), 3.5, 3.5)
            words = f"{name} {share:.0%}"
            painter.setPen(faded(text, 200))
            painter.drawText(QPointF(at + 11, 48), words)
            at += 24 + painter.fontMetrics().horizontalAdvance(words)


def names_of(works: Sequence[HintWork]) -> tuple[str, str, str]:
    """Of the three shares."""
    return FINE_NAMES if any(each.fine for each in works) else NAMES


def what_of(works: Sequence[HintWork]) -> str:
    """What the rows are."""
    return FINE if any(each.fine for each in works) else WHAT


def shares_of(parts: Parts) -> tuple[float, float, float]:
    """Of all changed pixels: by prototypes, helper rows, paint; parts of 1, or all 0."""
    whole = parts.total or 1.0
    return parts.prototypes / whole, parts.helpers / whole, parts.paint / whole
