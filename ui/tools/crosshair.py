"""A cross hair that the arrow keys move over the image, for whoever works without a mouse. Image pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.solving import Point

if TYPE_CHECKING:
    from ui.tools.base import Tool

STEP, FINE = 12.0, 2.0  # widget units of an arrow key, and with Shift
MARGIN = 22.0  # widget units that its picture reaches
UPRIGHT = Qt.Key.Key_Up, Qt.Key.Key_Down
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Crosshair:
    """Comes with the first arrow key: over the chosen instance, or in the middle of the view."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self.place: Point | None = None

    def takes_key(self, event: QKeyEvent) -> bool:
        """Whether a key moves it: arrows do. Where it is not there and nothing is chosen, Left and Right
        alone go to the next image."""
        allowed = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        plain = not event.modifiers() & ~allowed
        wanted = self.place is not None or self._tool.only_selected() is not None
        wanted = (
            wanted or event.key() in UPRIGHT or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        )
        return event.key() in ARROWS and plain and wanted and self._tool.canvas.view is not None

    def key(self, event: QKeyEvent) -> None:
        """Move, or come."""
        if self.place is None:
            self.place = self._start()
        else:
            step = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
            dx, dy = ARROWS[Qt.Key(event.key())]
            length = self._tool.canvas.tolerance(step)
            self._repaint()
            self.place = self._tool.clip(self.place[0] + dx * length, self.place[1] + dy * length)
        self._repaint()

    def hide(self) -> bool:
        """No longer; True if it was there."""
        had = self.place is not None
        self._repaint()
        self.place = None
        return had

    def _start(self) -> Point:
        canvas, chosen = self._tool.canvas, self._tool.only_selected()
        if chosen is not None:
            x, y, width, height = chosen.bbox
            return x + width / 2, y + height / 2
        assert canvas.view is not None
        return self._tool.clip(*canvas.view.to_image(canvas.width() / 2, canvas.height() / 2))

    def _repaint(self) -> None:
        if self.place is not None:
            self._tool.canvas.update_image_rect((*self.place, *self.place), margin=MARGIN)
