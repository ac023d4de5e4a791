"""Pictures of the explaining panel over the canvas: a prototype, a contribution, the mask under a moving bar.

A layer of its own over the canvas: it takes no mouse, and the canvas need not know of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.canvas.live import Live
from ui.explain.editing import Preview

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.explain.panel import ExplainPanel


class CanvasLayer(QWidget):
    """Spans the image as the canvas shows it, with a picture of cells stretched over it."""

    def __init__(self, canvas: Canvas, panel: ExplainPanel) -> None:
        super().__init__(canvas)
        self._canvas, self._panel = canvas, panel
        self._image: QImage | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self.update)
        panel.overlay_changed.connect(self.show_image)
        panel.editing.previewed.connect(self.show_preview)

    def show_image(self, image: QImage | None) -> None:
        """Stretch a picture of the whole image over it; None: show nothing."""
        self._image = image
        self.setGeometry(self._canvas.rect())
        self.setVisible(image is not None)
        self.update()

    def show_preview(self, preview: Preview | None) -> None:
        """The mask under a moving bar, in the place of the settled one."""
        canvas = self._canvas
        canvas.end_live()
        if preview is None:
            return
        each = preview.annotation
        canvas.show_live(Live(each.id, preview.mask, canvas.shown.color_of(each)))
        if preview.final:
            canvas.stage.masks.prime(each.id, each.geometry, preview.mask)
            canvas.end_live(settled=True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        view = self._canvas.view
        if view is None or self._image is None:
            return
        x, y, width, height = self._panel.overlay_frame or (0.0, 0.0, *self._canvas.image_size)
        left, top, right, bottom = view.rect_to_widget((x, y, x + width, y + height))
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(left, top, right - left, bottom - top), self._image)
