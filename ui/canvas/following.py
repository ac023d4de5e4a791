"""What a canvas does when the session shows something else: another image, edits, a selection, a category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.annotation import ImageId
from app.edits import Edit
from ui.canvas.feed import Feed
from ui.canvas.framing import Framing

if TYPE_CHECKING:
    from app.document import ImageDocument
    from ui.canvas.view import Canvas


class Following(QObject):
    """Keeps one canvas, and the tool that is chosen there, on what its session shows."""

    def __init__(self, canvas: Canvas, framing: Framing, feed: Feed) -> None:
        super().__init__(canvas)
        self._canvas, self._framing, self._feed = canvas, framing, feed
        self._image_id: ImageId | None = None  # whose tiles are on the stage
        session = canvas.session
        session.document_changed.connect(self.open)
        session.document_ahead.connect(self._foresee)
        session.annotations_changed.connect(self._annotations_changed)
        session.selection_changed.connect(self._selection_changed)
        session.category_changed.connect(self._category_changed)
        for signal in (session.categories_changed, session.threshold_changed, session.view_changed):
            signal.connect(canvas.refresh)
        session.prediction_changed.connect(canvas.update_hint)
        session.tool_changed.connect(canvas.set_tool)

    def open(self) -> None:
        """Show the session's document as it is now: another image's, its pixels, or none."""
        canvas, document = self._canvas, self._canvas.session.document
        if document is None or document.image.id != self._image_id:
            canvas.tool.settle()
            canvas.tool.cancel()
            self._feed.stop()
        if document is None:
            canvas.stage.clear()
            self._image_id = None
            self._framing.clear()
        elif document.image.id != self._image_id:
            self._show_other(document)
            return
        else:
            self._feed.take(self._framing.image)
        canvas.refresh()

    def _show_other(self, document: ImageDocument) -> None:
        canvas, framing = self._canvas, self._framing
        size = document.image.width, document.image.height
        same = canvas.keep_view and size == framing.image and framing.view is not None
        self._image_id, framing.image = document.image.id, size
        canvas.stage.set_image(size, canvas.devicePixelRatioF())
        canvas.refresh()
        self._feed.take(size)
        if same and framing.view is not None:
            framing.set_view(framing.view)
        else:
            framing.fit()

    def _foresee(self, document: ImageDocument) -> None:
        self._canvas.shown.foresee(document)

    def _annotations_changed(self, edit: Edit) -> None:
        if edit.image_id == self._image_id:
            self._canvas.refresh()
            self._canvas.tool.annotations_changed(edit)
            self._canvas.update_hint()

    def _selection_changed(self) -> None:
        self._canvas.refresh()
        self._canvas.tool.selection_changed()
        self._canvas.update_hint()

    def _category_changed(self) -> None:
        self._canvas.tool.category_chosen()
        self._canvas.update_hint()
