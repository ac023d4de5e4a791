"""Going to one instance, wherever in the project it is: its image is shown, it is chosen and in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

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
