"""What the window remembers: project, current image, document, prediction, selection, category, threshold.

The only object that panels, canvas and tools are given. Every intention returns at once; what must wait runs
on the project thread, the pool or the model's process, and comes back as a signal on the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.annotation import (
    Annotation,
    AnnotationState,
    Category,
    ImageId,
    ImageState,
)
from app.edits import Edit
from app.errors import InputError
from app.records import ImageRecord
from ui import preferences, session_edits
from ui.categories import Categories
from ui.image_records import Catalog, ImageRecords
from ui.journal import QueuedJournal, SaveState
from ui.model_access import ModelAccess
from ui.model_fit import ModelFit
from ui.open_image import OpenImage
from ui.opening import Opened, Opening
from ui.preferences import Preferences
from ui.reading import Reading
from ui.showing import Showing
from ui.turns import turns_of
from ui.workers import Workers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.document import ImageDocument
    from app.project import Project
    from model.messages import Prediction

READ_AHEAD = 2  # images after the current one whose pixels and documents are read ahead


class Session(OpenImage):
    """See the module. Read the attributes; change them only by the methods."""

    project_changed = Signal()
    images_changed = Signal()
    image_state_changed = Signal(object)  # ImageRecord
    categories_changed = Signal()
    category_wanted = Signal()  # a shape waits for one
    category_changed = Signal()
    prediction_changed = Signal()
    document_ahead = Signal(object)  # may be shown next
    tool_changed = Signal(str)
    saving_changed = Signal()
    version_changed = Signal()  # another model version is active
    model_state_changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workers = Workers(self)
        self.workers.failed.connect(lambda words: self.message.emit(words, "error"))
        self.categories = Categories(self.workers, self)
        self.categories.changed.connect(self.categories_changed)
        self.categories.chosen.connect(self.category_changed)
        self.categories.wanted.connect(self.category_wanted)
        self.categories.refused.connect(lambda words: self.message.emit(words, "warning"))
        self.model = ModelAccess(self)
        ModelFit(self)
        self.preferences = preferences.load()
        self.auto_prelabel, self.who = self.preferences.prelabel, self.preferences.who
        self._opening = Opening(self.workers, self)
        self._opening.opened.connect(self._opened)
        self._opening.scanned.connect(self._scanned)
        self._opening.message.connect(self.message)
        self._reading: Reading | None = None
        self._showing = Showing(self)
        self._showing.arrived.connect(self._show)
        self._showing.missing.connect(self._not_shown)
        self._showing.decoded.connect(self._decoded)
        self._showing.undecoded.connect(self._tell)
        self._showing.rested.connect(self._look_ahead)
        self._forget()

    def _tell(self, error: InputError) -> None:
        self.message.emit(str(error), "error")

    def _forget(self) -> None:
        self.clear_image()
        self.project: Project | None = None
        self.images = ImageRecords()
        self.categories.begin(None, [])
        self.prediction: Prediction | None = None
        self.pixels: NDArray[np.uint8] | None = None
        self.tool = "select"
        self._journal: QueuedJournal | None = None
        if self._reading is not None:
            self._reading.close()
        self._reading = None
        self._showing.begin(None)
        self._opening.follow(None)

    # --- projects ------------------------------------------------------------------------------------------

    def open_project(self, path: Path) -> None:
        """Open a project; the images are looked for again in the background."""
        self._opening.open(path, threshold=self.preferences.threshold)

    def create_project(self, path: Path, images_dir: Path, categories: Sequence[str] = ()) -> None:
        """Make a project about a folder of images and open it."""
        self._opening.create(path, images_dir, categories, threshold=self.preferences.threshold)

    def _opened(self, opened: Opened) -> None:
        turns_of(self).run(None, lambda: self._take_over(opened))

    def _take_over(self, opened: Opened) -> None:
        self._close_project()
        self.project, self.threshold = opened.project, opened.threshold
        self.categories.begin(self.project, opened.categories)
        self._opening.follow(self.project)
        self.project.cache_limit = self.preferences.cache_bytes
        self._journal = QueuedJournal(self.project, self.workers, self._not_written, self.saving_changed.emit)
        self._reading = Reading(self.project, self.workers, self._journal, self._edited)
        self._showing.begin(self._reading)
        self.images.take(opened.images)
        self.project_changed.emit()
        self.categories_changed.emit()
        self.category_changed.emit()
        self.threshold_changed.emit(self.threshold)
        if opened.first is not None:
            self.show_image(opened.first)
            self._opening.look_later()
        else:
            self.rescan()

    def rescan(self) -> None:
        """Look for new and vanished images in the folder."""
        self._opening.look()

    def _scanned(self, images: Catalog) -> None:
        self.images.take(images)
        self.images_changed.emit()
        if self.image_id is None and self.records:
            self.show_image(self.records[0].id)

    def refresh_records(self) -> None:
        """Read records and categories again after work on many images; documents not shown are dropped."""
        turns_of(self).run(None, self._refresh_records)

    def _refresh_records(self) -> None:
        project = self.project
        if project is None or self._reading is None:
            return
        self._reading.forget_others(self.image_id)

        def arrived(answer: tuple[Catalog, list[Category]]) -> None:
            self.images.take(answer[0])
            self.images_changed.emit()
            self.categories.take(answer[1])

        self.workers.on_project(lambda: (Catalog.of(project.images()), project.categories()), arrived)

    def reload_document(self) -> None:
        """Read the current document again, after something else wrote it."""
        turns_of(self).run(None, self._reload_document)

    def _reload_document(self) -> None:
        if self.image_id is not None and self._reading is not None:
            image_id = self.image_id
            self._reading.forget(image_id)
            self._showing.leave()
            self.show_image(image_id)

    def close_project(self) -> None:
        """Let go of the project; edits that are on their way or being written are finished first."""
        turns_of(self).run(None, self._close_project)

    def _close_project(self) -> None:
        project = self.project
        if project is None:
            return
        threshold = self.threshold
        self.model.close()

        def work() -> None:
            project.set_setting("threshold", threshold)
            project.close()

        self.workers.on_project(work, failed=lambda error: None)
        self._forget()
        for signal in (self.project_changed, self.document_changed, self.selection_changed):
            signal.emit()
        self.prediction_changed.emit()

    def close(self) -> None:
        """Finish writing and end all threads and the model's process."""
        self._showing.stop()
        turns_of(self).finish()
        self._close_project()
        self.model.close()
        self.workers.close()

    @property
    def records(self) -> list[ImageRecord]:
        """The project's images, in its order."""
        return self.images.all

    @property
    def category(self) -> Category | None:
        """The category that is drawn with."""
        return self.categories.current

    # --- the current image ---------------------------------------------------------------------------------

    @property
    def image_id(self) -> ImageId | None:
        """The current image, also while its annotations are still being read."""
        return self._showing.wanted

    def show_image(self, image_id: ImageId) -> None:
        """Make an image the current one; `document_changed` tells when it is there."""
        record = self.images.get(image_id)
        if record is not None and image_id != self.image_id:
            self._showing.want(record, self.open_document(image_id))

    def _not_shown(self, error: InputError) -> None:
        self.document, self.pixels, self.prediction, self.selection = None, None, None, ()
        self.document_changed.emit()
        self.selection_changed.emit()
        self.prediction_changed.emit()
        self._tell(error)

    def _show(self, document: ImageDocument) -> None:
        self.document, self.pixels = document, self._showing.pixels(document.image.id)
        self.prediction = None
        self.selection, self.hidden = (), frozenset()
        self.document_changed.emit()
        self.selection_changed.emit()
        self.prediction_changed.emit()
        self._showing.settle(document.image)
        self.model.look_up(document)

    def _decoded(self, pixels: NDArray[np.uint8]) -> None:
        shown = self.document is not None and self.document.image.id == self.image_id
        if shown and self.pixels is None:
            self.pixels = pixels
            self.document_changed.emit()

    def _look_ahead(self) -> None:
        """Read the neighbours, so that a step costs nothing, and ask for predictions that are missing."""
        ahead = self.preferences.ahead
        after, before = self.images.around(self.image_id, max(ahead, READ_AHEAD))
        self._showing.read_ahead([*after[:READ_AHEAD], *before], self.document_ahead.emit)
        if self.auto_prelabel:
            self.model.ahead([record for record in after[:ahead] if record.state is ImageState.NEW])

    def step(self, by: int, wanted: Callable[[ImageRecord], bool] = lambda record: True) -> None:
        """Go `by` images on or back in the list's order, counting only those that are `wanted`."""
        found = self.images.beyond(self.image_id, by, wanted)
        if found is not None:
            self.show_image(found)
        else:
            where = "after" if by > 0 else "before"
            hidden = len(self.records) - len(self.images.listed)
            more = f" {hidden:,} more are filtered out." if hidden > 0 and self.images.listed else ""
            self.message.emit(f"No further image {where} this one in the list.{more}", "info")

    # --- what was edited -----------------------------------------------------------------------------------

    def _edited(self, document: ImageDocument, edit: Edit) -> None:
        record = self.images.recount(document)
        if record is not None:
            self.image_state_changed.emit(record)
        if document is not self.document:
            return
        gone = {change.id for change in edit.changes if _is_gone(change.after)}
        self.annotations_changed.emit(edit)
        if gone & set(self.selection):
            self.select(each for each in self.selection if each not in gone)

    @property
    def save_state(self) -> SaveState:
        """Whether all edits are on the disk."""
        return self._journal.state if self._journal is not None else SaveState.SAVED

    @property
    def refused(self) -> str:
        """Why the last edit was not written, '' where it was."""
        return self._journal.refused if self._journal else ""

    def _not_written(self, image_id: ImageId, error: InputError) -> None:
        """The disk refused an edit: memory goes back to what the disk has."""
        self._tell(error)
        document = self.open_document(image_id)
        if self._journal is not None and document is not None:
            self._journal.restore(document)

    def set_states(self, image_ids: Iterable[ImageId], state: ImageState) -> None:
        """Several images go to another state, each an undoable edit of its own."""
        for image_id in image_ids:
            document = self.open_document(image_id)
            if document is not None:
                turns_of(self).run(document, partial(_change_state, document, state, self.who))
            else:
                self._showing.read(image_id, lambda document: _change_state(document, state, self.who))

    def done_and_next(self) -> None:
        """Mark the image done and go to the next that is not; not before the image is there to be judged."""
        if self.document is None or self.document.image.id != self.image_id:
            return
        self.set_image_state(ImageState.DONE)
        self.step(1, lambda record: record.state not in (ImageState.DONE, ImageState.SKIPPED))

    def set_tool(self, name: str) -> None:
        """Choose a tool of the canvas."""
        self.tool = name
        self.tool_changed.emit(name)

    # --- predictions ---------------------------------------------------------------------------------------

    def set_prediction(self, image_id: ImageId, prediction: Prediction) -> None:
        """The model's answer about an image is there."""
        if image_id == self.image_id:
            self.prediction = prediction
            self.prediction_changed.emit()

    def predict_current(self) -> None:
        """Pre-label the current image now."""
        if self.document is not None:
            self.model.prelabel(self.document, by_person=True)

    def model_changed(self) -> None:
        """Another model version is active."""
        self.model.restart()
        self.prediction = None
        self.version_changed.emit()
        self.prediction_changed.emit()

    def use(self, chosen: Preferences) -> None:
        """Keep what the person chose for this machine, and go by it from now on."""
        before, self.preferences = self.preferences, chosen
        preferences.save(chosen)
        self.auto_prelabel = chosen.prelabel
        self.who = chosen.who
        if self.project is not None and before.cache_bytes != chosen.cache_bytes:
            self.project.cache_limit = chosen.cache_bytes
            self.workers.when_free(partial(_shrink_cache, self.project))
        if before.device != chosen.device and self.model.inference is not None:
            self.model_changed()

    def open_document(self, image_id: ImageId) -> ImageDocument | None:
        """The document of an image, if it is in memory: surely where an edit is on its way to it."""
        if self._reading is None:
            return None
        found = self._reading.document(image_id)
        if found is None and (found := turns_of(self).document_of(image_id)) is not None:
            self._reading.keep(found)
        return found


def _shrink_cache(project: Project) -> None:
    from app.predictions import of_project  # here: it is not needed for the window to open

    of_project(project).shrink()


def _is_gone(annotation: Annotation | None) -> bool:
    return annotation is None or annotation.state is AnnotationState.REJECTED


def _change_state(document: ImageDocument, state: ImageState, who: str) -> None:
    edit = session_edits.image_state(document, state)
    if edit is not None:
        document.apply(session_edits.complete(edit, document, who))
