"""A person's hints for one instance, from first to last, and the mask that they make.

A hint is a stroke (a click is a stroke of one point) that says: this belongs to the instance, or does not.
The same hints in the same order give the same mask, however fast they were drawn. Hints that the prototypes
cannot obey are painted. Where two hints contradict each other the newer one counts.

Frame: image pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, Origin
from app.correction import Click, by_coefficients, explain_refusal, solved
from app.errors import InputError
from app.frames import Frame, belongs, local
from app.geometry import from_mask, mask_iou, tight, to_mask, window
from model.coefficients import LinearMask, fit
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

Point = tuple[float, float]
Rect = tuple[float, float, float, float]  # left top right bottom
OTHER_REGION = "expected prototypes of the region that the instance was looked at in; look closer again"
MOST = 20  # places of a stroke that count
WIDEST = 8.0  # cells: the largest radius that a hint is painted with
NARROWEST = 0.75  # cells: the smallest
ISLAND = 0.2  # of a mask's pixels: a loose piece up to here goes as a whole
CLEAR = 0.6  # of the way to a hint that says the contrary: as far as a hint paints
CONTRADICTS = 0.75  # cells: hints nearer than this mean one place


@dataclass(frozen=True, slots=True)
class Stroke:
    """One hint: the places it went through, and whether they belong to the instance."""

    points: tuple[Point, ...]
    inside: bool


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the hints make of an instance."""

    annotation: Annotation | None  # None: a preview
    mask: BoxMask
    chain: tuple[NDArray[np.float64], ...]  # the coefficients after the 1st, 2nd ... hint
    painted: tuple[bool, ...]  # for each hint, whether some of it had to be painted


def solve_strokes(
    start: Annotation,
    prediction: Prediction,
    strokes: Sequence[Stroke],
    chain: Sequence[NDArray[np.float64]] = (),
    *,
    before: BoxMask | None = None,
    preview: int = 0,
) -> Solved:
    """The instance after all hints. `start`: as it was before the first one; `before`: its mask, if decoded.

    `chain`: solutions that are known for the first hints, so that they need not be found again. An instance
    without coefficients begins with those that express its mask best, and stays one without. `preview`:
    the mask is true to so many pixels, and no annotation is made. InputError when the
    coefficients are of other prototypes.
    """
    size = prediction.image_width, prediction.image_height
    old = to_mask(start.geometry, *size) if before is None else before
    if not strokes:
        return Solved(start, old, (), ())
    if not belongs(start, prediction):
        raise InputError(explain_refusal(start, prediction) or OTHER_REGION)
    frame = Frame.of(prediction, max(preview, 1))
    inside = frame.enter(old)
    here = frame.enter_annotation(start, inside)
    if start.origin is None:
        here = replace(here, origin=_seed(here, frame.prediction, inside))
    placed = [Stroke(tuple(map(frame.enter_point, each.points)), each.inside) for each in strokes]
    known, mask, painted = _solve(here, frame.prediction, placed, chain, inside)
    mask = frame.leave(mask, old)
    made = None if preview else _with_pixels(start, mask, size)
    if made is not None and start.origin is not None:
        made = replace(
            made,
            coefficients=tuple(float(each) for each in known[-1].astype(np.float32)),  # as it is stored
            state=AnnotationState.CORRECTED,
        )
    return Solved(made, mask, tuple(known), painted)


def _solve(
    start: Annotation,
    prediction: Prediction,
    strokes: Sequence[Stroke],
    chain: Sequence[NDArray[np.float64]],
    before: BoxMask,
) -> tuple[list[NDArray[np.float64]], BoxMask, tuple[bool, ...]]:
    """Chain, mask, and what had to be painted, in the frame of what the network saw; at least one hint."""
    size = prediction.image_width, prediction.image_height
    cell = cell_size(prediction)
    known = list(chain[: len(strokes)])
    mask = before
    for count in range(max(min(len(known), len(strokes) - 1), 0), len(strokes)):
        previous = known[count - 1] if count else None
        clicks = clicks_of(strokes[: count + 1], cell)
        found, mask = solved(start, prediction, clicks, before, previous=previous)
        known[count:] = [found.astype(np.float32).astype(np.float64)]  # what is stored is gone on from
    if mask.bits.any():
        mask = _without_islands(mask, before, strokes)
    else:  # these prototypes can give all of it or nothing: the hints are painted instead
        mask = before
    painted = []
    for number, stroke in enumerate(strokes):
        against = [
            point
            for other in (*strokes[:number], *strokes[number + 1 :])
            if other.inside is not stroke.inside
            for point in other.points
        ]
        mask, was = _painted(mask, stroke, against, cell, size)
        painted.append(was)
    return known, mask, tuple(painted)


def seeded(annotation: Annotation, prediction: Prediction) -> Annotation:
    """A drawn instance with the coefficients that express its mask best, so that hints can change them."""
    mask = to_mask(annotation.geometry, prediction.image_width, prediction.image_height)
    return replace(annotation, origin=_seed(annotation, prediction, mask))


def _seed(annotation: Annotation, prediction: Prediction, mask: BoxMask) -> Origin:
    h, w, k = prediction.prototypes.shape
    x, y, width, height = annotation.bbox
    across, down = prediction.image_width, prediction.image_height
    relative = (x / across, y / down, (x + width) / across, (y + height) / down)
    basis = prediction.prototypes.astype(np.float32)
    target = _in_cells(mask, (across, down), (h, w))
    best = fit(LinearMask(basis, np.zeros(k, np.float32), 0.0, relative), target)
    return Origin(prediction.model_version, annotation.bbox, tuple(float(each) for each in best))


