"""Boxes and label chips over the tiles of a canvas: laid out when what is shown changes."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QPainter

from ui.canvas import overlay
from ui.canvas.shown import Shown
from ui.canvas.transform import View


class SmallThings:
    """What one canvas shows over its tiles, as its look says. Widget units."""

    def __init__(self, shown: Shown, font: QFont) -> None:
        self._shown = shown
        self._chips = overlay.ChipPainter(font)
        self._placed: list[tuple[overlay.Label, float, float]] | None = None

    def moved(self) -> None:
        """Instances or the view changed: labels are laid out again when they are painted next."""
        self._placed = None

    def paint(self, painter: QPainter, view: View, size: tuple[float, float], dirty: QRectF) -> None:
        """Paint those that touch `dirty`; `size`: the widget's."""
        look = self._shown.look
        if look.peek:
            return
        if look.boxes:
            overlay.paint_boxes(painter, self._shown.boxes(), view, dirty)
        if look.labels:
            if self._placed is None:
                self._placed = self._chips.layout(self._shown.labels(), view, (0.0, 0.0, *size))
            self._chips.paint(painter, self._placed, view.ratio, dirty)
