"""The two geometries of an annotation, as values: a run-length mask, or polygons with holes; their pixels.

Pixels are `BoxMask`s, cut to their box: nothing here makes a full image.

Frame: image pixels (after the EXIF turn), x right, y down, pixel centres at +0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import DataError
from model.masks import BoxMask

Point = tuple[float, float]
Ring = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class RleMask:
    """COCO's compressed run-length mask of the whole image (column by column, zeros first). Lossless."""

    width: int
    height: int
    counts: bytes


@dataclass(frozen=True, slots=True)
class PolygonPart:
    """One outline and the holes in it. Vertices stay exactly as drawn or imported; rings are not closed."""

    outline: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class Polygons:
    """One or several parts that together are one instance."""

    parts: tuple[PolygonPart, ...]


Geometry = RleMask | Polygons
EMPTY = BoxMask(0, 0, np.zeros((0, 0), np.bool_))
LONGEST = 4_000_000  # pixels of one outline: painting it takes memory in proportion


def to_mask(geometry: Geometry, width: int, height: int) -> BoxMask:
    """The pixels of a geometry within an image of width x height, cut to their tight box.

    Polygons: a pixel belongs to a part when pycocotools' rasteriser puts it inside the outline and outside
    every hole; the parts are joined. Raises DataError for unsound run lengths and for vertices that are no
    numbers or absurdly far away.
    """
    if isinstance(geometry, RleMask):
        from app.rle import decode

        return decode(geometry)
    return union(*(_part_to_mask(part, width, height) for part in geometry.parts))


def from_mask(mask: BoxMask, width: int, height: int) -> RleMask:
    """A mask, cut to the image, as a run-length mask of it."""
    from app.rle import encode

    return RleMask(width, height, encode(clip(mask, width, height), width, height))


def measure(geometry: Geometry, width: int, height: int) -> tuple[tuple[float, float, float, float], float]:
    """(tight box x y w h, area in pixels) of the mask; all zero for an empty one."""
    mask = tight(to_mask(geometry, width, height))
    return bounds(mask), float(np.count_nonzero(mask.bits))


def _part_to_mask(part: PolygonPart, width: int, height: int) -> BoxMask:
    mask = _ring_to_mask(part.outline, width, height)
    for hole in part.holes:
        mask = subtract(mask, _ring_to_mask(hole, width, height))
    return mask


def _ring_to_mask(ring: Ring, width: int, height: int) -> BoxMask:
    """pycocotools' rasterisation of one ring, made in the ring's own rectangle only."""
    from pycocotools import mask as coco_mask

    if len(ring) < 3:
        return EMPTY
    points = np.asarray(ring, np.float64)
    if not np.isfinite(points).all():
        raise DataError("expected a polygon of finite numbers, a vertex has none; draw it again")
    if np.abs(points - np.roll(points, 1, 0)).max(1).sum() > LONGEST:
        raise DataError(f"expected an outline of at most {LONGEST} pixels, got a longer one; draw it again")
    left, top = np.maximum(np.floor(points.min(0)).astype(int) - 1, 0)
    right = min(int(np.ceil(points[:, 0].max())) + 1, width)
    bottom = min(int(np.ceil(points[:, 1].max())) + 1, height)
    if right <= left or bottom <= top:
        return EMPTY
    flat = _moved_on_the_grid(points, int(left), int(top)).reshape(-1).tolist()
    bits = coco_mask.decode(coco_mask.frPyObjects([flat], int(bottom - top), int(right - left)))[:, :, 0]
    return tight(BoxMask(int(left), int(top), bits.astype(np.bool_)))


def _moved_on_the_grid(points: NDArray[np.float64], left: int, top: int) -> NDArray[np.float64]:
    """Vertices moved by whole pixels such that pycocotools rounds them as if they had stayed.

    It works on fifths of a pixel, `trunc(5 v + 0.5)`; moved in floating point, ties would round otherwise.
    """
    fifths = np.trunc(5 * points + 0.5) - 5 * np.array([left, top])
    return np.where(fifths >= 0, fifths, fifths - 0.75) / 5


def to_polygons(mask: BoxMask, tolerance: float = 0.5) -> Polygons:
    """The outlines of a mask along its pixels' edges, with holes; simplified within `tolerance` pixels.

    A tolerance of 0 keeps every corner: `to_mask` gives back the very pixels. Pixels that touch by a corner
    only are parts of their own. An empty mask gives no parts.
    """
    from app.formats.outline import rings
    from model.opencv import cv2

    groups: dict[int, list[Ring]] = {}
    if mask.bits.size:
        _, labels = cv2.connectedComponents(mask.bits.astype(np.uint8), connectivity=4)
        for is_outer, flat in rings(mask):
            x, y = flat[0] - mask.left, flat[1] - mask.top  # the ring's first corner from the top left
            label = int(labels[y if is_outer else y - 1, x])
            corners = np.array(flat, np.int32).reshape(-1, 2)
            group = groups.setdefault(label, [])
            group.insert(0 if is_outer else len(group), _simplified(corners, tolerance))
    return Polygons(tuple(PolygonPart(group[0], tuple(group[1:])) for group in groups.values()))


