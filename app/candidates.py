"""What the model had in mind at a place, or in a box, though it is not (or no longer) shown.

All anchors are asked (`app.box_prompt`), also weak ones; an object that the model has never seen begins from
its box, or from what stands out at the place (`app.offers`). Frame: image pixels; boxes are x, y, width,
height.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, CategoryId, Origin
from app.box_prompt import SURE, Seed, best_of_box
from app.edits import Change, Edit, EditKind
from app.fine import shared_look
from app.geometry import RleMask, bounds, from_mask, tight
from app.offers import offers_at
from model.masks import BoxMask
from model.messages import Prediction

if TYPE_CHECKING:
    from app.document import ImageDocument

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An instance that could be. One that the model does not know: `origin` is None, `category` may be ''."""

    category: str
    score: float | None  # the model's, or how sure fine prototypes are; None: geometry and colour alone
    mask: BoxMask
    geometry: RleMask
    origin: Origin | None


def candidates_at(
    prediction: Prediction, x: float, y: float, pixels: NDArray[np.uint8] | None = None
) -> list[Candidate]:
    """What may be at a place, the likeliest first. Call it off the GUI thread."""
    offers = offers_at(prediction, x, y, pixels, shared_look())
    found = (_candidate(prediction, each) for each in offers)
    return [each for each in found if each is not None]


def candidate_in(
    prediction: Prediction, box: Box, pixels: NDArray[np.uint8] | None, *, sure: float = SURE
) -> Candidate | None:
    """What a drawn box means; None where nothing can be made of it. Call it off the GUI thread.

    `sure`: see `best_of_box`.
    """
    return _candidate(prediction, best_of_box(prediction, box, pixels, finely=shared_look(), sure=sure))


def _candidate(prediction: Prediction, seed: Seed) -> Candidate | None:
    mask = tight(seed.mask)
    if not mask.bits.any():
        return None
    geometry = from_mask(mask, prediction.image_width, prediction.image_height)
    if seed.source == "geometry":
        return Candidate(seed.category, seed.certainty, mask, geometry, None)
    coefficients = tuple(float(each) for each in seed.coefficients)
    origin = Origin(prediction.model_version, seed.box, coefficients, prediction.region)
    score = seed.classes[0][1] if seed.classes else 0.0
    return Candidate(seed.category, score, mask, geometry, origin)


def take(
    candidate: Candidate, document: ImageDocument, category: CategoryId, *, seconds: float = 0.0
) -> tuple[Edit, Annotation]:
    """The edit that makes a candidate an instance, and that instance.

    A proposal that is hidden by the threshold, or was rejected, and is this very detection becomes it.
    """
    seen = candidate.origin is not None
    state = AnnotationState.DRAWN if candidate.score is None else AnnotationState.ACCEPTED
    dormant = (AnnotationState.PROPOSED, AnnotationState.REJECTED)
    for each in document.annotations.values():
        if seen and each.origin == candidate.origin and each.state in dormant:
            made = replace(
                each,
                state=state,
                category_id=category,
                seconds=each.seconds + seconds,
                geometry=candidate.geometry,  # drawn finely
                bbox=bounds(candidate.mask),
                area=float(np.count_nonzero(candidate.mask.bits)),
            )
            return Edit(EditKind.ACCEPT, each.image_id, (Change(each, made),)), made
    made = Annotation(
        id=document.new_id(),
        image_id=document.image.id,
        category_id=category,
        state=state,
        geometry=candidate.geometry,
        bbox=bounds(candidate.mask),
        area=float(np.count_nonzero(candidate.mask.bits)),
        score=candidate.score,
        origin=candidate.origin,
        created=time.time(),
        seconds=seconds,
    )
    return Edit(EditKind.ADD, made.image_id, (Change(None, made),)), made
