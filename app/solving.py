"""A person's hints for one instance, from first to last, and the annotation that they make.

A hint is a stroke (a click is a stroke of one point) that says: this belongs to the instance, or does not.
`app.instance_solving` answers them; here they meet annotations: those of a model, of a closer look, and drawn
ones, which have no coefficients and stay without.

Frame: image pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, Origin
from app.correction import explain_refusal, present
from app.errors import InputError
from app.fine import FineLook
from app.frames import UNTOUCHED, belongs
from app.geometry import bounds, covers, from_mask, subtract, tight, to_mask, window
from app.instance_solving import Step, Stroke, solve_near
from model.coefficients import LinearMask, fit
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

__all__ = ["Solved", "Stroke", "changed_rect", "seeded", "solve_strokes"]

Point = tuple[float, float]
Rect = tuple[float, float, float, float]  # left top right bottom
OTHER_REGION = "expected prototypes of the region that the instance was looked at in; look closer again"
ISLAND = 0.2  # of a mask's pixels: a loose piece up to here goes as a whole


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the hints make of an instance."""

    annotation: Annotation | None  # None: a preview
    mask: BoxMask
    steps: tuple[Step, ...]  # what each hint made

    @property
    def painted(self) -> tuple[bool, ...]:
        """For each hint, whether some of it had to be painted."""
        return tuple(each.painted for each in self.steps)


def solve_strokes(
    start: Annotation,
    prediction: Prediction,
    strokes: Sequence[Stroke],
    known: Sequence[Step] = (),
    *,
    before: BoxMask | None = None,
    pixels: NDArray[np.uint8] | None = None,
    preview: bool = False,
    finely: FineLook | None = None,
) -> Solved:
    """The instance after all hints. `start`: as it was before the first one; `before`: its mask, if decoded.

    `known`: what is known of the first hints, so that it need not be made again. `pixels`: (H, W, 3) RGB of
    the image, if they are there. `preview`: only the mask is wanted. `finely`: with fine prototypes, whose
    first answer draws all of a mask anew that nobody has touched. Where no pixel changes, `start` is the
    answer: a proposal stays one. InputError when the coefficients are of other prototypes.
    """
    size = prediction.image_width, prediction.image_height
    old = to_mask(start.geometry, *size) if before is None else before
    if not strokes:
        return Solved(start, old, ())
    if not belongs(start, prediction):
        raise InputError(explain_refusal(start, prediction) or OTHER_REGION)
    drawn = start.origin is None
    k = prediction.prototypes.shape[2]
    coefficients = np.zeros(k, np.float32) if drawn else present(start)
    box = start.bbox if start.origin is None else start.origin.box
    untouched = start.coefficients is None and start.state in UNTOUCHED
    untouched = untouched and not (drawn and start.score is None)  # imported: perhaps a person's work
    steps = solve_near(
        old, coefficients, box, prediction, pixels, strokes, known, untouched=untouched, finely=finely
    )
    mask = tight(_without_islands(steps[-1].mask, old, strokes))
    if preview:
        return Solved(None, mask, steps)
    if changed_rect(old, mask) is None:  # all was right: nobody corrected anything
        return Solved(start, old, steps)
    made = replace(
        start,
        geometry=from_mask(mask, *size),
        bbox=bounds(mask),
        area=float(np.count_nonzero(mask.bits)),
    )
    if start.state in UNTOUCHED:
        made = replace(made, state=AnnotationState.CORRECTED)
    if not drawn:
        found = np.asarray(steps[-1].coefficients, np.float32)  # as it is stored
        made = replace(
            made, coefficients=tuple(float(each) for each in found), state=AnnotationState.CORRECTED
        )
    return Solved(made, mask, steps)


