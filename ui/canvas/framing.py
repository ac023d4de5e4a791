"""Which part of the image a canvas shows: kept within limits, and following the widget's size while fitted.

Frames: see `transform`; sizes are widget units, `image` is image pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, QSize
from PySide6.QtWidgets import QWidget

from ui.canvas import transform
from ui.canvas.transform import Rect, View

LARGEST = 16.0  # device pixels for each of the image, when a rectangle of it is shown


class Framing:
    """The view of one widget; `changed(view)` is called with each new one."""

    def __init__(self, widget: QWidget, changed: Callable[[View], None]) -> None:
        self._widget, self._changed = widget, changed
        self.view: View | None = None
        self.image = (0, 0)  # width, height; 0 x 0 where there is none
        self._fitted = True  # it follows the widget's size

    def clear(self) -> None:
        """There is no image."""
        self.view, self.image = None, (0, 0)

    def set_view(self, view: View, *, fitted: bool = False) -> None:
        """Show this part of the image, or the nearest that may be shown. `fitted`: and follow the widget."""
        self.view = transform.clamped(view, self.image, self._extent())
        self._fitted = fitted
        self._changed(self.view)

    def smallest_scale(self) -> float:
        """How far one may zoom out."""
        return transform.smallest_scale(self.image, self._extent(), self._ratio())

    def fit(self) -> None:
        """Show the whole image."""
        self.set_view(transform.fit(self.image, self._extent(), self._ratio()), fitted=True)

    def fit_rect(self, rect: Rect) -> None:
        """Show a rectangle of the image as large as fits, up to 16 device pixels each of its own."""
        ratio = self._ratio()
        self.set_view(transform.fit_rect(rect, self._extent(), ratio, largest=LARGEST * ratio))

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Show `scale` device pixels for each of the image; the point at `at` (widget; the middle) stays."""
        if self.view is not None:
            width, height = self._widget.width(), self._widget.height()
            place = (at.x(), at.y()) if at is not None else (width / 2, height / 2)
            self.set_view(transform.zoom_to(self.view, scale, place, smallest=self.smallest_scale()))

    def resized(self, old: QSize) -> None:
        """The widget has another size: the whole image stays in view, or the middle in the middle."""
        view = self.view
        if view is None:
            return
        if self._fitted or view.ratio != self._ratio():
            self.fit()
        else:
            dx, dy = (self._widget.width() - old.width()) / 2, (self._widget.height() - old.height()) / 2
            self.set_view(transform.panned(view, dx, dy) if old.isValid() else view)

    def ratio_changed(self) -> None:
        """The widget is on a screen with other pixels."""
        if self.view is not None:
            self.set_view(replace(self.view, ratio=self._ratio()), fitted=self._fitted)

    def _ratio(self) -> float:
        return self._widget.devicePixelRatioF()

    def _extent(self) -> tuple[float, float]:
        return max(self._widget.width(), 1), max(self._widget.height(), 1)
