"""An annotation as a sum of prototypes: other coefficients or another crop become a new mask.

The network is not run: prototypes and the coefficients as predicted are enough. Frame: image pixels, unless a
name says cells (of the prototypes).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState
from app.errors import InputError
from app.geometry import from_mask, measure
from model.masks import BoxMask, assemble
from model.messages import Prediction

Box = tuple[float, float, float, float]  # x y w h


def explain_refusal(annotation: Annotation, prediction: Prediction | None) -> str:
    """Why the annotation cannot be corrected by its coefficients, in one line; '' if it can."""
    if annotation.origin is None:
        return "expected an instance that a model proposed, got one drawn by hand; use the brush"
    if prediction is None:
        return "expected the model's prediction of this image, which is not there yet; pre-label the image"
    if prediction.model_version != annotation.origin.model_version:
        return (
            f"expected the prediction of {annotation.origin.model_version}, which proposed it, got "
            f"that of {prediction.model_version}; make the former active, or use the brush"
        )
    if len(annotation.origin.coefficients) != prediction.prototypes.shape[2]:
        return "expected as many coefficients as prototypes; pre-label the image again"
    return ""


def crop_of(annotation: Annotation, prediction: Prediction) -> Box:
    """The box that the assembly is cropped to: as predicted, grown to hold the mask as corrected.

    A crop keeps the cells that start within one cell of it, so that the cells that the mask lies in, less
    one on each side, are the crop that keeps exactly those: it neither creeps outward nor eats into the mask.
    """
    if annotation.origin is None:
        return annotation.bbox
    h, w, _ = prediction.prototypes.shape
    x_cell, y_cell = prediction.image_width / w, prediction.image_height / h
    x, y, width, height = annotation.bbox
    left, right = math.floor(x / x_cell) + 1, math.ceil((x + width) / x_cell) - 1
    top, bottom = math.floor(y / y_cell) + 1, math.ceil((y + height) / y_cell) - 1
    if left >= right or top >= bottom:
        return annotation.origin.box
    inner = (left * x_cell, top * y_cell, (right - left) * x_cell, (bottom - top) * y_cell)
    return _union(annotation.origin.box, inner)


def by_coefficients(
    annotation: Annotation,
    prediction: Prediction,
    coefficients: NDArray[np.floating],
    *,
    box: Box | None = None,
) -> Annotation:
    """The annotation with the mask that `coefficients` (k,) make in `box`. InputError: `explain_refusal`."""
    if refusal := explain_refusal(annotation, prediction):
        raise InputError(refusal)
    mask = _assembled(prediction, coefficients, box or crop_of(annotation, prediction))
    return _reshaped(annotation, prediction, coefficients, mask)


def present(annotation: Annotation) -> NDArray[np.float32]:
    """(k,): the coefficients as corrected, else as predicted."""
    chosen = annotation.coefficients
    if chosen is None:
        chosen = annotation.origin.coefficients if annotation.origin else ()
    return np.asarray(chosen, np.float32)


def _assembled(prediction: Prediction, coefficients: NDArray[np.floating], box: Box) -> BoxMask:
    return assemble(
        prediction.prototypes,
        np.asarray(coefficients, np.float32),
        np.asarray(_relative(box, prediction), np.float32),
        prediction.image_width,
        prediction.image_height,
    )


def _reshaped(
    annotation: Annotation, prediction: Prediction, coefficients: NDArray[np.floating], mask: BoxMask
) -> Annotation:
    width, height = prediction.image_width, prediction.image_height
    geometry = from_mask(mask, width, height)
    bbox, area = measure(geometry, width, height)
    return replace(
        annotation,
        geometry=geometry,
        bbox=bbox,
        area=area,
        coefficients=tuple(float(each) for each in np.asarray(coefficients, np.float32)),  # as it is stored
        state=AnnotationState.CORRECTED,
    )


def _union(a: Box, b: Box) -> Box:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return (x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y)


def _relative(box: Box, prediction: Prediction) -> tuple[float, float, float, float]:
    """x1 y1 x2 y2 of the image's size."""
    x, y, w, h = box
    width, height = prediction.image_width, prediction.image_height
    return (x / width, y / height, (x + w) / width, (y + h) / height)
