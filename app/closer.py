"""Look closer: the network runs again on a part of the image, and an instance gets prototypes that are finer.

Frame: image pixels; boxes and regions are x, y, width, height.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from app.annotation import Annotation, AnnotationState, CategoryId, Origin
from app.candidates import Candidate
from app.edits import Change, Edit, EditKind
from app.frames import back, local, with_region
from app.geometry import from_mask, mask_iou, measure, tight, to_mask
from app.solving import seeded
from model.masks import BoxMask, assemble_all
from model.messages import Prediction

if TYPE_CHECKING:
    from app.document import ImageDocument

Box = tuple[float, float, float, float]
GROWN = 1.4  # the instance's box, each way
LEAST = 24.0  # pixels: a smaller region shows the network nothing
SAME = 0.5  # IoU of masks from which a detection of the closer look is the instance
NEW = 0.4  # IoU of masks up to which a detection is another one than what is there
NETWORK_MADE = frozenset({AnnotationState.PROPOSED, AnnotationState.ACCEPTED})


def region_of(box: Box, width: int, height: int) -> Box:
    """What to look at for an instance with this box, in an image of width x height."""
    x, y, across, down = box
    wide, high = max(across * GROWN, LEAST), max(down * GROWN, LEAST)
    left, top = x + across / 2 - wide / 2, y + down / 2 - high / 2
    right, bottom = min(left + wide, float(width)), min(top + high, float(height))
    left, top = max(left, 0.0), max(top, 0.0)
    return left, top, right - left, bottom - top


def finer(annotation: Annotation, prediction: Prediction) -> tuple[Annotation, BoxMask]:
    """The instance with coefficients of a region's prototypes, and its mask. Call it off the GUI thread.

    What the network made it makes again, finer, where it finds the instance in the region; what a person
    corrected or drew keeps its pixels, and gets the coefficients that express them best.
    """
    here, there = local(annotation, prediction)
    size = there.image_width, there.image_height
    present = to_mask(here.geometry, *size)
    found = _found(present, there) if annotation.state in NETWORK_MADE else None
    if found is not None:
        mask, origin = found
        made = replace(here, origin=origin, coefficients=None, geometry=from_mask(mask, *size))
        changed, whole = back(annotation, made, mask, prediction)
    else:
        origin = _seed(here, there)
        changed, whole = (
            annotation,
            to_mask(annotation.geometry, prediction.image_width, prediction.image_height),
        )
    finest = with_region(origin, prediction)
    return replace(changed, origin=finest, coefficients=None), whole


def _seed(here: Annotation, there: Prediction) -> Origin:
    made = seeded(here, there).origin
    assert made is not None
    return made


def _found(present: BoxMask, there: Prediction) -> tuple[BoxMask, Origin] | None:
    """The detection that is most like a mask, if one is it at all."""
    masks = assemble_all(there)
    likeness = [mask_iou(present, each) for each in masks]
    best = int(np.argmax(likeness)) if likeness else -1
    if best < 0 or likeness[best] < SAME:
        return None
    return tight(masks[best]), _origin(there, best)


def _origin(there: Prediction, index: int) -> Origin:
    x1, y1, x2, y2 = (float(value) for value in there.boxes[index])
    width, height = there.image_width, there.image_height
    box = (x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height)
    return Origin(there.model_version, box, tuple(float(each) for each in there.coefficients[index]))


def unseen(prediction: Prediction, present: Iterable[Annotation], min_score: float) -> list[Candidate]:
    """Detections of a region, from a score on, that none of the present annotations is; slow."""
    size = prediction.image_width, prediction.image_height
    known = [to_mask(each.geometry, *size) for each in present]
    x, y, width, height = prediction.frame
    found = []
    indices = [index for index, score in enumerate(prediction.scores) if score >= min_score]
    for index, mask in zip(indices, assemble_all(prediction, indices), strict=True):
        mask = tight(mask)
        if not mask.bits.any() or any(mask_iou(mask, each) > NEW for each in known):
            continue
        known.append(mask)
        x1, y1, x2, y2 = (float(value) for value in prediction.boxes[index])
        origin = Origin(
            prediction.model_version,
            (x + x1 * width, y + y1 * height, (x2 - x1) * width, (y2 - y1) * height),
            tuple(float(value) for value in prediction.coefficients[index]),
            prediction.region,
        )
        name = prediction.categories[int(prediction.classes[index])]
        found.append(Candidate(name, float(prediction.scores[index]), mask, from_mask(mask, *size), origin))
    return found


def propose(found: Iterable[tuple[Candidate, CategoryId]], document: ImageDocument) -> Edit | None:
    """The edit that offers what a closer look found beside what is there; None for nothing."""
    changes = []
    for each, category in found:
        bbox, area = measure(each.geometry, document.image.width, document.image.height)
        made = Annotation(
            id=document.new_id(),
            image_id=document.image.id,
            category_id=category,
            state=AnnotationState.PROPOSED,
            geometry=each.geometry,
            bbox=bbox,
            area=area,
            score=each.score,
            origin=each.origin,
            created=time.time(),
        )
        changes.append(Change(None, made))
    return Edit(EditKind.PRELABEL, document.image.id, tuple(changes)) if changes else None
