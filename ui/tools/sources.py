"""The prototypes that an instance belongs to: those on screen, those kept on disk, or made again.

An instance is corrected with the prototypes of the model version that proposed it. Where they are not there
they are asked for, once, and the person is told what is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.annotation import Annotation
from app.errors import InputError

if TYPE_CHECKING:
    from app.inference import Inference
    from model.messages import Prediction
    from ui.session import Session

WAIT = "one moment: the model looks at this image again"
OTHER = "one moment: {version}, which proposed this one, looks at the image"
GONE = "{version}, which proposed this one, is not here any more: its mask can be corrected by brush only"


class Sources:
    """Predictions by image and model version, for the tools of one canvas; GUI thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[tuple[int, str], Prediction] = {}
        self._asked: set[tuple[int, str]] = set()

    def get(self, annotation: Annotation) -> Prediction | None:
        """The prediction that an instance can be corrected with, if it is there. A drawn one takes any."""
        shown = self._session.prediction
        if annotation.origin is None:
            return shown
        version, k = annotation.origin.model_version, len(annotation.origin.coefficients)
        found = self._found.get((int(annotation.image_id), version))
        for each in (shown, found):
            if each is not None and each.model_version == version and each.prototypes.shape[2] == k:
                return each
        return None

    def fetch(self, annotation: Annotation, then: Callable[[], object]) -> str:
        """Ask for what `get` did not give; `then` when it is there. What is waited for, in words."""
        session, project, document = self._session, self._session.project, self._session.document
        if project is None or document is None:
            return ""
        active = session.model.version
        version = annotation.origin.model_version if annotation.origin is not None else ""
        if not version or active is None or active.name == version:
            session.predict_current()
            return WAIT
        key = int(annotation.image_id), version
        if key in self._asked:
            return OTHER.format(version=version)
        self._asked.add(key)
        content, path = document.image.content_key, project.images_dir / document.image.path

        def arrived(prediction: Prediction) -> None:
            self._found = {key: prediction}  # one image is corrected at a time
            self._asked.discard(key)
            then()

        def refused(error: InputError) -> None:
            session.message.emit(str(error), "warning")

        def work() -> Prediction:
            from app import versions
            from app.inference import Inference
            from app.predictions import of_project

            kept = of_project(project).load(content, version)
            if kept is not None:
                return kept
            names = {each.name: each for each in versions.list_versions(project)}
            if version not in names:
                raise InputError(GONE.format(version=version))
            inference: Inference
            with Inference(names[version].weights) as inference:
                prediction = inference.predict(path).result()
            of_project(project).save(content, prediction)
            return prediction

        session.workers.on_pool(work, arrived, refused)
        return OTHER.format(version=version)
