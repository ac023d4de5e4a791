"""Pre-labelling many images of a project: predictions become proposals, with progress, cancel and resume.

The network runs in the model's process while masks are made here (app/bulk.py). A file that fails is
listed and the rest goes on. What was predicted before is read from the cache.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from app.annotation import AnnotationState, ImageId, ImageState
from app.bulk import AHEAD, Deaths, in_order
from app.errors import InputError
from app.inference import Inference, Priority
from app.predictions import Predictions, of_project
from app.proposals import FLOOR, Candidate, Proposable, candidates, categories_for, offer, proposals
from app.tiling import predict_tiles
from model.messages import Prediction

if TYPE_CHECKING:
    from app.project import Project
    from app.records import ImageRecord

__all__ = [
    "AHEAD",
    "FLOOR",
    "Failure",
    "PrelabelReport",
    "candidates",
    "offer",
    "prelabel_project",
    "proposals",
]

T = TypeVar("T")
_Found = tuple[list[Candidate], tuple[int, int]]  # what is offered, and the image's width and height
LAST_RUN = "prelabelled_by"  # the project's setting: the version that the last run used


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that could not be pre-labelled, and why."""

    image: str  # relative to the folder of images
    reason: str

    def __str__(self) -> str:
        return f"{self.image}: {self.reason.removeprefix(self.image.rpartition('/')[2] + ': ')}"


@dataclass(frozen=True, slots=True)
class PrelabelReport:
    """What became of a run."""

    done: int
    skipped: int  # pre-labelled before by this version, marked done or skipped by a person, or file missing
    proposals: int
    failed: tuple[Failure, ...]
    cancelled: bool
    seconds: float

    def words(self) -> str:
        """One line."""
        parts = [f"{self.done} images pre-labelled with {self.proposals} proposals"]
        if self.skipped:
            parts.append(f"{self.skipped} left as they were")
        if self.failed:
            parts.append(f"{len(self.failed)} failed")
        if self.cancelled:
            parts.append("stopped before the end")
        return ", ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def _never() -> bool:
    return False


def _here(work: Callable[[], T]) -> T:
    return work()


def prelabel_project(
    project: Project,
    inference: Inference,
    image_ids: Sequence[ImageId] | None = None,
    *,
    min_score: float = FLOOR,
    again: bool = False,
    use_cache: bool = True,
    tiles: bool = False,
    document_for: Callable[[ImageId], Proposable | None] | None = None,
    on_project_thread: Callable[[Callable[[], Any]], Any] = _here,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = _never,
) -> PrelabelReport:
    """Offer proposals in the named images (all of them by default), one undoable edit an image.

    Images that this version has pre-labelled, and those marked done or skipped, are left as they are, unless
    `again`: then everything but what is done or skipped is run once more (all, if `image_ids` names them).
    A cancelled or broken run goes on where it was when it is started again.

    `tiles`: large images are also seen in overlapping tiles, for what is small in them (app/tiling.py).
    `use_cache`: predictions are kept by the version's name; False for weights whose name proves nothing.
    `document_for` gives the document that is open in the window, None for one that is not.
    `on_project_thread` runs a function where documents and the store may be used, and returns its result.
    Raises InputError when the model cannot be loaded, HostError when its process dies on every file.
    """
    run = _Run(project, inference, min_score, document_for or (lambda _: None), on_project_thread)
    if not use_cache:
        run.cache = None
    run.tiles = tiles
    return run.over(image_ids, again, progress or (lambda done, total: None), cancelled)


def images_to_prelabel(
    project: Project, inference: Inference, version: str, *, again: bool = False
) -> list[ImageRecord]:
    """The images that `prelabel_project` would run, in its order. `project` may be open for reading only."""
    run = _Run(project, inference, FLOOR, lambda _: None, _here)
    run.version = version
    return run._todo(project.images(), again, named=False)


