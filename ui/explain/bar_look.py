"""How a row with a signed bar looks: the coefficients' and the helper rows' alike. Widget units.

A row is picture, number, bar, value. What adds goes to the right of the bar's middle, what takes to the left.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

LEFT, RIGHT = 58, 88  # where bars begin, and room after them
EDGE = 3  # left of the picture
NOTHING = 0.005  # a value that changes nothing to be seen
AT_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def faded(color: QColor, alpha: int) -> QColor:
    """A colour that what is behind it shows through."""
    return QColor(color.red(), color.green(), color.blue(), alpha)


def prepare(painter: QPainter) -> None:
    """Smooth edges, and the size of a row's words."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = painter.font()
    font.setPixelSize(11)
    painter.setFont(font)


def bar_in(row: QRectF, thickness: float) -> QRectF:
    """The rectangle of a row's bar."""
    width = max(row.width() - LEFT - RIGHT, 20)
    return QRectF(LEFT, row.top() + (row.height() - thickness) / 2, width, thickness)


def paint_light(painter: QPainter, row: QRectF, text: QColor) -> None:
    """The row that the pointer or the keys are at."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(faded(text, 18))
    painter.drawRoundedRect(row.adjusted(0, 1, -2, -1), 5, 5)


def paint_groove(painter: QPainter, bar: QRectF, text: QColor) -> None:
    """What a bar lies in."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(faded(text, 16))
    painter.drawRoundedRect(bar, 3, 3)


def paint_reach(painter: QPainter, bar: QRectF, reach: float, color: QColor) -> None:
    """The bar itself, `reach` from the middle on."""
    middle = bar.center().x()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    left = min(middle, middle + reach)
    painter.drawRoundedRect(QRectF(left, bar.top() + 2, abs(reach), bar.height() - 4), 2, 2)


def paint_middle(painter: QPainter, bar: QRectF, text: QColor) -> None:
    """Where a bar begins."""
    painter.fillRect(QRectF(bar.center().x() - 0.5, bar.top() - 1, 1, bar.height() + 2), faded(text, 140))


def paint_number(painter: QPainter, row: QRectF, words: str, text: QColor) -> None:
    """What stands between picture and bar."""
    painter.setPen(faded(text, 150))
    painter.drawText(QRectF(31, row.top(), 22, row.height()), AT_RIGHT, words)


def paint_value(painter: QPainter, row: QRectF, value: float, words: str, text: QColor) -> None:
    """What the bar says as a number, fainter where it is as good as nothing."""
    painter.setPen(text if abs(value) > NOTHING else faded(text, 110))
    painter.drawText(QRectF(row.right() - 90, row.top(), 42, row.height()), AT_RIGHT, words)