def seeded(annotation: Annotation, prediction: Prediction) -> Annotation:
    """A drawn instance with the coefficients that express its mask best."""
    h, w, k = prediction.prototypes.shape
    x, y, width, height = annotation.bbox
    across, down = prediction.image_width, prediction.image_height
    relative = (x / across, y / down, (x + width) / across, (y + height) / down)
    basis = prediction.prototypes.astype(np.float32)
    target = _in_cells(to_mask(annotation.geometry, across, down), (across, down), (h, w))
    best = fit(LinearMask(basis, np.zeros(k, np.float32), 0.0, relative), target)
    coefficients = tuple(float(each) for each in best)
    return replace(annotation, origin=Origin(prediction.model_version, annotation.bbox, coefficients))


def changed_rect(before: BoxMask, after: BoxMask) -> Rect | None:
    """The rectangle in which two masks differ; None where they do not."""
    filled = [each for each in (before, after) if each.bits.size]
    if not filled:
        return None
    left, top = min(each.left for each in filled), min(each.top for each in filled)
    right, bottom = max(each.right for each in filled), max(each.bottom for each in filled)
    box = left, top, right, bottom
    differs = window(before, *box) ^ window(after, *box)
    rows = np.flatnonzero(differs.any(1))
    if not len(rows):
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(0))
    return (
        float(left + columns[0]),
        float(top + rows[0]),
        float(left + columns[-1] + 1),
        float(top + rows[-1] + 1),
    )


def _without_islands(mask: BoxMask, before: BoxMask, strokes: Sequence[Stroke]) -> BoxMask:
    """The mask without loose pieces of `before` that a hint wants gone: all of a piece, not a bite of it.

    Loose is what hangs together with less than `ISLAND` of the pixels, and has no hint to keep it.
    """
    if not before.bits.size:
        return mask
    kept = [point for each in strokes if each.inside for point in each.points]
    limit = ISLAND * float(np.count_nonzero(before.bits))
    for point in (each.points[0] for each in strokes if not each.inside):
        if not covers(before, *point):
            continue
        known = _islands(before)
        if point not in known:
            piece = _piece(before, point)
            known[point] = piece if np.count_nonzero(piece.bits) <= limit else None
        island = known[point]
        if island is not None and not any(covers(island, *each) for each in kept):
            mask = subtract(mask, island)
    return mask


@lru_cache(maxsize=2)
def _islands(mask: BoxMask) -> dict[Point, BoxMask | None]:
    """What hangs together with places of a mask, if that is loose: looked for once, not with each hint."""
    return {}


def _piece(mask: BoxMask, point: Point) -> BoxMask:
    """What hangs together with a pixel of the mask."""
    bits = mask.bits.astype(np.uint8, order="C")  # a polygon's go down first; OpenCV fills rows
    seed = math.floor(point[0]) - mask.left, math.floor(point[1]) - mask.top
    _, filled, _, (x, y, width, height) = cv2.floodFill(bits, None, seed, 2, flags=8)
    part = np.asarray(filled)[y : y + height, x : x + width] == 2
    return BoxMask(mask.left + x, mask.top + y, part)


def _in_cells(mask: BoxMask, size: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w): the cells whose centres the mask covers; at least the one that most of it lies in."""
    h, w = cells
    x = np.floor((np.arange(w) + 0.5) * size[0] / w).astype(int) - mask.left
    y = np.floor((np.arange(h) + 0.5) * size[1] / h).astype(int) - mask.top
    rows, columns = mask.bits.shape
    result = np.zeros((h, w), np.bool_)
    inside_y, inside_x = (y >= 0) & (y < rows), (x >= 0) & (x < columns)
    result[np.ix_(inside_y, inside_x)] = mask.bits[np.ix_(y[inside_y], x[inside_x])]
    if not result.any() and mask.bits.any():
        at_y, at_x = (np.argwhere(mask.bits).mean(0) + 0.5).tolist()
        row, column = int((mask.top + at_y) * h / size[1]), int((mask.left + at_x) * w / size[0])
        result[min(row, h - 1), min(column, w - 1)] = True
    return result
