"""A session for tests of canvas and tools: a real document and real pixels, no project, no threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.annotation import (
    Annotation,
    AnnotationId,
    AnnotationState,
    Category,
    CategoryId,
    ImageId,
    ImageState,
)
from app.document import ImageDocument
from app.edits import Edit
from app.geometry import Geometry, PolygonPart, Polygons, from_mask, measure
from app.records import DocumentData, ImageRecord
from model.masks import BoxMask
from model.messages import Prediction

CATEGORIES = (Category(CategoryId(1), "leaf", "#06d6a0"), Category(CategoryId(2), "stone", "#ef476f"))


class Journal:
    """Writes nothing."""

    def append(self, edit: Edit) -> None: ...

    def step(self, edit: Edit, *, position: int) -> None: ...


class FakeCategories(list[Category]):
    """Tells that a shape waits for one."""

    def __init__(self, wanted: Callable[[], object]) -> None:
        super().__init__(CATEGORIES)
        self.want = wanted


@dataclass
class FakeProject:
    """Knows where images are."""

    images_dir: Path = Path()


class FakeSession(QObject):
    """What the contract says of a session, as far as canvas and tools use it."""

    document_changed = Signal()
    document_ahead = Signal(object)
    annotations_changed = Signal(object)
    selection_changed = Signal()
    categories_changed = Signal()
    category_changed = Signal()
    category_wanted = Signal()
    prediction_changed = Signal()
    threshold_changed = Signal(float)
    view_changed = Signal()
    tool_changed = Signal(str)
    message = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.project = FakeProject()
        self.records: list[ImageRecord] = []
        self.images = SimpleNamespace(place=self._place)
        self.document: ImageDocument | None = None
        self.image_id: ImageId | None = None
        self.pixels: NDArray[np.uint8] | None = None
        self.prediction: Prediction | None = None
        self.model = SimpleNamespace(version=None, look=lambda document: self.predict_current())
        self.who = ""
        self.auto_prelabel = False
        self.selection: tuple[AnnotationId, ...] = ()
        self.categories = FakeCategories(self.category_wanted.emit)
        self.category: Category | None = CATEGORIES[0]
        self.threshold = 0.0
        self.hidden: frozenset[AnnotationId] = frozenset()
        self.applied: list[Edit] = []
        self.messages: list[str] = []
        self.message.connect(lambda text, kind: self.messages.append(text))
        self._next = 1000
        self._documents: dict[ImageId, ImageDocument] = {}

    def _place(self, image_id: ImageId | None) -> int | None:
        found = (number for number, each in enumerate(self.records) if each.id == image_id)
        return next(found, None)

    def show(
        self,
        pixels: NDArray[np.uint8] | None,
        annotations: Iterable[Annotation] = (),
        *,
        id: int = 1,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Open an image of `pixels`, or of `size` where they are not decoded yet."""
        if size is None:
            assert pixels is not None
            size = pixels.shape[1], pixels.shape[0]
        record = ImageRecord(ImageId(id), f"{id}.jpg", *size, ImageState.IN_PROGRESS)
        self.document = ImageDocument(
            DocumentData(record, tuple(annotations), (), ()), Journal(), self._new_id
        )
        document = self.document
        document.changed.connect(lambda edit: self._changed(document, edit))
        self._documents[record.id] = document
        self.image_id, self.pixels, self.selection = ImageId(id), pixels, ()
        self.document_changed.emit()

    def show_again(self, document: ImageDocument) -> None:
        """Open an image whose document is in memory."""
        self.document, self.image_id, self.selection = document, document.image.id, ()
        self.document_changed.emit()

    def _new_id(self) -> AnnotationId:
        self._next += 1
        return AnnotationId(self._next)

    def _changed(self, document: ImageDocument, edit: Edit) -> None:
        if document is not self.document:
            return
        self.selection = tuple(each for each in self.selection if each in self.document.annotations)
        self.annotations_changed.emit(edit)

    def apply(self, edit: Edit) -> None:
        assert self.document is not None
        self.applied.append(self.document.apply(edit))

    def open_document(self, image_id: ImageId) -> ImageDocument | None:
        return self._documents.get(image_id)

    def predict_current(self) -> None:
        self.messages.append("asked for a prediction")

    def undo(self) -> None:
        assert self.document is not None
        self.document.undo()

    def select(self, ids: Iterable[AnnotationId]) -> None:
        chosen = tuple(ids)
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit()

    def visible(self, annotation: Annotation) -> bool:
        if annotation.state is AnnotationState.REJECTED or annotation.id in self.hidden:
            return False
        proposed = annotation.state is AnnotationState.PROPOSED
        return not proposed or annotation.score is None or annotation.score >= self.threshold


def annotation(
    id: int,
    geometry: Geometry,
    size: tuple[int, int],
    *,
    category: int = 1,
    state: AnnotationState = AnnotationState.DRAWN,
    score: float | None = None,
) -> Annotation:
    """An annotation of image 1 with a box and an area that fit."""
    bbox, area = measure(geometry, *size)
    return Annotation(
        AnnotationId(id), ImageId(1), CategoryId(category), state, geometry, bbox, area, score=score
    )


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygons:
    """A rectangle drawn by its corners."""
    return Polygons((PolygonPart(((left, top), (right, top), (right, bottom), (left, bottom))),))


def disc(x: float, y: float, radius: float, size: tuple[int, int]) -> BoxMask:
    """A round mask."""
    left, top = max(int(x - radius), 0), max(int(y - radius), 0)
    right, bottom = min(int(x + radius) + 1, size[0]), min(int(y + radius) + 1, size[1])
    rows, columns = np.mgrid[top:bottom, left:right] + 0.5
    return BoxMask(left, top, (columns - x) ** 2 + (rows - y) ** 2 <= radius * radius)


def mask_annotation(id: int, mask: BoxMask, size: tuple[int, int], **more: object) -> Annotation:
    """An annotation whose geometry is a run-length mask."""
    return annotation(id, from_mask(mask, *size), size, **more)  # type: ignore[arg-type]
