"""An instance that is in the document, and the ids and states around it.

Frame of boxes: image pixels, (x, y, width, height) as COCO has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:  # the shapes need numpy and OpenCV, the words do not
    from app.geometry import Geometry

ImageId = NewType("ImageId", int)
AnnotationId = NewType("AnnotationId", int)
CategoryId = NewType("CategoryId", int)


class AnnotationState(StrEnum):
    """How an annotation came to be what it is. `REJECTED` is remembered so that it does not come back."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    DRAWN = "drawn"
    REJECTED = "rejected"


class ImageState(StrEnum):
    """Where an image stands. Only `DONE` images are trained on and exported by default."""

    NEW = "new"
    PRELABELLED = "prelabelled"
    IN_PROGRESS = "in progress"
    DONE = "done"
    SKIPPED = "skipped"


PERSONS_WORK = frozenset({AnnotationState.ACCEPTED, AnnotationState.CORRECTED, AnnotationState.DRAWN})


@dataclass(frozen=True, slots=True)
class Category:
    """COCO's category. The id is never renumbered. `color` is '#rrggbb'."""

    id: CategoryId
    name: str
    color: str
    supercategory: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What an annotation came from, kept for ever: the model's numbers as predicted."""

    model_version: str
    box: tuple[float, float, float, float]  # image pixels, x y w h, as predicted (also the assembly's crop)
    coefficients: tuple[float, ...]  # (k,) as predicted
    region: tuple[float, float, float, float] | None = (
        None  # of the prediction whose prototypes these are for
    )


@dataclass(frozen=True, slots=True)
class Annotation:
    """One instance. A value: every change makes a new one (`dataclasses.replace`)."""

    id: AnnotationId
    image_id: ImageId
    category_id: CategoryId
    state: AnnotationState
    geometry: Geometry
    bbox: tuple[float, float, float, float]  # tight box of the mask, x y w h
    area: float  # pixels of the mask
    is_crowd: bool = False
    score: float | None = None
    origin: Origin | None = None
    coefficients: tuple[float, ...] | None = None  # (k,) as corrected; None = as predicted
    author: str = ""
    created: float = 0.0  # seconds since the epoch
    seconds: float = 0.0  # the person's time on it
    extra: str = ""  # JSON object: unknown fields of an import, given back at export
