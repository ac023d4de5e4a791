"""Pre-labelling many images from the window: off the GUI thread, careful with documents that are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from app.annotation import Annotation, AnnotationId, ImageId, ImageState
from app.document import StaleEdit
from app.edits import Edit

if TYPE_CHECKING:
    from app.document import ImageDocument
    from app.inference import Inference
    from app.prelabel import PrelabelReport
    from app.records import ImageRecord
    from ui.session import Session


class OpenDocument:
    """A document of the window as other threads may use it: reads a copy, applies on the GUI thread."""

    def __init__(self, session: Session, document: ImageDocument) -> None:
        self._session, self._document = session, document

    @property
    def image(self) -> ImageRecord:
        return self._document.image

    @property
    def state(self) -> ImageState:
        return self._document.state

    @property
    def annotations(self) -> Mapping[AnnotationId, Annotation]:
        return dict(self._document.annotations)

    def new_id(self) -> AnnotationId:
        """An id that no annotation has."""
        return self._document.new_id()

    def apply(self, edit: Edit) -> None:
        """Soon, on the GUI thread; not at all if the person changed the same things meanwhile."""

        def perform() -> None:
            try:
                self._document.apply(edit)
            except StaleEdit:
                self._session.message.emit(
                    "This image was edited meanwhile: its proposals stay as they were.", "info"
                )

        self._session.workers.post(perform)


def prelabel_task(
    session: Session, inference: Inference, image_ids: list[ImageId], *, tiles: bool = False
) -> Callable[[Callable[[int, int], None], Callable[[], bool]], PrelabelReport]:
    """The work of a task that pre-labels these images."""
    project = session.project
    assert project is not None

    def document_for(image_id: ImageId) -> OpenDocument | None:
        document = session.open_document(image_id)
        return None if document is None else OpenDocument(session, document)

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> PrelabelReport:
        from app.prelabel import prelabel_project

        return prelabel_project(
            project,
            inference,
            image_ids,
            again=True,
            tiles=tiles,
            document_for=document_for,
            on_project_thread=session.workers.wait_for_project,
            progress=progress,
            cancelled=cancelled,
        )

    return work
