"""Boxes and label chips over the tiles of a canvas: worked out when what is shown changes."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QPainter

from ui.canvas import overlay
from ui.canvas.label_places import LabelPlaces, Placed
from ui.canvas.shown import Shown
from ui.canvas.transform import View


class SmallThings:
    """What one canvas shows over its tiles, as its look says. Widget units."""

    def __init__(self, shown: Shown, font: QFont) -> None:
        self._shown = shown
        self._chips = overlay.ChipPainter(font)
        self._places: LabelPlaces | None = None  # of what is shown now
        self._placed: list[Placed] | None = None  # in the view as it is now

    def changed(self) -> None:
        """Other instances are shown, or more is known of them."""
        self._places = None
        self._placed = None

    def moved(self) -> None:
        """The view changed: labels are laid out again when they are painted next."""
        self._placed = None

    def paint(self, painter: QPainter, view: View, size: tuple[float, float], dirty: QRectF) -> None:
        """Paint those that touch `dirty`; `size`: the widget's."""
        look = self._shown.look
        if look.peek:
            return
        if look.boxes:
            overlay.paint_boxes(painter, self._shown.boxes(), view, dirty)
        if look.labels:
            self._chips.paint(painter, self.placed(view, size), view.ratio, dirty)

    def placed(self, view: View, size: tuple[float, float]) -> list[Placed]:
        """The labels that are shown, and where."""
        if self._places is None:
            labels = self._shown.labels()
            self._places = LabelPlaces(labels, [self._chips.width(each.text) for each in labels])
        if self._placed is None:
            self._placed = self._places.within(view, (0.0, 0.0, *size))
        return self._placed
