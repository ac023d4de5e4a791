"""The session's way to the model: its process, and what it is asked about images on screen and ahead.

The process is started when the first prediction is wanted, never before the window is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.annotation import ImageId, ImageState
from app.errors import InputError
from app.records import ImageRecord
from ui.kept_predictions import KeptPredictions
from ui.proposing import offer

if TYPE_CHECKING:
    from concurrent.futures import Future

    from app.document import ImageDocument
    from app.inference import Inference
    from app.proposals import Candidate
    from app.versions import ModelVersion
    from model.messages import Prediction
    from ui.session import Session


class ModelState(StrEnum):
    """Where the model's process is."""

    ASLEEP = "starts when it is needed"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Wish:
    """An image that the model is to look at; what nobody asked for is left where the model does not fit."""

    image_id: ImageId
    path: str
    urgent: bool
    by_person: bool


class ModelAccess:
    """Owned by the session; all methods are called on the GUI thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._inference: Inference | None = None
        self._starting = False
        self._waiting: list[Callable[[Inference], object]] = []
        self._wishes: list[_Wish] = []  # asked for before the process was there
        self._asked: dict[ImageId, Future[Prediction]] = {}
        self._only_looked: set[ImageId] = set()  # images whose prediction is wanted without proposals
        self._kept = KeptPredictions(session)
        self.version: ModelVersion | None = None
        self.words = ""  # what the process said last

    @property
    def state(self) -> ModelState:
        """Where the process is now; `session.model_state_changed` tells when it may have changed."""
        inference = self._inference
        if inference is None:
            return ModelState.LOADING if self._starting else ModelState.ASLEEP
        if inference.broken:
            return ModelState.FAILED
        if inference.ready:
            return ModelState.READY
        return ModelState.ASLEEP if inference.pid is None else ModelState.LOADING

    @property
    def inference(self) -> Inference | None:
        """The model's process, if it was started."""
        return self._inference

    # --- the process ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Find the active version and start its process."""
        project = self._session.project
        if project is None or self._inference is not None or self._starting:
            return
        self._starting = True

        def work() -> ModelVersion:
            import app.inference  # noqa: F401  # here: loading it would hold up the window
            from app.versions import active

            return active(project)

        self._session.workers.on_project(work, self._found, self._not_found)

    def _found(self, version: ModelVersion) -> None:
        self._starting = False
        if self._session.project is None:
            return
        from app.inference import Inference

        self.version = version
        self._inference = Inference(version.weights, self._session.preferences.device)
        post = self._session.workers.post
        self._inference.status.connect(lambda words: post(lambda: self._said(words)))
        self._inference.load()
        self.words = f"Loading {version.name}"
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(self._inference)
        wishes, self._wishes = self._wishes, []
        for wish in wishes:
            self._ask(wish)
        self._tell()  # only now: what was wished for unasked may be none of what this version knows

    def _said(self, words: str) -> None:
        self.words = words
        self._session.model_state_changed.emit(words)

    def _tell(self) -> None:
        """The same words as before: what it is asked about has changed."""
        self._session.model_state_changed.emit(self.words)

    def _not_found(self, error: InputError) -> None:
        self._starting = False
        self._wishes.clear()
        self._said(str(error))
        self._session.message.emit(str(error), "error")

    def with_inference(self, then: Callable[[Inference], object]) -> None:
        """Call `then` with the process, once its version is known."""
        if self._inference is not None:
            then(self._inference)
        else:
            self._waiting.append(then)
            self.start()

    def close(self) -> None:
        """End the process; what was asked for is dropped."""
        inference, self._inference = self._inference, None
        self._asked.clear()
        self._wishes.clear()
        self._only_looked.clear()
        self.version, self.words = None, ""
        if inference is not None:
            inference.close()
            self._said("")

    def restart(self) -> None:
        """Another version is active."""
        self.close()
        self.start()

    # --- predictions ---------------------------------------------------------------------------------------

    def look_up(self, document: ImageDocument) -> None:
        """Show the kept prediction of the current image, or ask for one where it is wanted."""
        self._kept.look_up(document, self.version.name if self.version else None, self._looked_up)

    def _looked_up(self, document: ImageDocument, prediction: Prediction | None) -> None:
        """What was kept of the image on screen is read; None: nothing was."""
        session, image_id = self._session, document.image.id
        wanted = session.auto_prelabel and document.state is ImageState.NEW and not document.can_redo
        if prediction is None:
            if wanted:
                self.prelabel(document)
            session.prediction_changed.emit()  # it is known now that there is none
            return
        if session.prediction is None:  # what the model says just now has more in it
            session.set_prediction(image_id, prediction)
        if wanted and self._fit(prediction.categories):  # predicted ahead, before its annotations were read
            from app.proposals import candidates

            offer(session, image_id, lambda: candidates(prediction))

    def is_looking_at(self, image_id: ImageId) -> bool:
        """Whether the model looks at an image now, or will as soon as it is there."""
        return image_id in self._asked or any(wish.image_id == image_id for wish in self._wishes)

    def is_reading(self, image_id: ImageId) -> bool:
        """Whether it is not known yet what was kept of an image."""
        return self._kept.is_reading(image_id)

    def prelabel(self, document: ImageDocument, *, by_person: bool = False) -> None:
        """Ask for the current image's prediction; its proposals become one undoable edit."""
        self._only_looked.discard(document.image.id)
        self._look(document, by_person=by_person)

    def _look(self, document: ImageDocument, *, by_person: bool) -> None:
        self._ask(_Wish(document.image.id, document.image.path, urgent=True, by_person=by_person))

    def look(self, document: ImageDocument) -> None:
        """Ask for the current image's prediction alone: nothing is proposed, whatever the model knows."""
        if not self.is_looking_at(document.image.id):
            self._only_looked.add(document.image.id)
            self._look(document, by_person=True)

    def fits(self) -> bool:
        """Whether the version knows a category of the project: unasked, only then is anything proposed."""
        return self._fit(self.version.categories if self.version else ())

    def _fit(self, names: Sequence[str]) -> bool:
        mine = {category.name.casefold() for category in self._session.categories}
        return not mine or bool(mine & {name.casefold() for name in names})

    def ahead(self, records: Sequence[ImageRecord]) -> None:
        """Ask for images that will be looked at soon; only their predictions are kept."""
        for record in records:
            if not record.missing:
                self._ask(_Wish(record.id, record.path, urgent=False, by_person=False))

    def _ask(self, wish: _Wish) -> None:
        project = self._session.project
        if project is None:
            return
        if self._inference is None:
            self._wishes.append(wish)
            self.start()
            self._tell()
            return
        if not wish.by_person and not self.fits():
            return
        image_id = wish.image_id
        if image_id in self._asked and not wish.urgent:
            return
        from app.inference import Priority

        future = self._inference.predict(
            project.images_dir / wish.path,
            priority=Priority.SCREEN if wish.urgent else Priority.AHEAD,
            anchors=wish.urgent,
        )
        self._asked[image_id] = future
        self._tell()
        self._session.workers.follow(
            future,
            lambda answer: self._answered(image_id, answer, by_person=wish.by_person),
            lambda error: self._failed(image_id, error),
        )

    def _failed(self, image_id: ImageId, error: InputError) -> None:
        self._asked.pop(image_id, None)
        self._only_looked.discard(image_id)
        self._tell()
        if image_id == self._session.image_id:
            self._session.message.emit(str(error), "error")

    def _answered(self, image_id: ImageId, prediction: Prediction, *, by_person: bool) -> None:
        self._asked.pop(image_id, None)
        session, project = self._session, self._session.project
        record = session.images.get(image_id)
        if project is None or record is None:
            return
        from app.predictions import of_project
        from app.proposals import candidates

        session.set_prediction(image_id, prediction)

        def work() -> list[Candidate]:
            of_project(project).save(record.content_key, prediction)
            return candidates(prediction)

        if image_id in self._only_looked:
            self._only_looked.discard(image_id)
            session.workers.on_pool(lambda: of_project(project).save(record.content_key, prediction))
            return
        offer(session, image_id, work, by_person=by_person)
