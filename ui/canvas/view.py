"""The canvas: shows the session's image and instances, and hands mouse and keys to the chosen tool.

The heavy painting is done by the threads behind `stage`; this widget copies tiles and lets draw over them.
What it shows of the image is `framing`'s, which tool is chosen `toolbelt`'s, what lies over the tiles
`small_things`', what follows from the session's signals `following`'s. Frames: see `transform`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.annotation import AnnotationId
from app.geometry import Geometry, RleMask
from model.masks import BoxMask
from ui import theme
from ui.canvas.compose import Color
from ui.canvas.feed import Feed
from ui.canvas.following import Following
from ui.canvas.framing import Framing
from ui.canvas.input import Input
from ui.canvas.live import Live
from ui.canvas.navigation import Navigator
from ui.canvas.scene import Look
from ui.canvas.shown import Shown
from ui.canvas.small_things import SmallThings
from ui.canvas.stage import Stage
from ui.canvas.toolbelt import Toolbelt
from ui.canvas.transform import Rect, View
from ui.session import Session
from ui.tools.base import Tool
from ui.turns import turns_of

PICK_TOLERANCE = 4.0  # widget units around the pointer that still hit


class Canvas(QWidget):
    """The image with its instances, and the tool that works on them."""

    pointer_moved = Signal(object)  # (x, y) image pixels, or None
    view_changed = Signal()
    hint_changed = Signal(str)
    look_changed = Signal()
    painted = Signal()  # all of the view is painted

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.stage = Stage(self)
        self.shown = Shown(session, self.stage)
        self._framing = Framing(self, self._framed)
        self.navigator = Navigator(self._framing)
        self.keep_view = False  # stay at the same place when the next image has the same size
        self.brush_diameter = 24.0  # image pixels; brush and eraser share it
        self._feed = Feed(session, self.stage, self)
        self._small_things = SmallThings(self.shown, self.font())
        self._input = Input(self, self.navigator)
        self._toolbelt = Toolbelt(self, session)
        self._dress()
        self.stage.damaged.connect(self._damaged)
        self.stage.complete.connect(self._complete)
        self.destroyed.connect(self.stage.close)
        Following(self, self._framing, self._feed).open()

    def _dress(self) -> None:
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Image canvas"))
        self.setAccessibleDescription(
            self.tr(
                "The image and its annotations; the chosen tool works here. Tab goes to the next instance."
            )
        )
        self.setObjectName("canvas")

    def sizeHint(self) -> QSize:
        """Room for an ordinary photograph."""
        return QSize(960, 640)

    def close_threads(self) -> None:
        """End the threads that paint and decode; the canvas shows nothing new from then on."""
        self.tool.settle()
        turns_of(self.session).finish()
        self._feed.source.close()
        self.stage.close()

    # the image

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the image, 0 x 0 where there is none."""
        return self._framing.image

    # what is shown of it

    @property
    def look(self) -> Look:
        """How instances are shown, and the image's brightness and contrast."""
        return self.shown.look

    def set_look(self, look: Look) -> None:
        """Show them so from now on."""
        if look != self.shown.look:
            self.shown.look = look
            self.stage.set_look(look)
            self.refresh()
            self.look_changed.emit()

    def peek(self, on: bool) -> None:
        """Hide every instance for as long as it is on."""
        self.set_look(replace(self.look, peek=on))

    def refresh(self) -> None:
        """Show the document as it is now: after edits, another selection, threshold or colours."""
        self.shown.refresh(self.session.document)
        self._small_things.changed()
        self.update()

    # the view

    @property
    def view(self) -> View | None:
        """Where the image lies; None where there is none."""
        return self._framing.view

    def set_view(self, view: View, *, fitted: bool = False) -> None:
        """Show this part of the image. `fitted`: and follow the widget's size."""
        self._framing.set_view(view, fitted=fitted)

    def _framed(self, view: View) -> None:
        ratio = view.ratio
        self._small_things.moved()
        self.stage.set_view(view, math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))
        self.update()
        self.view_changed.emit()

    def fit(self) -> None:
        """Show the whole image."""
        if self.view is not None:
            self._framing.fit()

    def fit_selection(self) -> None:
        """Show the selected instances; without any, the whole image."""
        rect = self.shown.extent(self.session.selection)
        if rect is None:
            self.fit()
        else:
            self.zoom_to_rect(rect)

    def zoom_to_rect(self, rect: Rect) -> None:
        """Show a rectangle of the image as large as fits, up to 16 device pixels each of its own."""
        self._framing.fit_rect(rect)

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Show `scale` device pixels for each of the image; the point at `at` (widget; the middle) stays."""
        self._framing.zoom_to(scale, at)

    def zoom_by(self, factor: float) -> None:
        """Zoom in (factor > 1) or out, about the pointer if it is on the canvas, else the middle."""
        pointer = self._input.pointer
        if self.view is not None:
            self.zoom_to(self.view.scale * factor, pointer.at if pointer is not None else None)

    # what tools ask for

    def show_live(self, live: Live, *, unchanged: bool = False) -> None:
        """Show an instance as it is being edited; `unchanged`: it looks like the settled one as yet."""
        self.stage.show_live(live, unchanged=unchanged)

    def patch_live(self, rect: Rect) -> None:
        """The live instance changed within a rectangle of the image."""
        self.stage.patch(rect)

    def end_live(self, *, settled: bool = False) -> None:
        """The editing is over; `settled`: what was live is in the document now."""
        self.stage.end_live(settled=settled)

    def show_waiting(self, geometry: Geometry) -> None:
        """Show a drawn shape that is not in the document yet."""
        if isinstance(geometry, RleMask):
            from app.geometry import to_mask

            self.show_live(Live(None, to_mask(geometry, *self.image_size), self.drawing_color()))
        else:
            self.show_live(Live(None, geometry, self.drawing_color()))

    def drawing_color(self) -> Color:
        """The colour of what is drawn next."""
        category = self.session.category
        return self.shown.category_color(category.id if category is not None else None)

    def mask_of(self, id: AnnotationId) -> BoxMask:
        """An annotation's mask, image pixels."""
        return self.shown.mask_of(id)

    def instances_at(self, x: float, y: float) -> list[AnnotationId]:
        """The instances under a point of the image, the smallest first."""
        return self.shown.at(x, y, self.tolerance(PICK_TOLERANCE))

    def tolerance(self, widget_units: float) -> float:
        """A distance on the screen in image pixels."""
        return widget_units * self.view.widget_units if self.view is not None else widget_units

    def update_image_rect(self, rect: Rect, margin: float = 12.0) -> None:
        """Paint again what lies over a rectangle of the image, `margin` widget units around it."""
        if self.view is not None:
            left, top, right, bottom = self.view.rect_to_widget(rect)
            area = QRectF(left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin)
            self.update(area.toAlignedRect().intersected(self.rect()))

    # tools

    @property
    def tool(self) -> Tool:
        """The chosen tool."""
        return self._toolbelt.chosen

    def set_tool(self, name: str) -> None:
        """Choose a tool by its name; what the other had under way is dropped."""
        self._toolbelt.choose(name)

    def cancel_drawing(self) -> bool:
        """Drop what the tool has under way; True if there was something."""
        return self._toolbelt.cancel()

    def update_hint(self) -> None:
        """The tool's state changed: its cursor and its line of help, too."""
        self._toolbelt.tell()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy tiles, then boxes, chips and what the tool shows."""
        dirty = event.rect()
        with QPainter(self) as painter:
            painter.fillRect(dirty, theme.color("canvas"))
            view = self.view
            if view is None:
                return
            painter.save()
            painter.scale(1 / view.ratio, 1 / view.ratio)
            self.stage.draw(painter, _scaled(dirty, view.ratio))
            painter.restore()
            size = float(self.width()), float(self.height())
            self._small_things.paint(painter, view, size, QRectF(dirty))
            self.tool.paint(painter, QRectF(dirty))

    def _damaged(self, world: QRect) -> None:
        view = self.view
        if view is None or world.isEmpty():
            self.update()
            return
        ratio = view.ratio
        left, top = (world.left() - view.left) / ratio, (world.top() - view.top) / ratio
        area = QRectF(left, top, world.width() / ratio, world.height() / ratio)
        self.update(area.toAlignedRect().adjusted(-1, -1, 1, 1).intersected(self.rect()))

    def _complete(self) -> None:
        """All masks in view are decoded: the labels can stand at their tops."""
        self._small_things.changed()
        self.update()
        self.painted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the whole image in view, or the middle in the middle."""
        self._framing.resized(event.oldSize())

    # events

    def event(self, event: QEvent) -> bool:
        """Keys that the canvas wants come before the window's shortcuts; Tab does not leave; pinches zoom."""
        if isinstance(event, QNativeGestureEvent):
            return self.navigator.native_gesture(event)
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride and self._input.wants(event):
                event.accept()
                return True
            tab = event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
            if tab and event.type() == QEvent.Type.KeyPress and self._input.key(event):
                event.accept()
                return True
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.update()
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self._framing.ratio_changed()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._input.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._input.double_click(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._input.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._input.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._input.wheel(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._input.leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._input.key(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._input.key_released(event):
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._input.focus_lost()
        super().focusOutEvent(event)


def _scaled(rect: QRect, ratio: float) -> QRect:
    left, top = math.floor(rect.left() * ratio), math.floor(rect.top() * ratio)
    right, bottom = math.ceil((rect.right() + 1) * ratio), math.ceil((rect.bottom() + 1) * ratio)
    return QRect(left, top, right - left, bottom - top)
