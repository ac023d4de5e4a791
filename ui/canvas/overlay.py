"""What lies over the tiles: label chips, boxes, handles. Small things, painted by the GUI thread.

Chips are drawn once into images and copied from then on. Frame: widget units, unless a name says image.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from ui.canvas.compose import Color
from ui.canvas.label_places import CHIP_HEIGHT, Label, Placed
from ui.canvas.transform import Rect, View

HANDLE = 8.0  # side of a handle
CHIPS_KEPT = 2000


class ChipPainter:
    """Draws labels as chips."""

    def __init__(self, font: QFont) -> None:
        self._font = QFont(font)
        self._font.setPixelSize(11)
        self._font.setWeight(QFont.Weight.DemiBold)
        self._metrics = QFontMetricsF(self._font)
        self._chips: dict[tuple[str, Color, bool, float], QImage] = {}
        self._widths: dict[str, float] = {}

    def paint(self, painter: QPainter, placed: Sequence[Placed], ratio: float, dirty: QRectF) -> None:
        """Draw those of the chips that `dirty` touches."""
        for label, left, top in reversed(placed):
            if dirty.intersects(QRectF(left, top, self.width(label.text), CHIP_HEIGHT)):
                painter.drawImage(QPointF(left, top), self._chip(label, ratio))

    def width(self, text: str) -> float:
        """A chip's width."""
        known = self._widths.get(text)
        if known is None:
            known = self._widths[text] = round(self._metrics.horizontalAdvance(text)) + 12.0
        return known

    def _chip(self, label: Label, ratio: float) -> QImage:
        key = (label.text, label.color, label.selected, ratio)
        chip = self._chips.get(key)
        if chip is None:
            if len(self._chips) > CHIPS_KEPT:
                self._chips.clear()
            chip = self._chips[key] = self._draw(label, ratio)
        return chip

    def _draw(self, label: Label, ratio: float) -> QImage:
        width = self.width(label.text)
        chip = QImage(
            round(width * ratio), round(CHIP_HEIGHT * ratio), QImage.Format.Format_ARGB32_Premultiplied
        )
        chip.setDevicePixelRatio(ratio)
        chip.fill(Qt.GlobalColor.transparent)
        color = QColor(*label.color)
        with QPainter(chip) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(255, 255, 255), 1) if label.selected else Qt.PenStyle.NoPen)
            color.setAlpha(255 if label.selected else 225)
            painter.setBrush(color)
            painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, CHIP_HEIGHT - 1), 4, 4)
            painter.setFont(self._font)
            painter.setPen(ink_on(label.color))
            painter.drawText(QRectF(0, 0, width, CHIP_HEIGHT - 0.5), Qt.AlignmentFlag.AlignCenter, label.text)
        return chip


def ink_on(color: Color) -> QColor:
    """Black or white, whichever reads better on a colour."""
    luminance = sum(
        weight * (channel / 255) ** 2.2
        for weight, channel in zip((0.2126, 0.7152, 0.0722), color, strict=True)
    )
    return QColor(18, 20, 24) if luminance > 0.19 else QColor(255, 255, 255)


def paint_boxes(painter: QPainter, boxes: Iterable[tuple[Rect, Color]], view: View, dirty: QRectF) -> None:
    """Thin rectangles around instances; boxes in image pixels."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for box, color in boxes:
        left, top, right, bottom = view.rect_to_widget(box)
        rect = QRectF(left, top, right - left, bottom - top)
        if dirty.intersects(rect.adjusted(-2, -2, 2, 2)):
            painter.setPen(QPen(QColor(*color), 1))
            painter.drawRect(rect)


def paint_selection_box(
    painter: QPainter, box: Rect, view: View, handles: Sequence[tuple[float, float]], *, hot: int = -1
) -> None:
    """The dashed box of the selection with its handles (image pixels)."""
    left, top, right, bottom = view.rect_to_widget(box)
    rect = QRectF(left, top, right - left, bottom - top)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 130), 1))
    painter.drawRect(rect)
    pen = QPen(QColor(255, 255, 255, 230), 1)
    pen.setDashPattern([4, 4])
    painter.setPen(pen)
    painter.drawRect(rect)
    paint_handles(painter, handles, view, hot=hot)


def paint_text(painter: QPainter, at: QPointF, text: str) -> None:
    """A short text on a dark plate, its left top corner at `at`."""
    metrics = QFontMetricsF(painter.font())
    plate = QRectF(at.x(), at.y(), metrics.horizontalAdvance(text) + 12, metrics.height() + 4)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 18, 22, 215))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_handles(
    painter: QPainter,
    points: Sequence[tuple[float, float]],
    view: View,
    *,
    round_ones: bool = False,
    hot: int = -1,
    color: QColor | None = None,
) -> None:
    """Handles at points of the image; the one numbered `hot` larger."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(20, 22, 26), 1.2))
    for index, point in enumerate(points):
        x, y = view.to_widget(*point)
        half = HANDLE / 2 + (1.5 if index == hot else 0) - (0.5 if round_ones else 0)
        painter.setBrush((color or QColor(255, 255, 255)) if index != hot else QColor(255, 214, 92))
        rect = QRectF(x - half, y - half, 2 * half, 2 * half)
        if round_ones:
            painter.drawEllipse(rect)
        else:
            painter.drawRoundedRect(rect, 1.5, 1.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
