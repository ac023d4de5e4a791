"""Masks on the grid of an instance, and what changes there at the image's resolution.

Cells that did not change keep their pixels, to the pixel. Frame: image pixels; `left`, `top` of a part of
the grid are cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.geometry import Point, covers, subtract, tight, union, window
from model.basis import Rectangle
from model.local_solving import Field
from model.masks import BoxMask
from model.opencv import cv2

FINENESS = 8  # pixels a side of a cell of the grid that are looked at, of those of a large mask
BLOCK = 128  # pixels a side that are brought to the image's resolution together


def on_grid(mask: BoxMask, rectangle: Rectangle, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w): the cells that the mask covers half of."""
    bits = window(mask, *rectangle).view(np.uint8)
    down, across = (max(size // (FINENESS * side), 1) for size, side in zip(bits.shape, shape, strict=True))
    bits = bits[::down, ::across] * np.uint8(255)
    return np.asarray(cv2.resize(bits, shape[::-1], interpolation=cv2.INTER_AREA)) > 127


def with_changes(mask: BoxMask, field: Field, inside: bool) -> BoxMask:
    """The mask with what the last hint changed, at the image's resolution; the rest stays to the pixel."""
    assert field.changed is not None
    rows, columns = np.flatnonzero(field.changed.any(1)), np.flatnonzero(field.changed.any(0))
    if not len(rows):
        return mask
    if field.anew:
        return _drawn(mask, field)
    height, width = field.grid.shape
    top, bottom = max(int(rows[0]) - 2, 0), min(int(rows[-1]) + 3, height)
    left, right = max(int(columns[0]) - 2, 0), min(int(columns[-1]) + 3, width)
    x_cells, y_cells = field.grid.scale
    x0, y0 = field.grid.rectangle[:2]
    area = (
        x0 + int(left / x_cells),
        y0 + int(top / y_cells),
        x0 + int(right / x_cells),
        y0 + int(bottom / y_cells),
    )
    across, down = area[2] - area[0], area[3] - area[1]
    if across < 1 or down < 1:
        return mask
    part = slice(top, bottom), slice(left, right)
    allowed = cv2.dilate(field.changed[part].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    touched = above(allowed, 0.5, left, top, area, field)
    positive = above(field.logits[part], 0.0, left, top, area, field, where=touched)
    if field.whole:  # a change may go both ways
        return _replaced(mask, area, touched, positive)
    touched &= positive if inside else ~positive
    return _combined(mask, BoxMask(area[0], area[1], touched), inside)


def _drawn(mask: BoxMask, field: Field) -> BoxMask:
    """All of the field's mask, with the pixels of the one before where the field has refused a change."""
    area = field.grid.rectangle  # holds all of the mask
    bits = above(field.logits, 0.0, 0, 0, area, field)
    if field.refused is not None and field.refused.any():
        around = cv2.dilate(field.refused.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        np.copyto(bits, window(mask, *area), where=above(around, 0.5, 0, 0, area, field))
    return tight(BoxMask(area[0], area[1], bits))


def _replaced(mask: BoxMask, area: Rectangle, touched: NDArray[np.bool_], bits: NDArray[np.bool_]) -> BoxMask:
    """The mask with these bits (h, w) of an area where it is touched."""
    left, top = min(mask.left, area[0]), min(mask.top, area[1])
    canvas = window(mask, left, top, max(mask.right, area[2]), max(mask.bottom, area[3]))
    part = canvas[area[1] - top : area[3] - top, area[0] - left : area[2] - left]
    np.copyto(part, bits, where=touched)
    return tight(BoxMask(left, top, canvas))


def above(
    values: NDArray[np.float32],
    limit: float,
    left: int,
    top: int,
    area: Rectangle,
    field: Field,
    *,
    where: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Where `sampled` values are above a limit; of a large area only blocks near an edge are sampled.

    `where`: nobody asks about the other pixels: blocks without any of these are not looked at.
    """
    x0, y0, x1, y1 = area
    result = np.zeros((y1 - y0, x1 - x0), np.bool_)
    above = values > limit
    side = BLOCK if result.size > BLOCK**2 * 16 else max(result.shape)
    for y in range(y0, y1, side):
        bottom = min(y + side, y1)
        rows = _reached(y, bottom, field.grid.rectangle[1], field.grid.scale[1], top, above.shape[0])
        for x in range(x0, x1, side):
            right = min(x + side, x1)
            if where is not None and not where[y - y0 : bottom - y0, x - x0 : right - x0].any():
                continue
            columns = _reached(x, right, field.grid.rectangle[0], field.grid.scale[0], left, above.shape[1])
            cells = above[rows, columns]
            block = result[y - y0 : bottom - y0, x - x0 : right - x0]
            if cells.all() or not cells.any():
                block[:] = cells[0, 0]
            else:
                block[:] = sampled(values, left, top, (x, y, right, bottom), field) > limit
    return result


def _reached(start: int, stop: int, origin: int, scale: float, first: int, count: int) -> slice:
    """The cells, of `count` from the grid's `first` one on, that the values of pixels are made of."""
    low = math.floor((start - origin) * scale) - first - 1
    high = math.ceil((stop - origin) * scale) - first + 1
    return slice(min(max(low, 0), count - 1), max(min(high, count), 1))


def sampled(
    values: NDArray[np.float32], left: int, top: int, area: Rectangle, field: Field
) -> NDArray[np.float32]:
    """Values of a window of the grid (its corner at `left`, `top`) at every pixel of an area."""
    x_cells, y_cells = field.grid.scale
    x0, y0 = field.grid.rectangle[:2]
    turn = np.array(
        [
            [x_cells, 0, (area[0] + 0.5 - x0) * x_cells - left - 0.5],
            [0, y_cells, (area[1] + 0.5 - y0) * y_cells - top - 0.5],
        ]
    )
    size = area[2] - area[0], area[3] - area[1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(values, turn, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _combined(mask: BoxMask, other: BoxMask, adds: bool) -> BoxMask:
    return tight(union(mask, other) if adds else subtract(mask, other))


def painted(
    mask: BoxMask, points: Sequence[Point], inside: bool, radius: float, size: tuple[int, int]
) -> tuple[BoxMask, bool, BoxMask]:
    """The mask with those places painted that are not as a hint wants them; whether; which pixels."""
    wrong = [point for point in points if covers(mask, *point) is not inside]
    if not wrong:
        return mask, False, BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    radius = max(radius, 0.5)
    reach = math.ceil(radius) + 1
    left, top = (max(math.floor(min(point[axis] for point in wrong)) - reach, 0) for axis in (0, 1))
    right, bottom = (
        min(math.ceil(max(point[axis] for point in wrong)) + reach, size[axis]) for axis in (0, 1)
    )
    bits = np.zeros((bottom - top, right - left), np.uint8)
    for x, y in wrong:
        bits[math.floor(y) - top, math.floor(x) - left] = 1
        cv2.circle(bits, (math.floor(x) - left, math.floor(y) - top), int(radius), 1, -1)
    disc = BoxMask(left, top, bits.astype(np.bool_))
    return _combined(mask, disc, inside), True, disc
