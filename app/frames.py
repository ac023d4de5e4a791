"""Correcting in the frame of what the network saw: the whole image, or the region that it looked closer at.

`app.correction` works on images; a region is an image of its own. An instance goes into the region's frame,
is corrected there, and comes back; what of it lies outside the region stays as it was.

Frame: image pixels, unless a name says local (pixels of the region).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, Origin
from app.correction import Box, by_coefficients, crop_of, present
from app.geometry import from_mask, measure, subtract, tight, to_mask, translate, union, window
from model.masks import BoxMask
from model.messages import Prediction

UNTOUCHED = frozenset({AnnotationState.PROPOSED, AnnotationState.ACCEPTED})  # as the network made them


def belongs(annotation: Annotation, prediction: Prediction) -> bool:
    """Whether an annotation's coefficients are of these prototypes; a drawn one's are of any."""
    origin = annotation.origin
    if origin is None:
        return True
    same = origin.model_version == prediction.model_version and origin.region == prediction.region
    return same and len(origin.coefficients) == prediction.prototypes.shape[2]


def local(annotation: Annotation, prediction: Prediction) -> tuple[Annotation, Prediction]:
    """Both in the frame of what the network saw; the same two where that is the whole image."""
    if prediction.region is None:
        return annotation, prediction
    x, y, width, height = (int(value) for value in prediction.region)
    mask = to_mask(annotation.geometry, prediction.image_width, prediction.image_height)
    inside = tight(BoxMask(0, 0, window(mask, x, y, x + width, y + height)))
    geometry = from_mask(inside, width, height)
    bbox, area = measure(geometry, width, height)
    origin = annotation.origin
    if origin is not None:
        left, top, across, down = origin.box
        origin = replace(origin, box=(left - x, top - y, across, down), region=None)
    there = replace(prediction, image_width=width, image_height=height, region=None, anchors=None)
    return replace(annotation, geometry=geometry, bbox=bbox, area=area, origin=origin), there


def back(
    before: Annotation, corrected: Annotation, mask: BoxMask, prediction: Prediction
) -> tuple[Annotation, BoxMask]:
    """A correction (with its local mask) in the frame of the image, on what lay outside the region before."""
    if prediction.region is None:
        return corrected, mask
    x, y, width, height = (int(value) for value in prediction.region)
    size = prediction.image_width, prediction.image_height
    region = BoxMask(x, y, np.ones((height, width), np.bool_))
    outside = subtract(to_mask(before.geometry, *size), region)
    whole = tight(union(outside, translate(mask, x, y)) if outside.bits.any() else translate(mask, x, y))
    rows, columns = whole.bits.shape
    made = replace(
        corrected,
        geometry=from_mask(whole, *size),
        bbox=(float(whole.left), float(whole.top), float(columns), float(rows)),
        area=float(np.count_nonzero(whole.bits)),
        origin=before.origin,
    )
    return made, whole


def recomposed(
    annotation: Annotation,
    prediction: Prediction,
    coefficients: NDArray[np.floating],
    *,
    box: Box | None = None,
) -> tuple[Annotation, BoxMask]:
    """The annotation with the mask that `coefficients` (k,) make, cropped to `box`, and that mask.

    What was painted, or solved beside the prototypes, is where the mask is not what its present coefficients
    make: it stays over the new mask, within `box`. InputError where the coefficients are of other prototypes.
    """
    here, there = local(annotation, prediction)
    size = there.image_width, there.image_height
    if box is not None and prediction.region is not None:
        box = (box[0] - prediction.region[0], box[1] - prediction.region[1], box[2], box[3])
    made = by_coefficients(here, there, coefficients, box=box)
    mask = to_mask(made.geometry, *size)
    if annotation.coefficients is not None or annotation.state is not AnnotationState.PROPOSED:
        now = to_mask(by_coefficients(here, there, present(here)).geometry, *size)
        mask = _layered(mask, now, to_mask(here.geometry, *size), box)
        made = replace(made, geometry=from_mask(mask, *size))
        bbox, area = measure(made.geometry, *size)
        made = replace(made, bbox=bbox, area=area)
    return back(annotation, made, mask, prediction)


def _layered(mask: BoxMask, now: BoxMask, kept: BoxMask, box: Box | None) -> BoxMask:
    """`mask` with the pixels in which `kept` differs from `now`."""
    added, taken = subtract(kept, now), subtract(now, kept)
    if box is not None:
        left, top = round(box[0]), round(box[1])
        right, bottom = round(box[0] + box[2]), round(box[1] + box[3])
        added = BoxMask(left, top, window(added, left, top, right, bottom))
    return tight(subtract(union(mask, added), taken))


def with_region(origin: Origin, prediction: Prediction) -> Origin:
    """An origin of the region's frame in the frame of the image."""
    if prediction.region is None:
        return origin
    x, y = prediction.region[:2]
    left, top, width, height = origin.box
    return replace(origin, box=(left + x, top + y, width, height), region=prediction.region)


def crop_in(annotation: Annotation, prediction: Prediction) -> Box:
    """The crop of an instance's mask as x1 y1 x2 y2, relative to what the network saw."""
    x, y, width, height = prediction.frame
    origin = annotation.origin
    if origin is not None:
        origin = replace(origin, box=_shifted(origin.box, -x, -y))
    here = replace(annotation, origin=origin, bbox=_shifted(annotation.bbox, -x, -y))
    there = replace(prediction, image_width=int(width), image_height=int(height), region=None, anchors=None)
    left, top, across, down = crop_of(here, there)
    return left / width, top / height, (left + across) / width, (top + down) / height


def _shifted(box: Box, dx: float, dy: float) -> Box:
    return box[0] + dx, box[1] + dy, box[2], box[3]
