"""What lies under a point or in a rectangle: functions over arrays, apart from painting.

Frame: image pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from app.annotation import AnnotationId
from app.geometry import Point, Polygons
from model.masks import BoxMask

HANDLES = ("nw", "n", "ne", "e", "se", "s", "sw", "w")


def instances_at(
    x: float,
    y: float,
    ids: Sequence[AnnotationId],
    boxes: ArrayLike,
    areas: ArrayLike,
    mask_of: Callable[[AnnotationId], BoxMask],
    *,
    tolerance: float = 0.0,
) -> list[AnnotationId]:
    """The instances under (x, y), the smallest first. `boxes` (n, 4) x y w h, `areas` (n,).

    Where no mask has the very point, those with a pixel within `tolerance` count.
    """
    bounds = np.asarray(boxes, np.float64).reshape(-1, 4)
    near = np.flatnonzero(
        (bounds[:, 0] - tolerance <= x)
        & (x <= bounds[:, 0] + bounds[:, 2] + tolerance)
        & (bounds[:, 1] - tolerance <= y)
        & (y <= bounds[:, 1] + bounds[:, 3] + tolerance)
    )
    near = near[np.argsort(np.asarray(areas, np.float64)[near], kind="stable")]
    found = [ids[index] for index in near.tolist() if covers(mask_of(ids[index]), x, y)]
    if found or tolerance <= 0:
        return found
    return [ids[index] for index in near.tolist() if covers(mask_of(ids[index]), x, y, tolerance)]


def covers(mask: BoxMask, x: float, y: float, tolerance: float = 0.0) -> bool:
    """Whether the mask has the pixel of (x, y), or one whose centre is within `tolerance`."""
    column, row = math.floor(x) - mask.left, math.floor(y) - mask.top
    height, width = mask.bits.shape
    if 0 <= column < width and 0 <= row < height and mask.bits[row, column]:
        return True
    if tolerance <= 0:
        return False
    reach = math.ceil(tolerance)
    top, left = max(row - reach, 0), max(column - reach, 0)
    part = mask.bits[top : max(row + reach + 1, 0), left : max(column + reach + 1, 0)]
    rows, columns = np.nonzero(part)
    if not len(rows):
        return False
    dx = columns + left + mask.left + 0.5 - x
    dy = rows + top + mask.top + 0.5 - y
    return bool((dx * dx + dy * dy).min() <= tolerance * tolerance)


def instances_in(
    rect: tuple[float, float, float, float], ids: Sequence[AnnotationId], boxes: ArrayLike
) -> list[AnnotationId]:
    """Those whose box lies wholly in `rect` (left, top, right, bottom)."""
    bounds = np.asarray(boxes, np.float64).reshape(-1, 4)
    left, top, right, bottom = rect
    inside = (
        (bounds[:, 0] >= left)
        & (bounds[:, 1] >= top)
        & (bounds[:, 0] + bounds[:, 2] <= right)
        & (bounds[:, 1] + bounds[:, 3] <= bottom)
    )
    return [ids[index] for index in np.flatnonzero(inside).tolist()]


def nearest(points: ArrayLike, x: float, y: float, tolerance: float) -> int:
    """The index of the point nearest to (x, y) within `tolerance`, -1 for none. `points` (n, 2)."""
    places = np.asarray(points, np.float64).reshape(-1, 2)
    if not len(places):
        return -1
    distances = np.hypot(places[:, 0] - x, places[:, 1] - y)
    best = int(distances.argmin())
    return best if distances[best] <= tolerance else -1


def nearest_edge(ring: ArrayLike, x: float, y: float, tolerance: float) -> tuple[int, Point] | None:
    """The edge of a closed ring (n, 2) nearest to (x, y) within `tolerance`: its start, and the point."""
    start = np.asarray(ring, np.float64).reshape(-1, 2)
    if len(start) < 2:
        return None
    along = np.roll(start, -1, axis=0) - start
    lengths = np.maximum((along * along).sum(1), 1e-12)
    at = np.clip((((x, y) - start) * along).sum(1) / lengths, 0, 1)
    feet = start + at[:, None] * along
    distances = np.hypot(feet[:, 0] - x, feet[:, 1] - y)
    best = int(distances.argmin())
    if distances[best] > tolerance:
        return None
    return best, (float(feet[best, 0]), float(feet[best, 1]))


def rings(polygons: Polygons) -> list[tuple[int, int]]:
    """The rings of polygons by (part, hole); hole -1 is the outline."""
    return [(index, hole) for index, part in enumerate(polygons.parts) for hole in range(-1, len(part.holes))]


def ring_of(polygons: Polygons, place: tuple[int, int]) -> tuple[Point, ...]:
    """The ring at (part, hole)."""
    part = polygons.parts[place[0]]
    return part.outline if place[1] < 0 else part.holes[place[1]]


def nearest_vertex(
    polygons: Polygons, x: float, y: float, tolerance: float
) -> tuple[tuple[int, int], int] | None:
    """The vertex nearest to (x, y) within `tolerance`: its ring (part, hole) and index in it."""
    places = [(place, index) for place in rings(polygons) for index in range(len(ring_of(polygons, place)))]
    points = [point for place in rings(polygons) for point in ring_of(polygons, place)]
    best = nearest(points, x, y, tolerance)
    return places[best] if best >= 0 else None


def box_handles(box: tuple[float, float, float, float]) -> list[Point]:
    """The eight handles of a box (x, y, w, h), in the order of HANDLES."""
    x, y, width, height = box
    middle, centre = x + width / 2, y + height / 2
    right, bottom = x + width, y + height
    return [
        (x, y),
        (middle, y),
        (right, y),
        (right, centre),
        (right, bottom),
        (middle, bottom),
        (x, bottom),
        (x, centre),
    ]


def dragged_box(
    box: tuple[float, float, float, float], handle: str, x: float, y: float
) -> tuple[float, float, float, float]:
    """The box (x, y, w, h) after its handle was dragged to a point; sides may pass each other."""
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    if "w" in handle:
        left = x
    if "e" in handle:
        right = x
    if "n" in handle:
        top = y
    if "s" in handle:
        bottom = y
    left, right = min(left, right), max(left, right)
    top, bottom = min(top, bottom), max(top, bottom)
    return left, top, right - left, bottom - top
