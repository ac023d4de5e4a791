"""Which of the document's annotations the canvas shows, in what look; and which of them lie under a point.

Frame: image pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationId, AnnotationState, Category, CategoryId
from app.geometry import Polygons
from model.masks import BoxMask
from ui.canvas import hit_testing
from ui.canvas.compose import Color
from ui.canvas.label_places import Label
from ui.canvas.scene import NO_COLOR, Look, instance_color, parse_color
from ui.canvas.stage import Stage
from ui.canvas.transform import Rect

if TYPE_CHECKING:
    from app.document import ImageDocument
    from ui.session import Session


class Shown:
    """The annotations on the canvas; `refresh` after anything that decides about them."""

    def __init__(self, session: Session, stage: Stage) -> None:
        self._session, self._stage = session, stage
        self._categories: dict[CategoryId, Category] = {}
        self._boxes: NDArray[np.float64] = np.zeros((0, 4))
        self._areas: NDArray[np.float64] = np.zeros(0)
        self._ids: list[AnnotationId] = []
        self._labels: dict[AnnotationId, tuple[Annotation, tuple[str, Color, bool, bool], Label]] = {}
        self.annotations: list[Annotation] = []
        self.look = Look()

    def refresh(self, document: ImageDocument | None) -> None:
        """Take the document as it is now to the stage."""
        visible = self._session.visible
        found = document.annotations.values() if document is not None else ()
        self.annotations = [each for each in found if visible(each)]
        self._ids = [each.id for each in self.annotations]
        self._boxes = np.array([each.bbox for each in self.annotations], np.float64).reshape(-1, 4)
        self._areas = np.array([each.area for each in self.annotations], np.float64)
        self._categories = {each.id: each for each in self._session.categories}
        colors = {id: parse_color(each.color) for id, each in self._categories.items()}
        self._stage.masks.keep(document.annotations.keys() if document is not None else ())
        scene = self._stage.scene
        self._stage.show(scene.update(self.annotations, set(self._session.selection), colors, self.look))

    def foresee(self, document: ImageDocument) -> None:
        """Prepare a document that may be shown next."""
        geometries = {each.id: each.geometry for each in document.annotations.values()}
        masks = self._stage.masks
        self._session.workers.when_free(lambda: masks.foresee(document.image.id, geometries))

    def mask_of(self, id: AnnotationId) -> BoxMask:
        """An annotation's mask; decoded once."""
        document = self._session.document
        assert document is not None
        geometry = document.annotations[id].geometry
        return self._stage.masks.get(id, geometry, document.image.width, document.image.height)

    def at(self, x: float, y: float, tolerance: float) -> list[AnnotationId]:
        """The instances under a point, the smallest first."""
        if self.look.peek:
            return []
        return hit_testing.instances_at(
            x, y, self._ids, self._boxes, self._areas, self.mask_of, tolerance=tolerance
        )

    def within(self, rect: Rect) -> list[AnnotationId]:
        """The instances that lie wholly in a rectangle."""
        return hit_testing.instances_in(rect, self._ids, self._boxes)

    def in_reading_order(self) -> list[AnnotationId]:
        """All of them, row by row: the order in which Tab goes through them."""
        centres = self._boxes[:, :2] + self._boxes[:, 2:] / 2
        row = max(float(np.median(self._boxes[:, 3])), 1.0) if len(self._boxes) else 1.0
        return [self._ids[index] for index in np.lexsort((centres[:, 0], centres[:, 1] // row))]

    def color_of(self, annotation: Annotation) -> Color:
        """The colour an annotation is shown in."""
        if self.look.color_by_instance:
            return instance_color(annotation.id)
        return self.category_color(annotation.category_id)

    def category_color(self, id: CategoryId | None) -> Color:
        """A category's colour."""
        known = self._categories.get(id) if id is not None else None
        return parse_color(known.color) if known is not None else NO_COLOR

    def labels(self) -> list[Label]:
        """What the chips say: the category, and of open proposals the score."""
        chosen, known = set(self._session.selection), self._labels
        self._labels = {}
        for each in self.annotations:
            mask = self._stage.masks.known(each.id, each.geometry)
            look = self._text(each), self.color_of(each), each.id in chosen, mask is not None
            made = known.get(each.id)
            if made is None or made[0] is not each or made[1] != look:
                label = Label(each.id, look[0], look[1], _rect(each), _peak(each, mask), look[2])
                made = each, look, label
            self._labels[each.id] = made
        return [label for _, _, label in self._labels.values()]

    def boxes(self) -> list[tuple[Rect, Color]]:
        """Every instance's box and colour."""
        return [(_rect(each), self.color_of(each)) for each in self.annotations]

    def extent(self, ids: tuple[AnnotationId, ...]) -> Rect | None:
        """The rectangle around some of the instances."""
        rects = np.array([_rect(each) for each in self.annotations if each.id in ids]).reshape(-1, 4)
        if not len(rects):
            return None
        left, top = rects[:, :2].min(0)
        right, bottom = rects[:, 2:].max(0)
        return float(left), float(top), float(right), float(bottom)

    def _text(self, annotation: Annotation) -> str:
        category = self._categories.get(annotation.category_id)
        name = category.name if category is not None else f"category {annotation.category_id}"
        name = name if len(name) <= 28 else name[:27] + "…"
        if annotation.state is not AnnotationState.PROPOSED or annotation.score is None:
            return name  # what is taken is the person's word, whatever the model thought of it
        return f"{name} {annotation.score:.2f}"


def _peak(annotation: Annotation, mask: BoxMask | None) -> float:
    """The x of the instance's topmost pixels: where its label belongs. `mask`: its mask, if it is decoded."""
    if isinstance(annotation.geometry, Polygons):
        points = [point for part in annotation.geometry.parts for point in part.outline]
        return min(points, key=lambda point: point[1])[0] if points else annotation.bbox[0]
    if mask is None or not mask.bits.size:
        return annotation.bbox[0] + annotation.bbox[2] / 2
    columns = np.flatnonzero(mask.bits[0])
    return mask.left + (float(columns[0] + columns[-1]) + 1) / 2 if len(columns) else annotation.bbox[0]


def _rect(annotation: Annotation) -> Rect:
    x, y, width, height = annotation.bbox
    return x, y, x + width, y + height
