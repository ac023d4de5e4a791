"""Correcting an annotation in the model's own terms: clicks and coefficients become a new mask.

The network is not run: prototypes and the coefficients as predicted are enough. Frame: image pixels, unless a
name says cells (of the prototypes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState
from app.errors import InputError
from app.geometry import from_mask, measure, to_mask
from model.coefficients import Hint, LinearMask, merge_near, solve
from model.masks import BoxMask, assemble
from model.messages import Prediction
from model.opencv import cv2

Box = tuple[float, float, float, float]  # x y w h
MARGIN = 2.0  # cells that the crop reaches beyond a click outside of it
COARSE = 250_000  # pixels of the grid on which changes are sorted into near and far


@dataclass(frozen=True, slots=True)
class Click:
    """A place that belongs to the instance (`inside`) or does not, with the pixels within `radius` of it."""

    x: float
    y: float
    inside: bool
    radius: float = 0.0


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


def by_clicks(
    annotation: Annotation,
    prediction: Prediction,
    clicks: Sequence[Click],
    *,
    previous: NDArray[np.floating] | None = None,
) -> Annotation:
    """The annotation with the coefficients, as near to its present ones as may be, that obey the clicks.

    `previous`: the solution for all clicks but the last, to start from. The mask changes where a click is and
    in what hangs together with it, nowhere else. A click inside that lies outside of the crop widens it.
    InputError when there are no coefficients, or they are of another prediction.
    """
    before = to_mask(annotation.geometry, prediction.image_width, prediction.image_height)
    coefficients, after = solved(annotation, prediction, clicks, before, previous=previous)
    return _reshaped(annotation, prediction, coefficients, after)


def solved(
    annotation: Annotation,
    prediction: Prediction,
    clicks: Sequence[Click],
    before: BoxMask,
    *,
    previous: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.float64], BoxMask]:
    """The coefficients and the mask of `by_clicks`; `before` is the annotation's mask."""
    if refusal := explain_refusal(annotation, prediction):
        raise InputError(refusal)
    h, w, _ = prediction.prototypes.shape
    x_cells, y_cells = w / prediction.image_width, h / prediction.image_height
    box = crop_of(annotation, prediction)
    for click in clicks:
        if click.inside:
            box = _union(box, _around(click, MARGIN / x_cells, MARGIN / y_cells))
    hints = [
        Hint(each.x * x_cells, each.y * y_cells, each.inside, each.radius * (x_cells + y_cells) / 2)
        for each in clicks
    ]
    start = LinearMask(
        prediction.prototypes.astype(np.float32), present(annotation), 0.0, _relative(box, prediction)
    )
    coefficients = solve(start, hints, previous)
    after = _assembled(prediction, coefficients, box)
    if clicks:
        after = _only_near(before, after, clicks, cell=1 / min(x_cells, y_cells))
    return coefficients, after


def by_coefficients(
    annotation: Annotation,
    prediction: Prediction,
    coefficients: NDArray[np.floating],
    *,
    box: Box | None = None,
) -> Annotation:
    """The annotation with the mask that `coefficients` (k,) make, cropped to `box`. InputError as above."""
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


def _only_near(before: BoxMask, after: BoxMask, clicks: Sequence[Click], *, cell: float) -> BoxMask:
    """`before` with those changes of `after` that belong to a click (FocalClick's progressive merge).

    Which they are is found on a coarser grid where the masks are large; `cell`: pixels of a prototype's cell.
    """
    filled = [each for each in (before, after) if each.bits.size]
    left = min([*(int(each.x) for each in clicks), *(each.left for each in filled)])
    top = min([*(int(each.y) for each in clicks), *(each.top for each in filled)])
    right = max([*(int(each.x) + 1 for each in clicks), *(each.right for each in filled)])
    bottom = max([*(int(each.y) + 1 for each in clicks), *(each.bottom for each in filled)])
    old, new = (_placed(each, left, top, right - left, bottom - top) for each in (before, after))
    step = max(1, math.ceil(math.sqrt(old.size / COARSE)))
    coarse_old, coarse_new = old[::step, ::step], new[::step, ::step]
    taken = np.zeros_like(coarse_old)
    for click in clicks:
        at = (click.x - left) / step, (click.y - top) / step
        radius = max(click.radius, cell) / step
        reach = 3 * _to_edge(coarse_old, *at) + 3 * cell / step + radius
        taken |= merge_near(coarse_old, coarse_new, *at, radius=radius, reach=reach) ^ coarse_old
    chosen = taken.repeat(step, 0).repeat(step, 1)[: old.shape[0], : old.shape[1]]
    return BoxMask(left, top, np.where(chosen, new, old))


def _placed(mask: BoxMask, left: int, top: int, width: int, height: int) -> NDArray[np.bool_]:
    bits = np.zeros((height, width), np.bool_)
    if mask.bits.size:
        bits[mask.top - top : mask.bottom - top, mask.left - left : mask.right - left] = mask.bits
    return bits


def _to_edge(bits: NDArray[np.bool_], x: float, y: float) -> float:
    """How far the mask's edge is from a place, in pixels of the array; its size if there is no edge."""
    row, column = min(int(y), bits.shape[0] - 1), min(int(x), bits.shape[1] - 1)
    here = bits[row, column]
    same = np.pad(bits == here, 1, constant_values=not here)
    if not (bits != here).any():
        return float(max(bits.shape))
    distance = cv2.distanceTransform(same.astype(np.uint8), cv2.DIST_L2, 3)
    return float(distance[row + 1, column + 1])


def _around(click: Click, x_margin: float, y_margin: float) -> Box:
    x_reach, y_reach = max(click.radius, x_margin), max(click.radius, y_margin)
    return (click.x - x_reach, click.y - y_reach, 2 * x_reach, 2 * y_reach)


def _union(a: Box, b: Box) -> Box:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return (x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y)


def _relative(box: Box, prediction: Prediction) -> tuple[float, float, float, float]:
    """x1 y1 x2 y2 of the image's size."""
    x, y, w, h = box
    width, height = prediction.image_width, prediction.image_height
    return (x / width, y / height, (x + w) / width, (y + h) / height)
