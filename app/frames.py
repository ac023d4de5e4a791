"""Correcting in the frame of what the network saw: the whole image, or the region that it looked closer at.

`app.correction` works on images; a region is an image of its own. An instance goes into the region's frame,
is corrected there, and comes back; what of it lies outside the region stays as it was.

Frame: image pixels, unless a name says local (pixels of the region).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, Origin
from app.correction import Box, by_coefficients, crop_of
from app.geometry import clip, from_mask, measure, subtract, tight, to_mask, translate, union, window
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2


def belongs(annotation: Annotation, prediction: Prediction) -> bool:
    """Whether an annotation's coefficients are of these prototypes; a drawn one's are of any."""
    origin = annotation.origin
    if origin is None:
        return True
    same = origin.model_version == prediction.model_version and origin.region == prediction.region
    return same and len(origin.coefficients) == prediction.prototypes.shape[2]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The frame of what the network saw, maybe `step` times coarser, and the ways there and back."""

    prediction: Prediction  # as of an image of its own
    seen: Prediction
    step: int

    @staticmethod
    def of(prediction: Prediction, step: int = 1) -> Frame:
        """The frame of a prediction."""
        _, _, width, height = (int(value) for value in prediction.frame)
        width, height = max(width // step, 1), max(height // step, 1)
        there = replace(prediction, image_width=width, image_height=height, region=None, anchors=None)
        return Frame(there, prediction, step)

    def enter(self, mask: BoxMask) -> BoxMask:
        """The part of a mask that the network saw."""
        x, y, width, height = (int(value) for value in self.seen.frame)
        if self.seen.region is not None:
            mask = tight(BoxMask(0, 0, window(mask, x, y, x + width, y + height)))
        if self.step == 1 or not mask.bits.size:
            return mask
        left, top = -(-mask.left // self.step), -(-mask.top // self.step)
        bits = mask.bits[top * self.step - mask.top :: self.step, left * self.step - mask.left :: self.step]
        return BoxMask(left, top, np.ascontiguousarray(bits))

    def enter_point(self, point: tuple[float, float]) -> tuple[float, float]:
        """A place of the image."""
        x, y = self.seen.frame[:2]
        return (point[0] - x) / self.step, (point[1] - y) / self.step

    def enter_annotation(self, annotation: Annotation, mask: BoxMask) -> Annotation:
        """Box and origin of an annotation whose mask entered already; its geometry stays the image's."""
        rows, columns = mask.bits.shape
        origin = annotation.origin
        if origin is not None:
            (x, y), width, height = self.enter_point(origin.box[:2]), origin.box[2], origin.box[3]
            origin = replace(origin, box=(x, y, width / self.step, height / self.step), region=None)
        box = (float(mask.left), float(mask.top), float(columns), float(rows))
        return replace(annotation, bbox=box, origin=origin)

    def leave(self, mask: BoxMask, before: BoxMask) -> BoxMask:
        """A mask back in the image, with what of `before` lies outside of what was seen."""
        if self.step > 1 and mask.bits.size:
            rows, columns = mask.bits.shape
            size = columns * self.step, rows * self.step
            bits = cv2.resize(mask.bits.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
            width, height = self.seen.image_width, self.seen.image_height
            mask = clip(
                BoxMask(mask.left * self.step, mask.top * self.step, bits.view(np.bool_)), width, height
            )
        if self.seen.region is None:
            return mask
        x, y, width, height = (int(value) for value in self.seen.region)
        outside = subtract(before, BoxMask(x, y, np.ones((height, width), np.bool_)))
        mask = translate(mask, x, y)
        return tight(union(outside, mask) if outside.bits.any() else mask)


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

    InputError where they are of other prototypes.
    """
    here, there = local(annotation, prediction)
    if box is not None and prediction.region is not None:
        box = (box[0] - prediction.region[0], box[1] - prediction.region[1], box[2], box[3])
    made = by_coefficients(here, there, coefficients, box=box)
    mask = to_mask(made.geometry, there.image_width, there.image_height)
    return back(annotation, made, mask, prediction)


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
