"""The prototypes that an instance belongs to: those on screen, those of a closer look, or made again.

An instance is corrected with the prototypes of the model version and the region that its coefficients are of.
Where they are not there they are asked for, once, and the person is told what is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.annotation import Annotation
from app.errors import InputError
from app.frames import belongs

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from app.annotation import Origin
    from app.document import ImageDocument
    from app.inference import Inference
    from app.project import Project
    from model.messages import Prediction, Region
    from ui.session import Session

MOST = 24  # predictions of regions that are kept, of one image: about a megabyte each
WAIT = "one moment: the model looks at this image"
OTHER = "one moment: {version}, which proposed this one, looks at the image"
AGAIN = "one moment: the model looks closer at this one again"
GONE = (
    "{version}, which proposed this one, is not here any more: hints change its pixels, not its coefficients"
)
Key = tuple[int, str, tuple[float, ...] | None]


class Sources(QObject):
    """Predictions beside the session's own; GUI thread only. `changed`: another one is there."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._found: dict[Key, Prediction] = {}
        self._asked: set[Key] = set()
        self._refused: set[Key] = set()  # not asked again unless the person does

    def get(self, annotation: Annotation) -> Prediction | None:
        """The prediction that an instance can be corrected with, if it is there. A drawn one takes any."""
        shown = self._session.prediction
        if shown is not None and belongs(annotation, shown):
            return shown
        origin = annotation.origin
        if origin is None:
            return None
        found = self._found.get((int(annotation.image_id), origin.model_version, origin.region))
        return found if found is not None and belongs(annotation, found) else None

    def put(self, image_id: int, prediction: Prediction) -> None:
        """Keep a prediction of another region or version; those of other images go."""
        for key in [each for each in self._found if each[0] != image_id]:
            del self._found[key]
        self._found[(image_id, prediction.model_version, prediction.region)] = prediction
        while len(self._found) > MOST:
            del self._found[next(iter(self._found))]
        self.changed.emit()

    def fetch(self, annotation: Annotation, then: Callable[[], object]) -> str:
        """Ask for what `get` did not give; `then` when it is there, or refused. Says what is waited for."""
        session, project, document = self._session, self._session.project, self._session.document
        if project is None or document is None:
            return ""
        active, origin = session.model.version, annotation.origin
        mine = origin is None or active is None or active.name == origin.model_version
        if origin is None or (mine and origin.region is None):
            return self.look()
        key = int(annotation.image_id), origin.model_version, origin.region
        words = WAIT if mine else OTHER.format(version=origin.model_version)
        if key in self._asked:
            return words
        self._asked.add(key)

        def arrived(prediction: Prediction) -> None:
            self._asked.discard(key)
            self._refused.discard(key)
            self.put(key[0], prediction)
            then()

        def refused(error: InputError) -> None:
            self._asked.discard(key)
            self._refused.add(key)
            session.message.emit(str(error), "warning")
            then()

        self._ask(document, project, origin, arrived, refused)
        return words

    def look(self) -> str:
        """Have the active model look at the image on screen, which proposes nothing; what is waited for."""
        document = self._session.document
        if self._session.project is None or document is None:
            return ""
        self._session.model.look(document)
        return WAIT

    def recall(self, annotation: Annotation) -> str:
        """As `fetch`, for an instance that was chosen and whose closer look is gone; '' for any other.

        What was refused once is not asked for again.
        """
        origin = annotation.origin
        if origin is None or origin.region is None or self.get(annotation) is not None:
            return ""
        key = int(annotation.image_id), origin.model_version, origin.region
        if key in self._asked or key in self._refused:
            return ""
        words = self.fetch(annotation, lambda: None)
        return AGAIN if words == WAIT else words

    def is_refused(self, annotation: Annotation) -> bool:
        """Whether an instance's prototypes were asked for and cannot be had."""
        origin = annotation.origin
        if origin is None:
            return False
        return (int(annotation.image_id), origin.model_version, origin.region) in self._refused

    def waits_for(self, annotation: Annotation) -> bool:
        """Whether the model looks at an instance's prototypes just now."""
        origin = annotation.origin
        if origin is None:
            return False
        return (int(annotation.image_id), origin.model_version, origin.region) in self._asked

    def _ask(
        self,
        document: ImageDocument,
        project: Project,
        origin: Origin,
        arrived: Callable[[Prediction], None],
        refused: Callable[[InputError], None],
    ) -> None:
        """The active version's process answers for its own instances; another version gets one of its own."""
        session, version, region = self._session, origin.model_version, origin.region
        path, content = project.images_dir / document.image.path, document.image.content_key

        key = int(document.image.id), version, region

        def ended(done: Future[Prediction]) -> None:
            if done.cancelled():  # another version is active, say: it may be asked for again
                session.workers.post(lambda: self._asked.discard(key))

        def ask_other() -> None:
            session.workers.on_pool(
                lambda: _by_other(project, version, path, content, region), arrived, refused
            )

        def ask(inference: Inference) -> None:
            active = session.model.version
            if active is not None and active.name != version:  # it was not known yet
                ask_other()
                return
            future: Future[Prediction] = inference.predict(path, region=region)
            session.workers.follow(future, arrived, refused)
            future.add_done_callback(ended)

        active = session.model.version
        if active is None or active.name == version:
            session.model.with_inference(ask)
        else:
            ask_other()


def sources_of(session: Session) -> Sources:
    """The session's other predictions."""
    found = session.findChild(Sources)
    return found if isinstance(found, Sources) else Sources(session)


def _by_other(project: Project, version: str, path: Path, content: str, region: Region | None) -> Prediction:
    """What a version that is not the active one says, in a process of its own; InputError if it is gone."""
    from app import versions
    from app.inference import Inference
    from app.predictions import of_project

    kept = of_project(project).load(content, version) if region is None else None
    if kept is not None:
        return kept
    names = {each.name: each for each in versions.list_versions(project)}
    if version not in names:
        raise InputError(GONE.format(version=version))
    with Inference(names[version].weights) as inference:
        prediction = inference.predict(path, region=region).result()
    of_project(project).save(content, prediction)
    return prediction
