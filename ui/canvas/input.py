"""Who gets what mouse and keys do on the canvas: the view, the chosen tool, or the window's shortcuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QMouseEvent, QWheelEvent

from ui.canvas.navigation import NOTCH, Navigator
from ui.tools.base import Pointer

if TYPE_CHECKING:
    from ui.canvas.view import Canvas

SPACE = Qt.Key.Key_Space


class Input:
    """Sorts the events of one canvas. `pointer` is where the mouse was last, None when it is elsewhere."""

    def __init__(self, canvas: Canvas, navigator: Navigator) -> None:
        self._canvas, self._navigator = canvas, navigator
        self.pointer: Pointer | None = None

    # mouse

    def press(self, event: QMouseEvent) -> None:
        """The middle button, or any with space held, drags the image; else the tool's."""
        pointer = self._point(event)
        if pointer is None:
            return
        if self._navigator.starts_pan(event.button()):
            self._navigator.grab(event.position())
            self._canvas.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._for_tool(event.button()):
            self._canvas.tool.press(pointer)
            self._canvas.update_hint()

    def double_click(self, event: QMouseEvent) -> None:
        """The second press of two in one place."""
        if self._navigator.starts_pan(event.button()):
            self.press(event)
            return
        pointer = self._point(event)
        if pointer is not None and self._for_tool(event.button()):
            self._canvas.tool.double_click(pointer)
            self._canvas.update_hint()

    def move(self, event: QMouseEvent) -> None:
        """With or without buttons."""
        pointer = self._point(event)
        if pointer is None:
            return
        if self._navigator.panning:
            self._navigator.drag(event.position())
        else:
            self._canvas.tool.move(pointer)
            self._canvas.update_hint()
        self._canvas.pointer_moved.emit(pointer.point)

    def release(self, event: QMouseEvent) -> None:
        """The end of a pan, or the tool's."""
        pointer = self._point(event)
        if pointer is None:
            return
        if self._navigator.panning:
            self._navigator.drop()
            held = self._navigator.space_held
            self._canvas.setCursor(Qt.CursorShape.OpenHandCursor if held else self._canvas.tool.cursor)
        elif self._for_tool(event.button()):
            self._canvas.tool.release(pointer)
            self._canvas.update_hint()

    def wheel(self, event: QWheelEvent) -> None:
        """The tool's with a modifier that it wants, else zoom and pan."""
        pointer = self._point(event)
        if pointer is not None:
            turned = event.angleDelta().y() or event.angleDelta().x()
            if not self._canvas.tool.wheel(turned / NOTCH, pointer):
                self._navigator.wheel(event)
            self._canvas.update_hint()
        event.accept()

    def leave(self) -> None:
        """The mouse went elsewhere."""
        self.pointer = None
        self._canvas.tool.leave()
        self._canvas.pointer_moved.emit(None)

    def _point(self, event: QMouseEvent | QWheelEvent) -> Pointer | None:
        view = self._canvas.view
        if view is None:
            return None
        at = event.position()
        x, y = view.to_image(at.x(), at.y())
        button = event.button() if isinstance(event, QMouseEvent) else Qt.MouseButton.NoButton
        self.pointer = Pointer(x, y, at, button, event.buttons(), event.modifiers())
        return self.pointer

    def _for_tool(self, button: Qt.MouseButton) -> bool:
        if button == Qt.MouseButton.RightButton:
            return self._canvas.tool.takes_right
        return button == Qt.MouseButton.LeftButton

    # keys

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a key is the canvas' before it is a shortcut of the window."""
        tool = self._canvas.tool
        if event.key() == SPACE and not event.modifiers():
            return True
        drops = event.matches(QKeySequence.StandardKey.Undo) or event.key() == Qt.Key.Key_Escape
        return (tool.busy and drops) or tool.takes_key(event)

    def key(self, event: QKeyEvent) -> bool:
        """Space holds the image, undo and Esc drop what is under way, the rest is the tool's. True: taken."""
        canvas, tool = self._canvas, self._canvas.tool
        if event.key() == SPACE and not event.modifiers():
            if not event.isAutoRepeat():
                self._navigator.hold_space()
                canvas.setCursor(Qt.CursorShape.OpenHandCursor)
            return True
        if tool.busy and event.matches(QKeySequence.StandardKey.Undo):
            return canvas.cancel_drawing()
        taken = tool.key(event)
        if not taken and event.key() == Qt.Key.Key_Escape and tool.busy:
            taken = canvas.cancel_drawing()
        canvas.update_hint()
        return taken

    def key_released(self, event: QKeyEvent) -> bool:
        """The end of what a held key does. True if taken."""
        if event.isAutoRepeat():
            return False
        if event.key() != SPACE:
            return self._canvas.tool.key_released(event)
        tapped = self._navigator.release_space()
        if not self._navigator.panning:
            self._canvas.setCursor(self._canvas.tool.cursor)
        if tapped:
            self._give_back(QKeySequence(SPACE))
        return True

    def focus_lost(self) -> None:
        """Keys that were held are not held any more."""
        self._navigator.reset()
        self._canvas.tool.focus_lost()
        self._canvas.update_hint()

    def _give_back(self, keys: QKeySequence) -> None:
        """A key that was taken in case it were held is the window's shortcut after all."""
        for action in self._canvas.window().findChildren(QAction):
            if keys in action.shortcuts() and action.isEnabled():
                action.trigger()
                return