def _simplified(corners: NDArray[np.int32], tolerance: float) -> Ring:
    from model.opencv import cv2

    if tolerance > 0:
        fewer = np.asarray(cv2.approxPolyDP(corners, tolerance, True)[:, 0], np.int32)
        corners = fewer if len(fewer) >= 3 else corners  # a pixel or a line stays what it is
    return tuple((float(x), float(y)) for x, y in corners.tolist())


def tight(mask: BoxMask) -> BoxMask:
    """The same pixels in the smallest rectangle; `EMPTY` when there are none."""
    rows, columns = np.flatnonzero(mask.bits.any(1)), np.flatnonzero(mask.bits.any(0))
    if not len(rows):
        return EMPTY
    y, x = int(rows[0]), int(columns[0])
    bits = mask.bits[y : rows[-1] + 1, x : columns[-1] + 1]
    return BoxMask(mask.left + x, mask.top + y, bits)


def bounds(mask: BoxMask) -> tuple[float, float, float, float]:
    """x, y, width, height of a mask's rectangle: its tight box where it is `tight`."""
    rows, columns = mask.bits.shape
    return float(mask.left), float(mask.top), float(columns), float(rows)


def covers(mask: BoxMask, x: float, y: float) -> bool:
    """Whether a mask has the pixel at a place."""
    row, column = math.floor(y) - mask.top, math.floor(x) - mask.left
    rows, columns = mask.bits.shape
    return 0 <= row < rows and 0 <= column < columns and bool(mask.bits[row, column])


def window(mask: BoxMask, left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    """The mask's pixels in a rectangle of the image, (bottom - top, right - left); outside its box False."""
    bits = np.zeros((max(bottom - top, 0), max(right - left, 0)), np.bool_)
    x0, y0 = max(left, mask.left), max(top, mask.top)
    x1, y1 = min(right, mask.right), min(bottom, mask.bottom)
    if x1 > x0 and y1 > y0:
        part = mask.bits[y0 - mask.top : y1 - mask.top, x0 - mask.left : x1 - mask.left]
        bits[y0 - top : y1 - top, x0 - left : x1 - left] = part
    return bits


def clip(mask: BoxMask, width: int, height: int) -> BoxMask:
    """The part of a mask that lies in the image."""
    left, top = max(mask.left, 0), max(mask.top, 0)
    right, bottom = min(mask.right, width), min(mask.bottom, height)
    if right <= left or bottom <= top:
        return EMPTY
    return BoxMask(left, top, window(mask, left, top, right, bottom))


def translate(mask: BoxMask, dx: int, dy: int) -> BoxMask:
    """A mask moved by whole pixels."""
    return BoxMask(mask.left + dx, mask.top + dy, mask.bits)


def union(*masks: BoxMask) -> BoxMask:
    """Pixels in any of the masks, in their joint box."""
    there = [mask for mask in masks if mask.bits.size]
    if len(there) < 2:
        return there[0] if there else EMPTY
    left, top = min(mask.left for mask in there), min(mask.top for mask in there)
    right, bottom = max(mask.right for mask in there), max(mask.bottom for mask in there)
    bits = np.zeros((bottom - top, right - left), np.bool_)
    for mask in there:
        bits[mask.top - top : mask.bottom - top, mask.left - left : mask.right - left] |= mask.bits
    return BoxMask(left, top, bits)


def subtract(a: BoxMask, b: BoxMask) -> BoxMask:
    """Pixels of `a` that are not in `b`, in the box of `a`."""
    if not a.bits.size:
        return a
    return BoxMask(a.left, a.top, a.bits & ~window(b, a.left, a.top, a.right, a.bottom))


def intersect(a: BoxMask, b: BoxMask) -> BoxMask:
    """Pixels in both, in the rectangle that both share."""
    left, top = max(a.left, b.left), max(a.top, b.top)
    right, bottom = min(a.right, b.right), min(a.bottom, b.bottom)
    if right <= left or bottom <= top:
        return EMPTY
    return BoxMask(left, top, window(a, left, top, right, bottom) & window(b, left, top, right, bottom))


def mask_iou(a: BoxMask, b: BoxMask) -> float:
    """Intersection over union; 0 when both are empty."""
    both = int(np.count_nonzero(intersect(a, b).bits))
    either = int(np.count_nonzero(a.bits)) + int(np.count_nonzero(b.bits)) - both
    return both / either if either else 0.0
