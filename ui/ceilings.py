"""The project's ceilings in the window: read and measured beside it, without holding anything up.

What a person changed is measured once it rests, where the prototypes are at hand; the project's table asks
for the rest. Numbers are written on the project thread, an image at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from app.annotation import PERSONS_WORK, ImageId, ImageState
from app.edits import Edit
from app.errors import InputError

if TYPE_CHECKING:
    from app.ceiling_store import Instance
    from app.ceiling_table import Row
    from app.ceilings import Measuring
    from app.geometry import Geometry
    from app.inference import Inference
    from app.project import Project
    from app.records import ImageRecord
    from app.versions import ModelVersion
    from model.messages import Prediction
    from ui.session import Session
    from ui.tasks import Report, Work

REST = 2000  # ms without an edit of the image, before it is measured


def measuring(
    session: Session, version: ModelVersion, inference: Inference | None, image_ids: Collection[ImageId]
) -> Work:
    """The work of a task that measures these images; without a model's process those that need none."""
    project = session.project
    assert project is not None

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Measuring:
        from app.ceilings import measure_project

        return measure_project(
            project,
            version.name,
            inference,
            image_ids,
            on_project_thread=session.workers.wait_for_project,
            progress=progress,
            cancelled=cancelled,
        )

    return work


def measuring_by_other(session: Session, version: ModelVersion, image_ids: Collection[ImageId]) -> Work:
    """The same by a version that is not the active one, in a process of its own."""
    device = session.preferences.device

    def work(progress: Report, cancelled: Callable[[], bool]) -> Measuring:
        from app.inference import Inference

        with Inference(version.weights, device) as inference:
            return measuring(session, version, inference, image_ids)(progress, cancelled)

    return work


def read_table(
    session: Session, project: Project, version: str, states: Collection[ImageState]
) -> tuple[list[Instance], list[Row]]:
    """All instances and their table; for a thread that is neither the GUI's nor the project's."""
    from app.ceiling_table import tabulate
    from app.ceilings import read_instances

    here = session.workers.wait_for_project
    closed = lambda: session.project is not project  # noqa: E731
    instances = read_instances(project, version, states, on_project_thread=here, cancelled=closed)
    return instances, tabulate(instances, [] if closed() else here(project.categories))


def save(project: Project, file: Path, rows: list[Row] | None, instances: list[Instance]) -> None:
    """Write the table, or (`rows` None) a line an instance, as CSV. On the project thread. InputError."""
    from app import ceiling_table as table

    try:
        if rows is not None:
            table.write_table(file, rows)
        else:
            table.write_instances(file, project, instances)
    except OSError as error:
        raise InputError(
            f"expected to write {file}: {error.strerror}; choose a folder you can write to"
        ) from error


class CeilingKeeper(QObject):
    """Follows the edits of the image on screen. GUI thread."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._stop = threading.Event()
        self._pending: tuple[ImageRecord, Prediction | None] | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self.measure)
        session.annotations_changed.connect(self._edited)
        session.prediction_changed.connect(self._predicted)
        session.document_changed.connect(self._shown)
        session.project_changed.connect(self._other_project)

    def _edited(self, edit: Edit) -> None:
        record = self._session.images.get(edit.image_id)
        mine = any(each.after is not None and each.after.state in PERSONS_WORK for each in edit.changes)
        if record is not None and mine:
            self._pending = record, self._usable()
            self._rest.start()

    def _predicted(self) -> None:
        if self._pending is not None and self._pending[0].id == self._session.image_id:
            found = self._usable()
            if found is not None:
                self._pending = self._pending[0], found

    def _usable(self) -> Prediction | None:
        """The prediction of the whole image that is on screen."""
        prediction = self._session.prediction
        return prediction if prediction is not None and prediction.region is None else None

    def _shown(self) -> None:
        document = self._session.document
        if self._pending is not None and (document is None or document.image.id != self._pending[0].id):
            self.measure()

    def _other_project(self) -> None:
        self._rest.stop()
        self._pending = None
        self._stop.set()
        self._stop = threading.Event()

    def measure(self) -> None:
        """Measure the edited image now; where no prediction is at hand, the table will ask for one."""
        session, project, pending = self._session, self._session.project, self._pending
        self._pending = None
        self._rest.stop()
        version = session.model.version
        if project is None or project.read_only or pending is None:
            return
        record, prediction = pending
        name = prediction.model_version if prediction is not None else version.name if version else ""
        if not name:
            return
        stop, here = self._stop.is_set, session.workers.wait_for_project

        def work() -> None:
            from app import ceiling_store
            from app.ceilings import measure_image
            from app.predictions import of_project

            def known() -> list[tuple[Instance, Geometry]]:
                return [] if stop() else ceiling_store.unmeasured(project.store, name, record.id)

            todo = here(known)
            answer = prediction  # one without a detection has prototypes, too
            if answer is None:
                answer = of_project(project).load(record.content_key, name)
            if not todo or answer is None or stop():
                return
            measured = measure_image(project, record, todo, answer, stop)
            here(lambda: None if stop() else ceiling_store.keep(project.store, name, measured))

        session.workers.when_free(work, failed=_leave)


def _leave(error: InputError) -> None:
    """Nobody asked for it: the table tells what could not be measured."""
