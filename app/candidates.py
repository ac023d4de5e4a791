"""What the model had in mind at a place, or in a box, though it is not (or no longer) shown.

Detections are asked, also weak ones; where there is none, an object that the model has never seen begins from
the geometry of its box alone. Frame: image pixels; boxes are x, y, width, height.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, CategoryId, Origin
from app.edits import Change, Edit, EditKind
from app.geometry import RleMask, from_mask, mask_iou, tight
from model.coefficients import Hint, LinearMask, solve
from model.masks import BoxMask, assemble
from model.messages import Prediction

if TYPE_CHECKING:
    from app.document import ImageDocument

Box = tuple[float, float, float, float]
MOST = 6  # candidates that are offered
ALIKE = 0.85  # IoU of masks from which two candidates are one
SAME_BOX = 0.5  # IoU of boxes from which a detection is what was meant by a drawn box
INNER, RING = 0.4, 0.08  # of a novel object's box: what surely belongs to it, and how far outside surely not


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An instance that could be. From geometry alone: `category` is '' and `score` None."""

    category: str
    score: float | None
    mask: BoxMask
    geometry: RleMask
    origin: Origin


def candidates_at(prediction: Prediction, x: float, y: float) -> list[Candidate]:
    """Detections whose masks hold a place, by falling score; each shape once. Call it off the GUI thread."""
    h, w, _ = prediction.prototypes.shape
    across, down = x / prediction.image_width, y / prediction.image_height
    row, column = min(int(down * h), h - 1), min(int(across * w), w - 1)
    boxes = prediction.boxes
    holds = (boxes[:, 0] <= across) & (across <= boxes[:, 2])
    holds &= (boxes[:, 1] <= down) & (down <= boxes[:, 3])
    holds &= prediction.coefficients @ prediction.prototypes[row, column].astype(np.float32) > 0
    return _distinct(prediction, np.flatnonzero(holds).tolist())


def candidates_in(prediction: Prediction, box: Box) -> list[Candidate]:
    """Detections whose boxes are about a drawn one, the best fit first; else one made from geometry."""
    x, y, width, height = box
    size = prediction.image_width, prediction.image_height
    drawn = np.array([x / size[0], y / size[1], (x + width) / size[0], (y + height) / size[1]])
    fit = _ious(prediction.boxes, drawn)
    order = [int(index) for index in np.argsort(-fit, kind="stable") if fit[index] >= SAME_BOX]
    found = _distinct(prediction, order)
    if found:
        return found
    made = novel(prediction, box)
    return [made] if made is not None else []


def novel(prediction: Prediction, box: Box) -> Candidate | None:
    """An instance from its box alone: its middle belongs to it, what lies around does not. None: no mask."""
    h, w, k = prediction.prototypes.shape
    x, y, width, height = box
    x_cells, y_cells = w / prediction.image_width, h / prediction.image_height
    hints = []
    for number in range(8):
        turn = number * math.pi / 4
        for reach, inside in ((INNER / 2, True), (0.5 * (1 + RING) * math.sqrt(2), False)):
            place_x = x + width * (0.5 + reach * math.cos(turn))
            place_y = y + height * (0.5 + reach * math.sin(turn))
            if 0 <= place_x < prediction.image_width and 0 <= place_y < prediction.image_height:
                hints.append(Hint(place_x * x_cells, place_y * y_cells, inside))
    relative = _relative(prediction, box)
    basis = prediction.prototypes.astype(np.float32)
    found = solve(LinearMask(basis, np.zeros(k, np.float32), 0.0, relative), hints)
    coefficients = np.asarray(found, np.float32)
    mask = _mask(prediction, coefficients, relative)
    if not mask.bits.any():
        return None
    origin = Origin(prediction.model_version, box, tuple(float(each) for each in coefficients))
    return _candidate(prediction, "", None, mask, origin)


def take(
    candidate: Candidate, document: ImageDocument, category: CategoryId, *, seconds: float = 0.0
) -> tuple[Edit, Annotation]:
    """The edit that makes a candidate an instance, and that instance.

    A proposal that is hidden by the threshold, or was rejected, and is this very detection becomes it.
    """
    state = AnnotationState.ACCEPTED if candidate.score is not None else AnnotationState.CORRECTED
    dormant = (AnnotationState.PROPOSED, AnnotationState.REJECTED)
    for each in document.annotations.values():
        if each.origin == candidate.origin and each.state in dormant:
            made = replace(each, state=state, seconds=each.seconds + seconds)
            return Edit(EditKind.ACCEPT, each.image_id, (Change(each, made),)), made
    mask = candidate.mask
    rows, columns = mask.bits.shape
    made = Annotation(
        id=document.new_id(),
        image_id=document.image.id,
        category_id=category,
        state=state,
        geometry=candidate.geometry,
        bbox=(float(mask.left), float(mask.top), float(columns), float(rows)),
        area=float(np.count_nonzero(mask.bits)),
        score=candidate.score,
        origin=candidate.origin,
        created=time.time(),
        seconds=seconds,
    )
    return Edit(EditKind.ADD, made.image_id, (Change(None, made),)), made


def _distinct(prediction: Prediction, indices: Sequence[int]) -> list[Candidate]:
    """The first `MOST` of these detections that have a mask unlike those before it."""
    found: list[Candidate] = []
    width, height = prediction.image_width, prediction.image_height
    for index in indices:
        x1, y1, x2, y2 = (float(value) for value in prediction.boxes[index])
        mask = _mask(prediction, prediction.coefficients[index], (x1, y1, x2, y2))
        if not mask.bits.any() or any(mask_iou(mask, each.mask) > ALIKE for each in found):
            continue
        box = (x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height)
        coefficients = tuple(float(value) for value in prediction.coefficients[index])
        name = prediction.categories[int(prediction.classes[index])]
        origin = Origin(prediction.model_version, box, coefficients)
        found.append(_candidate(prediction, name, float(prediction.scores[index]), mask, origin))
        if len(found) == MOST:
            break
    return found


def _candidate(
    prediction: Prediction, name: str, score: float | None, mask: BoxMask, origin: Origin
) -> Candidate:
    mask = tight(mask)
    geometry = from_mask(mask, prediction.image_width, prediction.image_height)
    return Candidate(name, score, mask, geometry, origin)


def _mask(prediction: Prediction, coefficients: NDArray[np.float32], relative: Box) -> BoxMask:
    return assemble(
        prediction.prototypes,
        coefficients,
        np.asarray(relative, np.float32),
        prediction.image_width,
        prediction.image_height,
    )


def _relative(prediction: Prediction, box: Box) -> Box:
    x, y, width, height = box
    across, down = prediction.image_width, prediction.image_height
    return x / across, y / down, (x + width) / across, (y + height) / down


def _ious(boxes: NDArray[np.float32], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): IoU of relative boxes (n, 4) with one."""
    low, high = np.maximum(boxes[:, :2], other[:2]), np.minimum(boxes[:, 2:], other[2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    either = areas + np.prod(other[2:] - other[:2]) - both
    return np.asarray(both / np.maximum(either, 1e-12), np.float64)
