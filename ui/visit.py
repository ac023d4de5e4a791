"""Going to one instance, wherever in the project it is: its image is shown, it is chosen and in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from ui.canvas.transform import centred

if TYPE_CHECKING:
    from app.annotation import AnnotationId, ImageId
    from ui.canvas.view import Canvas
    from ui.session import Session


def visit(session: Session, canvas: Canvas, image_id: ImageId, annotation_id: AnnotationId) -> None:
    """Show it as soon as its image is there."""

    def arrived() -> None:
        document = session.document
        if document is None or document.image.id != image_id:
            return
        if annotation_id in document.annotations:
            session.select([annotation_id])
            canvas.fit_selection()
        else:
            session.message.emit("This instance is not there any more.", "info")

    if session.document is not None and session.document.image.id == image_id == session.image_id:
        arrived()
    else:
        session.document_changed.connect(arrived, Qt.ConnectionType.SingleShotConnection)
        session.show_image(image_id)


def bring_into_view(session: Session, canvas: Canvas) -> None:
    """Move the image, where it is zoomed so far that the middle of what is chosen is out of sight."""
    rect, view = canvas.shown.extent(session.selection), canvas.view
    if rect is None or view is None:
        return
    size = float(canvas.width()), float(canvas.height())
    middle = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    x, y = view.to_widget(*middle)
    if not (0 <= x <= size[0] and 0 <= y <= size[1]):
        canvas.set_view(centred(view, middle, size))
