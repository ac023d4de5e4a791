"""Look closer: the network runs again on a part of the image, and an instance gets prototypes that are finer.

The network stretches what it sees to a square and learned from whole photographs: of a slim crop, or of one
of a few pixels, it makes nothing. So the region is a square where the image allows, and never tiny.

Frame: image pixels; boxes and regions are x, y, width, height.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, CategoryId, Origin
from app.candidates import Candidate
from app.edits import Change, Edit, EditKind
from app.fine import FineLook, redrawn
from app.frames import back, local, with_region
from app.geometry import from_mask, mask_iou, measure, tight, to_mask, union
from app.solving import seeded
from model.masks import BoxMask, assemble_all
from model.messages import Prediction

if TYPE_CHECKING:
    from app.document import ImageDocument

Box = tuple[float, float, float, float]
GROWN = 1.4  # the instance's box, each way
LEAST = 64.0  # pixels a side: a smaller region, stretched to the network's size, shows it a blur
SAME = 0.5  # IoU of masks from which a detection of the closer look is the instance
LIKELY = 0.3  # the same where it is of the instance's category, and nothing else is there that it could be
NEW = 0.4  # IoU of masks up to which a detection is another one than what is there
NETWORK_MADE = frozenset({AnnotationState.PROPOSED, AnnotationState.ACCEPTED})


def region_of(box: Box, width: int, height: int) -> Box:
    """What to look at for an instance with this box, in an image of width x height: a square, if it fits."""
    x, y, across, down = box
    side = max(GROWN * max(across, down), LEAST)
    wide, high = min(side, float(width)), min(side, float(height))
    left = min(max(x + across / 2 - wide / 2, 0.0), width - wide)
    top = min(max(y + down / 2 - high / 2, 0.0), height - high)
    return left, top, wide, high


def finer(
    annotation: Annotation,
    prediction: Prediction,
    *,
    category: str = "",
    others: Iterable[Annotation] = (),
    pixels: NDArray[np.uint8] | None = None,
    finely: FineLook | None = None,
) -> tuple[Annotation, BoxMask]:
    """The instance with coefficients of a region's prototypes, and its mask. Call it off the GUI thread.

    What the network made it makes again, finer, where it finds the instance in the region; what a person
    corrected or drew, and what is not found, keeps its pixels, and gets the coefficients that express them
    best. `category`: the instance's, by name; `others`: what else is in the image, which it is not.
    `finely` draws what the network made, found again or not, anew of both of its masks (with `pixels`,
    (H, W, 3) RGB of the image, perhaps reduced).
    """
    here, there = local(annotation, prediction)
    size = there.image_width, there.image_height
    present = to_mask(here.geometry, *size)
    found = None
    if annotation.state in NETWORK_MADE:
        taken = [to_mask(local(each, prediction)[0].geometry, *size) for each in others]
        found = _found(present, there, category, [each for each in taken if each.bits.any()])
    if found is not None:
        mask, origin = found
        made = replace(here, origin=origin, coefficients=None, geometry=from_mask(mask, *size))
        changed, whole = back(annotation, made, mask, prediction)
    else:
        origin = None
        changed, whole = (
            annotation,
            to_mask(annotation.geometry, prediction.image_width, prediction.image_height),
        )
    if annotation.state in NETWORK_MADE and pixels is not None and finely is not None:
        changed, whole = _drawn(annotation, changed, whole, prediction, pixels, finely)
    if origin is None:
        origin = _seed(local(changed, prediction)[0], there)
    finest = with_region(origin, prediction)
    return replace(changed, origin=finest, coefficients=None), whole


def _drawn(
    before: Annotation,
    changed: Annotation,
    mask: BoxMask,
    prediction: Prediction,
    pixels: NDArray[np.uint8],
    finely: FineLook,
) -> tuple[Annotation, BoxMask]:
    """Drawn anew by fine prototypes, which are shown all that either look took for the instance.

    Each look misses parts of a small object, and fine prototypes take away more surely than they add.
    """
    size = prediction.image_width, prediction.image_height
    shown = tight(union(to_mask(before.geometry, *size), mask))
    made = tight(redrawn(shown, pixels, size[0], finely))
    if mask_iou(made, shown) == 1:  # nothing is seen there, or another thing
        return changed, mask
    geometry = from_mask(made, *size)
    bbox, area = measure(geometry, *size)
    return replace(changed, geometry=geometry, bbox=bbox, area=area), made


def _seed(here: Annotation, there: Prediction) -> Origin:
    made = seeded(here, there).origin
    assert made is not None
    return made


def _found(
    present: BoxMask, there: Prediction, category: str, taken: Sequence[BoxMask]
) -> tuple[BoxMask, Origin] | None:
    """The detection that is most like a mask, if one is it at all."""
    masks = assemble_all(there)
    likeness = [mask_iou(present, each) for each in masks]
    for best in sorted(range(len(masks)), key=lambda each: -likeness[each]):
        if likeness[best] < LIKELY:
            break
        elsewhere = max((mask_iou(each, masks[best]) for each in taken), default=0.0)
        if likeness[best] <= elsewhere:
            continue  # it is another instance
        named = not category or there.categories[int(there.classes[best])].casefold() == category.casefold()
        if likeness[best] >= SAME or named:
            return tight(masks[best]), _origin(there, best)
    return None


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
