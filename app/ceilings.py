"""The prototype ceiling of a project: every instance of a person's measured against one model version.

How well could the best coefficients express this mask? Measured with kept predictions, or new ones; each
image's numbers are written as they come: a run that was ended goes on where it was. All is relative
to the prototypes of the whole image, also for what was looked at closer: so versions compare.

Frame: image pixels.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from app import ceiling_store
from app.annotation import AnnotationId, ImageId, ImageState
from app.bulk import Deaths
from app.ceiling import Ceiling, measure
from app.ceiling_store import Instance
from app.errors import InputError
from app.geometry import Geometry, to_mask
from app.inference import Inference, Priority
from app.predictions import Predictions, of_project
from app.prelabel import Failure
from app.proposals import FLOOR
from model.image_io import read_image
from model.messages import Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.project import Project
    from app.records import ImageRecord

STATES = tuple(state for state in ImageState if state is not ImageState.SKIPPED)
AHEAD = 3  # requests with the model's process at a time: it never waits for us
LOOK = 0.2  # seconds between two looks whether the run was stopped
LARGEST = 64_000_000  # pixels of an image that are held at a time; of a larger one every second, fourth ...

Here = Callable[[Callable[[], Any]], Any]
Progress = Callable[[int, int], None]
Work = list[tuple[Instance, Geometry]]


@dataclass(frozen=True, slots=True)
class Measuring:
    """What became of a run."""

    images: int  # measured
    instances: int
    waiting: int  # images without a prediction, where none was to be made
    failed: tuple[Failure, ...]
    cancelled: bool
    seconds: float
    found: dict[AnnotationId, Ceiling]  # also where a project cannot be written to

    def words(self) -> str:
        """One line."""
        parts = [f"{self.instances:,} instances in {self.images:,} images measured"]
        if self.waiting:
            parts.append(f"{self.waiting:,} images wait for a prediction")
        if self.failed:
            parts.append(f"{len(self.failed)} failed: {self.failed[0]}")
        if self.cancelled:
            parts.append("stopped before the end")
        return ", ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "images": self.images,
            "instances": self.instances,
            "waiting": self.waiting,
            "failed": [asdict(each) for each in self.failed],
            "cancelled": self.cancelled,
            "seconds": self.seconds,
        }


def _here(work: Callable[[], Any]) -> Any:
    return work()


def read_instances(
    project: Project,
    version: str,
    states: Collection[ImageState] = STATES,
    *,
    on_project_thread: Here = _here,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Instance]:
    """A person's instances in images of these states, with the ceilings that are kept and still true.

    Read in pages: edits made meanwhile are written between them.
    """
    pages = ceiling_store.instances(project.store, version, states)
    found: list[Instance] = []
    while not cancelled():
        page = on_project_thread(lambda: next(pages, None))
        if page is None:
            break
        found += page
    return found


def with_found(instances: Sequence[Instance], found: dict[AnnotationId, Ceiling]) -> list[Instance]:
    """The instances with what a run found of them, for a project that could not be written to."""
    return [replace(each, ceiling=found.get(each.id, each.ceiling)) for each in instances]


def measure_project(
    project: Project,
    version: str,
    inference: Inference | None,
    image_ids: Collection[ImageId],
    *,
    on_project_thread: Here = _here,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Measuring:
    """Measure what is not measured yet in these images, one image after another; runs where it is called.

    `version`: its name; '' for weights whose name proves nothing: nothing of theirs is kept or read.
    `inference` makes predictions that are not kept, and keeps them; None: images without one have to wait.
    Raises InputError when the model cannot be loaded, HostError when its process dies on every file.
    """
    return _Run(project, version, inference, on_project_thread).over(image_ids, progress, cancelled)


def measure_image(
    project: Project, record: ImageRecord, work: Work, prediction: Prediction, cancelled: Callable[[], bool]
) -> list[tuple[Instance, Ceiling]]:
    """Ceilings of instances of one image, as far as there was time. ImageError, DataError."""
    pixels, scale = _pixels(project, record, prediction)
    found = []
    for instance, geometry in work:
        if cancelled():
            break
        mask = to_mask(geometry, prediction.image_width, prediction.image_height)
        found.append((instance, measure(prediction, pixels, mask, scale=scale)))
    return found


def _pixels(project: Project, record: ImageRecord, prediction: Prediction) -> tuple[NDArray[np.uint8], float]:
    """The image, reduced by as much as it is too large."""
    size = prediction.image_width * prediction.image_height
    reduce = next((each for each in (1, 2, 4) if size <= LARGEST * each**2), 8)
    pixels = read_image(project.images_dir / record.path, reduce)
    return pixels, prediction.image_width / pixels.shape[1]


def _answered(future: Future[Prediction], cancelled: Callable[[], bool]) -> Prediction | None:
    """The answer; None once nobody wants it any more: a model that is being loaded holds nobody up."""
    while not cancelled():
        with contextlib.suppress(TimeoutError):
            return future.result(LOOK)
    future.cancel()
    return None


class _Run:
    def __init__(self, project: Project, version: str, inference: Inference | None, here: Here) -> None:
        self.project, self.version, self.inference, self.here = project, version, inference, here
        self.cache: Predictions | None = of_project(project) if version else None
        self.writes = bool(version) and not project.read_only
        self.found: dict[AnnotationId, Ceiling] = {}
        self.failed: list[Failure] = []
        self.images = self.waiting = 0
        self.deaths = Deaths()

    def over(
        self, image_ids: Collection[ImageId], progress: Progress, cancelled: Callable[[], bool]
    ) -> Measuring:
        start, wanted = time.monotonic(), set(image_ids)
        records = [each for each in self.here(self.project.images) if each.id in wanted]
        there = [each for each in records if not each.missing]
        self.failed += [Failure(each.path, "the file is not there") for each in records if each.missing]
        stopped = False
        for count, (record, answer) in enumerate(self._answers(there)):
            progress(count, len(there))
            if stopped := cancelled():
                break
            self._one(record, answer, cancelled)
        stopped = stopped or cancelled()
        if not stopped:
            progress(len(there), len(there))
        return Measuring(
            images=self.images,
            instances=len(self.found),
            waiting=self.waiting,
            failed=tuple(self.failed),
            cancelled=stopped,
            seconds=time.monotonic() - start,
            found=self.found,
        )

    def _answers(
        self, records: Sequence[ImageRecord]
    ) -> Iterator[tuple[ImageRecord, Prediction | Future[Prediction] | None]]:
        """Each image with its prediction; of those that are to be made, a few are asked for ahead."""
        coming: deque[tuple[ImageRecord, Prediction | Future[Prediction] | None]] = deque()
        try:
            for record in records:
                coming.append((record, self._ask(record)))
                if len(coming) > AHEAD:
                    yield coming.popleft()
            while coming:
                yield coming.popleft()
        finally:
            for _, answer in coming:
                if isinstance(answer, Future) and self.inference is not None:
                    self.inference.cancel(answer)

    def _ask(self, record: ImageRecord) -> Prediction | Future[Prediction] | None:
        kept = self.cache.load(record.content_key, self.version) if self.cache else None
        if kept is not None or self.inference is None:
            return kept
        path = self.project.images_dir / record.path
        return self.inference.predict(path, FLOOR, priority=Priority.BULK)

    def _one(
        self,
        record: ImageRecord,
        answer: Prediction | Future[Prediction] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        if answer is None:
            self.waiting += 1
            return
        try:
            if isinstance(answer, Future):
                answer = _answered(answer, cancelled)
                if answer is None:
                    return
                if self.cache:
                    self.cache.save(record.content_key, answer)
            store, version = self.project.store, self.version
            work = self.here(lambda: ceiling_store.unmeasured(store, version, record.id))
            measured = measure_image(self.project, record, work, answer, cancelled)
            self.deaths.none()
        except InputError as error:
            self.failed.append(Failure(record.path, str(error)))
            self.deaths.count(error)
            return
        if self.writes and measured:
            self.here(lambda: ceiling_store.keep(store, version, measured))
        self.found |= {instance.id: ceiling for instance, ceiling in measured}
        self.images += 1
