"""How wheel, trackpad and drags move the view of a canvas that has `view` and `set_view`. Widget units."""

from __future__ import annotations

import time
from typing import Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent

from ui.canvas import transform
from ui.canvas.transform import View

WHEEL_FACTOR = 1.2  # a wheel's notch
PIXELS_PER_NOTCH = 60.0  # of a trackpad with Control held
TAP = 0.4  # seconds up to which space is tapped, not held
NOTCH = 120  # Qt's units of a wheel's notch


class Navigable(Protocol):
    """What the navigator moves."""

    @property
    def view(self) -> View | None: ...

    def set_view(self, view: View) -> None:
        """Show this."""

    def smallest_scale(self) -> float:
        """How far one may zoom out."""


class Navigator:
    """Turns gestures into views."""

    def __init__(self, canvas: Navigable) -> None:
        self._canvas = canvas
        self._grabbed: QPointF | None = None
        self._space_since: float | None = None
        self._dragged = False

    @property
    def space_held(self) -> bool:
        return self._space_since is not None

    def hold_space(self) -> None:
        """Space went down: drags now move the image."""
        self._space_since, self._dragged = time.monotonic(), False

    def release_space(self) -> bool:
        """Space went up; True if it was only tapped."""
        since, self._space_since = self._space_since, None
        return since is not None and not self._dragged and time.monotonic() - since < TAP

    @property
    def panning(self) -> bool:
        return self._grabbed is not None

    def starts_pan(self, button: Qt.MouseButton) -> bool:
        """Whether this button drags the image now."""
        return button == Qt.MouseButton.MiddleButton or (
            self.space_held and button == Qt.MouseButton.LeftButton
        )

    def grab(self, at: QPointF) -> None:
        """Start dragging the image."""
        self._grabbed, self._dragged = at, True

    def drag(self, at: QPointF) -> None:
        """Go on dragging."""
        view = self._canvas.view
        if view is not None and self._grabbed is not None:
            dx, dy = at.x() - self._grabbed.x(), at.y() - self._grabbed.y()
            self._grabbed = at
            self._canvas.set_view(transform.panned(view, dx, dy))

    def drop(self) -> None:
        """End dragging."""
        self._grabbed = None

    def reset(self) -> None:
        """Nothing is held any more."""
        self._grabbed, self._space_since = None, None

    def wheel(self, event: QWheelEvent) -> None:
        """A wheel zooms to the cursor; a trackpad's scroll pans, with Control it zooms."""
        view = self._canvas.view
        if view is None:
            return
        at = event.position()
        pixels, angle = event.pixelDelta(), event.angleDelta()
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        from_trackpad = not pixels.isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
        if from_trackpad and not control:
            self._canvas.set_view(transform.panned(view, pixels.x(), pixels.y()))
            return
        notches = pixels.y() / PIXELS_PER_NOTCH if from_trackpad else angle.y() / NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not from_trackpad:
            step = (angle.y() or angle.x()) / NOTCH * 60
            self._canvas.set_view(transform.panned(view, step, 0))
        elif angle.x() and not angle.y():
            self._canvas.set_view(transform.panned(view, angle.x() / NOTCH * 60, 0))
        else:
            self.zoom(WHEEL_FACTOR**notches, at)

    def native_gesture(self, event: QNativeGestureEvent) -> bool:
        """A trackpad's pinch or smart zoom."""
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom(max(1 + event.value(), 0.2), event.position())
            return True
        return False

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zoom about a widget position."""
        view = self._canvas.view
        if view is not None:
            smallest = self._canvas.smallest_scale()
            self._canvas.set_view(transform.zoom_at(view, factor, (at.x(), at.y()), smallest=smallest))