class _Run:
    def __init__(
        self,
        project: Project,
        inference: Inference,
        min_score: float,
        document_for: Callable[[ImageId], Proposable | None],
        on_project_thread: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self.project, self.inference, self.min_score = project, inference, min_score
        self.document_for, self.here = document_for, on_project_thread
        self.cache: Predictions | None = of_project(project)
        self.version = ""
        self.tiles = False
        self.cached: set[ImageId] = set()  # whose prediction was there before
        self.failed: list[Failure] = []
        self.done = self.proposed = 0
        self.deaths = Deaths()
        self.cancelled: Callable[[], bool] = _never
        self.tile_progress: Callable[[int, int], None] | None = None  # of the only image
        self.stopped = False  # within an image's tiles

    def over(
        self,
        image_ids: Sequence[ImageId] | None,
        again: bool,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> PrelabelReport:
        start = time.monotonic()
        self.version = self.inference.load().result().model_version
        records = self.here(self.project.images)
        chosen = records
        if image_ids is not None:
            wanted = set(image_ids)
            chosen = [each for each in records if each.id in wanted]
        todo = self.here(lambda: self._todo(chosen, again, named=image_ids is not None))
        stopped = False
        self.cancelled = cancelled
        self.tile_progress = progress if len(todo) == 1 else None
        with contextlib.closing(in_order(todo, self.inference, self._ask, self._found)) as answers:
            for count, (record, found) in enumerate(answers):
                progress(count, len(todo))
                if cancelled():
                    stopped = True
                    break
                self._one(record, found)
        stopped = stopped or self.stopped
        if not stopped:
            progress(len(todo), len(todo))
        return PrelabelReport(
            done=self.done,
            skipped=len(chosen) - len(todo),
            proposals=self.proposed,
            failed=tuple(self.failed),
            cancelled=stopped,
            seconds=time.monotonic() - start,
        )

    def _todo(self, records: Sequence[ImageRecord], again: bool, *, named: bool) -> list[ImageRecord]:
        before = self.project.setting(LAST_RUN, "")
        if not self.project.read_only:
            self.project.set_setting(LAST_RUN, self.version)
        todo = []
        for record in records:
            if record.missing:
                continue
            finished = record.state in (ImageState.DONE, ImageState.SKIPPED)
            if again:
                if named or not finished:
                    todo.append(record)
            elif record.state is ImageState.NEW or (
                record.state is ImageState.PRELABELLED and not self._is_ours(record, before)
            ):
                todo.append(record)
        return todo

    def _is_ours(self, record: ImageRecord, last_run: str) -> bool:
        """Whether the proposals of a pre-labelled image are of this version."""
        document = self._document(record.id)
        versions = {
            each.origin.model_version
            for each in document.annotations.values()
            if each.state is AnnotationState.PROPOSED and each.origin
        }
        return versions == {self.version} or (not versions and last_run == self.version)

    def _ask(self, record: ImageRecord) -> Prediction | Future[Prediction]:
        kept = self.cache.load(record.content_key, self.version) if self.cache else None
        if kept is not None:
            self.cached.add(record.id)
            return kept
        path = self.project.image_path(record.id)
        return self.inference.predict(path, FLOOR, priority=Priority.BULK)

    def _found(self, record: ImageRecord, prediction: Prediction) -> _Found:
        """On a thread beside the network: the prediction kept, and its masks made."""
        if self.cache and record.id not in self.cached:
            self.cache.save(record.content_key, prediction)
        size = prediction.image_width, prediction.image_height
        if not self.tiles:
            return candidates(prediction, self.min_score), size
        path = self.project.image_path(record.id)
        found = predict_tiles(
            self.inference,
            path,
            prediction,
            self.min_score,
            progress=self.tile_progress,
            cancelled=self.cancelled,
        )
        return found, size

    def _one(self, record: ImageRecord, found: Future[_Found]) -> None:
        try:
            offered, size = found.result()
            self.deaths.none()
        except CancelledError:
            self.stopped = True
            return
        except InputError as error:
            self.failed.append(Failure(str(record.path), str(error)))
            self.deaths.count(error)
            return
        self.proposed += self.here(lambda: self._offer(record, offered, size))
        self.done += 1

    def _offer(self, record: ImageRecord, offered: Sequence[Candidate], size: tuple[int, int]) -> int:
        if not record.width:  # nobody has read the file's header yet
            self.project.store.update_image(record.id, width=size[0], height=size[1])
        document = self._document(record.id)
        edit = proposals(offered, document, categories_for(self.project, offered))
        if edit is not None:
            document.apply(edit)
        return sum(each.state is AnnotationState.PROPOSED for each in document.annotations.values())

    def _document(self, image_id: ImageId) -> Proposable:
        return self.document_for(image_id) or self.project.document(image_id)
