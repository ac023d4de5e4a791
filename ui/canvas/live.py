"""An instance as it is being edited: shown in place of the settled one. Frame: image pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.annotation import AnnotationId
from app.geometry import Polygons
from model.masks import BoxMask
from ui.canvas.compose import Color, Shape
from ui.canvas.scene import Look, style_of
from ui.canvas.transform import Rect


@dataclass(slots=True, eq=False)
class Live:
    """An instance being edited. Its mask's bits may change as long as `Stage.patch` is told where."""

    id: AnnotationId | None  # None: a new one
    geometry: BoxMask | Polygons
    color: Color
    box: Rect | None = None  # holds the mask, where its bits are much larger than it; kept by whoever edits
    touched: Rect | None = None  # all that was patched

    @property
    def extent(self) -> Rect:
        return self.box if self.box is not None else extent_of(self.geometry)

    def shape(self, look: Look) -> Shape:
        """What is painted of it."""
        return Shape(self.id, self.geometry, self.extent, style_of(self.color, look, selected=True))


def extent_of(geometry: BoxMask | Polygons) -> Rect:
    """The rectangle that a geometry's arrays or outlines take up."""
    if isinstance(geometry, BoxMask):
        return geometry.left, geometry.top, geometry.right, geometry.bottom
    points = np.array([point for part in geometry.parts for point in part.outline]).reshape(-1, 2)
    if not len(points):
        return 0.0, 0.0, 0.0, 0.0
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return float(left), float(top), float(right), float(bottom)