def ceiling(annotation: Annotation, prediction: Prediction) -> float:
    """How well the best coefficients could express the present mask: IoU, 0..1; slow."""
    here, there = local(annotation, prediction)
    size = there.image_width, there.image_height
    present = to_mask(here.geometry, *size)
    best = seeded(here, there)
    assert best.origin is not None
    made = by_coefficients(best, there, np.array(best.origin.coefficients), box=here.bbox)
    return mask_iou(present, to_mask(made.geometry, *size))


def cell_size(prediction: Prediction) -> float:
    """The larger side of a prototype's cell, image pixels."""
    h, w, _ = prediction.prototypes.shape
    return max(prediction.image_width / w, prediction.image_height / h)


def clicks_of(strokes: Sequence[Stroke], cell: float) -> list[Click]:
    """The places that count: at most `MOST` of a stroke, none that a newer stroke contradicts."""
    places = [_thinned(each.points) for each in strokes]
    clicks: list[Click] = []
    for number, stroke in enumerate(strokes):
        newer = [
            np.array(places[later])
            for later in range(number + 1, len(strokes))
            if strokes[later].inside is not stroke.inside
        ]
        against = np.concatenate(newer) if newer else np.zeros((0, 2))
        for point in places[number]:
            away = np.hypot(*(against - point).T)
            if away.min(initial=np.inf) >= CONTRADICTS * cell:
                clicks.append(Click(*point, stroke.inside))
    return clicks


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


def covers(mask: BoxMask, x: float, y: float) -> bool:
    """Whether a mask has the pixel at a place."""
    row, column = math.floor(y) - mask.top, math.floor(x) - mask.left
    rows, columns = mask.bits.shape
    return 0 <= row < rows and 0 <= column < columns and bool(mask.bits[row, column])


def _thinned(points: Sequence[Point]) -> list[Point]:
    """At most `MOST` points of a line, evenly along it, both ends among them."""
    if len(points) <= MOST:
        return list(points)
    line = np.asarray(points, np.float64)
    gone = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    chosen = np.searchsorted(gone, np.linspace(0, gone[-1], MOST))
    return [points[int(index)] for index in dict.fromkeys(np.minimum(chosen, len(points) - 1).tolist())]


def _painted(
    mask: BoxMask, stroke: Stroke, against: Sequence[Point], cell: float, size: tuple[int, int]
) -> tuple[BoxMask, bool]:
    """The mask with those places of a stroke painted that it does not obey, and whether there were any.

    `against`: places of hints that say the contrary; what is painted does not reach them.
    """
    wrong = [each for each in stroke.points if covers(mask, *each) is not stroke.inside]
    if not wrong:
        return mask, False
    alone = len(stroke.points) == 1
    radius = _error_radius(mask, wrong[0], cell) if alone else cell
    if against:
        apart = np.array(wrong)[:, None] - np.array(against)[None]
        radius = max(min(radius, CLEAR * float(np.hypot(*apart.T).min())), 1.0)
    width, height = size
    reach = math.ceil(radius) + 1
    left = max(math.floor(min(x for x, _ in wrong)) - reach, 0)
    top = max(math.floor(min(y for _, y in wrong)) - reach, 0)
    right = min(math.ceil(max(x for x, _ in wrong)) + reach, width)
    bottom = min(math.ceil(max(y for _, y in wrong)) + reach, height)
    if right <= left or bottom <= top:
        return mask, False
    disc = np.zeros((bottom - top, right - left), np.uint8)
    for x, y in wrong:
        centre = (round((x - left - 0.5) * 16), round((y - top - 0.5) * 16))
        cv2.circle(disc, centre, round(radius * 16), 1, -1, cv2.LINE_8, 4)
    return _combined(mask, BoxMask(left, top, disc.astype(np.bool_)), stroke.inside), True


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
        island = _piece(before, point)
        if np.count_nonzero(island.bits) <= limit and not any(covers(island, *each) for each in kept):
            mask = _combined(mask, island, adds=False)
    return mask


def _piece(mask: BoxMask, point: Point) -> BoxMask:
    """What hangs together with a pixel of the mask."""
    bits = mask.bits.astype(np.uint8)
    seed = math.floor(point[0]) - mask.left, math.floor(point[1]) - mask.top
    _, filled, _, (x, y, width, height) = cv2.floodFill(bits, None, seed, 2, flags=8)
    part = np.asarray(filled)[y : y + height, x : x + width] == 2
    return BoxMask(mask.left + x, mask.top + y, part)


def _combined(mask: BoxMask, other: BoxMask, adds: bool) -> BoxMask:
    from app.geometry import subtract, union

    return tight(union(mask, other) if adds else subtract(mask, other))


def _error_radius(mask: BoxMask, point: Point, cell: float) -> float:
    """How far the mask's edge is from a place, within what a hint may paint: the size of the error there."""
    reach = math.ceil(WIDEST * cell)
    step = max(1, reach // 64)  # a few thousand pixels tell it
    x, y = math.floor(point[0]), math.floor(point[1])
    near = window(mask, x - reach, y - reach, x + reach + 1, y + reach + 1)[::step, ::step]
    same = near == covers(mask, *point)
    row, column = reach // step, reach // step
    distance = cv2.distanceTransform(same.astype(np.uint8), cv2.DIST_L2, 3) * step
    return float(min(max(distance[row, column], NARROWEST * cell), WIDEST * cell))


def _with_pixels(annotation: Annotation, mask: BoxMask, size: tuple[int, int]) -> Annotation:
    mask = tight(mask)
    rows, columns = mask.bits.shape
    return replace(
        annotation,
        geometry=from_mask(mask, *size),
        bbox=(float(mask.left), float(mask.top), float(columns), float(rows)),
        area=float(np.count_nonzero(mask.bits)),
    )


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
