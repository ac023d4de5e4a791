"""The prototypes that an instance belongs to: those on screen, those of a closer look, or made again.

An instance is corrected with the prototypes of the model version and the region that its coefficients are of.
Where they are not there they are asked for, once, and the person is told what is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance

from app.annotation import Annotation
from app.errors import InputError
from app.frames import belongs

if TYPE_CHECKING:
    from concurrent.futures import Future

    from app.inference import Inference
    from app.project import Project
    from model.messages import Prediction
    from ui.session import Session

MOST = 24  # predictions of regions that are kept, of one image: about a megabyte each
WAIT = "one moment: the model looks at this image again"
OTHER = "one moment: {version}, which proposed this one, looks at the image"
GONE = "{version}, which proposed this one, is not here any more: its mask can be corrected by brush only"
Key = tuple[int, str, tuple[float, ...] | None]


class Sources(QObject):
    """Predictions beside the session's own; GUI thread only. `changed`: another one is there."""

    changed: SignalInstance = Signal()  # type: ignore[assignment]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._found: dict[Key, Prediction] = {}
        self._asked: set[Key] = set()

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
        """Ask for what `get` did not give; `then` when it is there. What is waited for, in words."""
        session, project, document = self._session, self._session.project, self._session.document
        if project is None or document is None:
            return ""
        active, origin = session.model.version, annotation.origin
        mine = origin is None or active is None or active.name == origin.model_version
        if origin is None or (mine and origin.region is None):
            session.predict_current()
            return WAIT
        key = int(annotation.image_id), origin.model_version, origin.region
        words = WAIT if mine else OTHER.format(version=origin.model_version)
        if key in self._asked:
            return words
        self._asked.add(key)

        def arrived(prediction: Prediction) -> None:
            self._asked.discard(key)
            self.put(key[0], prediction)
            then()

        def refused(error: InputError) -> None:
            session.message.emit(str(error), "warning")

        path, region, content = (
            project.images_dir / document.image.path,
            origin.region,
            document.image.content_key,
        )
        if mine:

            def ask(inference: Inference) -> None:
                future: Future[Prediction] = inference.predict(path, region=region)
                session.workers.follow(future, arrived, refused)

            session.model.with_inference(ask)
        else:
            version = origin.model_version

            def work() -> Prediction:
                return _by_other(project, version, path, content, region)

            session.workers.on_pool(work, arrived, refused)
        return words


def sources_of(session: Session) -> Sources:
    """The session's other predictions."""
    found = session.findChild(Sources)
    return found if isinstance(found, Sources) else Sources(session)


def _by_other(
    project: Project, version: str, path: object, content: str, region: tuple[float, ...] | None
) -> Prediction:
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
        prediction = inference.predict(path, region=region).result()  # type: ignore[arg-type]
    of_project(project).save(content, prediction)
    return prediction
