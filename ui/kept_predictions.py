"""What a model version saw in an image before is read from the disk when the image is shown.

Of several versions the one whose proposals are in the document comes first; nothing is loaded for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from app.annotation import Annotation, ImageId

if TYPE_CHECKING:
    from app.document import ImageDocument
    from app.project import Project
    from model.messages import Prediction
    from ui.session import Session

Then = Callable[["ImageDocument", "Prediction | None"], object]


class KeptPredictions:
    """Looks up the image on screen; one at a time, the last asked for counts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reading: ImageId | None = None

    def is_reading(self, image_id: ImageId) -> bool:
        """Whether it is not known yet what was kept of an image."""
        return self._reading == image_id

    def look_up(self, document: ImageDocument, active: str | None, then: Then) -> None:
        """`then` gets what was kept, None where nothing was; not once another image is shown.

        `active`: the version that pre-labels; None: it is not known yet, and asked for where it is needed.
        """
        project = self._session.project
        if project is None:
            return
        self._reading = document.image.id
        names = [_version_of(document.annotations.values()), active]
        known = tuple(dict.fromkeys(name for name in names if name is not None))
        if known:
            self._read(project, document, known, then)
            return

        def work() -> str:
            from app.versions import active  # here: loading it would hold up the window

            return active(project).name

        self._session.workers.on_project(
            work,
            lambda name: self._read(project, document, (name,), then),
            lambda error: self._found(document, None, then),
        )

    def _read(self, project: Project, document: ImageDocument, versions: Sequence[str], then: Then) -> None:
        """Read what one of these versions saw, the first that has seen it."""
        if self._session.project is not project or self._session.image_id != document.image.id:
            return
        key = document.image.content_key

        def work() -> Prediction | None:
            from app.predictions import of_project  # here, too

            kept = of_project(project)
            return next((found for name in versions if (found := kept.load(key, name)) is not None), None)

        self._session.workers.on_pool(work, lambda found: self._found(document, found, then))

    def _found(self, document: ImageDocument, prediction: Prediction | None, then: Then) -> None:
        if self._session.image_id == document.image.id:
            self._reading = None
            then(document, prediction)


def _version_of(annotations: Iterable[Annotation]) -> str | None:
    """The version that proposed what is in a document."""
    return next((each.origin.model_version for each in annotations if each.origin is not None), None)
