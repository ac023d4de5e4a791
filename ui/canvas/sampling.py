"""Image pixels and masks, sampled at the screen's resolution for a rectangle of the world.

World: image x scale, device pixels (see `transform`). Numpy and OpenCV only, so that any thread may do it.
Above 4x pixels and masks are shown as squares, below 1x each is an average of what it covers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.geometry import Polygons
from model.masks import BoxMask
from model.opencv import cv2

SQUARES = 4.0  # device pixels per image pixel above which pixels are squares
SUBPIXELS = 4  # binary digits behind the point of polygon vertices
LOOK_BACK = 40.0  # device pixels before a tile among which a good place to start from is looked for
SMALLEST_LEVEL = 512  # pixels: no smaller level of a pyramid is made


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The image at 1 / `factor`; (h, w, 3) uint8 RGB. Its pixel j covers image pixels j * factor on."""

    factor: int
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Span:
    """A rectangle of the world, whole device pixels."""

    left: int
    top: int
    width: int
    height: int


def pyramid(pixels: NDArray[np.uint8], factor: int = 1) -> list[Level]:
    """Levels from `pixels` (h, w, 3), itself at 1 / `factor`, each half of the one before."""
    levels = [Level(factor, pixels)]
    while max(pixels.shape[:2]) > SMALLEST_LEVEL and min(pixels.shape[:2]) > 1:
        height, width = pixels.shape[:2]
        pixels = np.asarray(
            cv2.resize(
                pixels[: height & ~1, : width & ~1],
                (width // 2, height // 2),
                interpolation=cv2.INTER_AREA,
            ),
            np.uint8,
        )
        factor *= 2
        levels.append(Level(factor, pixels))
    return levels


def sample_image(levels: Sequence[Level], scale: float, span: Span) -> NDArray[np.uint8]:
    """The image in `span`: (height, width, 3) RGB. Beyond the image's edge its last pixels are repeated."""
    level = _level_for(levels, scale)
    per_pixel = scale * level.factor
    if per_pixel == 1.0:
        inside = level.pixels[span.top : span.top + span.height, span.left : span.left + span.width]
        if inside.shape[:2] == (span.height, span.width):
            return inside.copy()
    if scale > SQUARES and level.factor == 1:
        return _squares(level.pixels, scale, span)
    height, width = level.pixels.shape[:2]
    x0, x1 = _source(span.left, span.width, per_pixel)
    y0, y1 = _source(span.top, span.height, per_pixel)
    x0, y0 = _aligned(min(max(x0, 0), width - 1), per_pixel), _aligned(min(max(y0, 0), height - 1), per_pixel)
    cut = level.pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    return _resized(cut, per_pixel, span, x0, y0, cv2.BORDER_REPLICATE)


def sample_mask(mask: BoxMask, scale: float, span: Span) -> NDArray[np.uint8]:
    """How much of each device pixel of `span` the mask covers: (height, width) 0..255."""
    if scale > SQUARES:
        return _mask_squares(mask, scale, span)
    step = max(1, int(1 / scale))
    per_cell = scale * step
    low_x, high_x = _cells(mask.left, mask.right, step, span.left, span.width, per_cell)
    low_y, high_y = _cells(mask.top, mask.bottom, step, span.top, span.height, per_cell)
    if low_x >= high_x or low_y >= high_y:
        return np.zeros((span.height, span.width), np.uint8)
    x, y = low_x * step + step // 2 - mask.left, low_y * step + step // 2 - mask.top
    x_end, y_end = (high_x - 1 - low_x) * step + x + 1, (high_y - 1 - low_y) * step + y + 1
    bits = mask.bits[y:y_end:step, x:x_end:step]
    first_x, first_y = _aligned(low_x - 1, per_cell), _aligned(low_y - 1, per_cell)
    cells = np.zeros((high_y + 1 - first_y, high_x + 1 - first_x), np.uint8)  # zeros all round
    np.multiply(bits, np.uint8(255), out=cells[low_y - first_y : -1, low_x - first_x : -1])
    return _resized(cells, per_cell, span, first_x, first_y, cv2.BORDER_CONSTANT)


def sample_polygons(polygons: Polygons, scale: float, span: Span) -> NDArray[np.uint8]:
    """As `sample_mask`, from the outlines themselves: straight at every zoom."""
    covered = np.zeros((span.height, span.width), np.uint8)
    corner = np.array([span.left + 0.5, span.top + 0.5])
    for part in polygons.parts:
        rings = [
            np.rint((np.asarray(ring) * scale - corner) * (1 << SUBPIXELS)).astype(np.int32)
            for ring in (part.outline, *part.holes)
            if len(ring) > 2
        ]
        if rings and len(polygons.parts) == 1:
            cv2.fillPoly(covered, rings, [255], cv2.LINE_AA, SUBPIXELS)
        elif rings:
            alone = np.zeros_like(covered)
            cv2.fillPoly(alone, rings, [255], cv2.LINE_AA, SUBPIXELS)
            cv2.max(covered, alone, dst=covered)
    return covered


def _level_for(levels: Sequence[Level], scale: float) -> Level:
    """The smallest level that has at least the screen's resolution, else the largest there is."""
    enough = [level for level in levels if level.factor * scale <= 1]
    return (
        max(enough, key=lambda level: level.factor) if enough else min(levels, key=lambda level: level.factor)
    )


def _source(start: int, length: int, per_pixel: float) -> tuple[int, int]:
    """The source's pixels [first, last) that interpolation reads."""
    first = math.floor((start + 0.5) / per_pixel - 0.5) - 1
    return first, math.ceil((start + length - 0.5) / per_pixel - 0.5) + 2


def _aligned(first: int, per_pixel: float) -> int:
    """The nearest source index at or before `first` whose edge lies on a whole device pixel, or nearly so.

    Resizing from there samples at the places that the whole would be sampled at, several times as fast as a
    warp can. What it is off by (a few hundredths of a device pixel) cannot be seen.
    """
    best, least = first, 1.0
    for index in range(first, first - 8 - int(LOOK_BACK / per_pixel), -1):
        off = abs(index * per_pixel - round(index * per_pixel))
        if off < least:
            best, least = index, off
        if least < 0.01 or index == 0:
            return index if index == 0 else best
    return best


def _resized(
    source: NDArray[np.uint8], per_pixel: float, span: Span, x0: int, y0: int, border: int
) -> NDArray[np.uint8]:
    """`source`, cut out at (x0, y0), at `per_pixel` device pixels each, placed into `span`."""
    height, width = source.shape[:2]
    if min(height, width) * per_pixel < 0.5:  # would be no pixel at all
        size = max(round(width * per_pixel), 1), max(round(height * per_pixel), 1)
        grown = cv2.resize(source, size, interpolation=cv2.INTER_LINEAR)
    else:
        grown = cv2.resize(source, None, fx=per_pixel, fy=per_pixel, interpolation=cv2.INTER_LINEAR)
    left, top = span.left - round(x0 * per_pixel), span.top - round(y0 * per_pixel)
    before = max(-left, 0), max(-top, 0)
    part = grown[max(top, 0) : top + span.height, max(left, 0) : left + span.width]
    after = span.width - before[0] - part.shape[1], span.height - before[1] - part.shape[0]
    if any(before) or any(after):
        part = cv2.copyMakeBorder(part, before[1], after[1], before[0], after[0], border)
    return np.asarray(part, np.uint8)


def _squares(pixels: NDArray[np.uint8], scale: float, span: Span) -> NDArray[np.uint8]:
    columns = np.clip(_indices(span.left, span.width, scale), 0, pixels.shape[1] - 1)
    rows = np.clip(_indices(span.top, span.height, scale), 0, pixels.shape[0] - 1)
    cut = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.take(np.take(cut, columns - columns[0], axis=1), rows - rows[0], axis=0)


def _mask_squares(mask: BoxMask, scale: float, span: Span) -> NDArray[np.uint8]:
    columns = _indices(span.left, span.width, scale) - mask.left
    rows = _indices(span.top, span.height, scale) - mask.top
    covered = np.zeros((span.height, span.width), np.uint8)
    x = np.flatnonzero((columns >= 0) & (columns < mask.bits.shape[1]))
    y = np.flatnonzero((rows >= 0) & (rows < mask.bits.shape[0]))
    if len(x) and len(y):
        cut = mask.bits[rows[y[0]] : rows[y[-1]] + 1, columns[x[0]] : columns[x[-1]] + 1] * np.uint8(255)
        wide = np.take(cut, columns[x] - columns[x[0]], axis=1)
        covered[y[0] : y[-1] + 1, x[0] : x[-1] + 1] = np.take(wide, rows[y] - rows[y[0]], axis=0)
    return covered


def _indices(start: int, length: int, scale: float) -> NDArray[np.intp]:
    """The image pixel under the centre of each device pixel."""
    return np.floor((np.arange(start, start + length) + 0.5) / scale).astype(np.intp)


def _cells(low: int, high: int, step: int, start: int, length: int, per_cell: float) -> tuple[int, int]:
    """Grid cells [first, last) whose sampled pixel lies in [low, high) and that interpolation reads."""
    first = -((step // 2 - low) // step)  # smallest g with g * step + step // 2 >= low
    last = -((step // 2 - high) // step)
    first = max(first, math.floor((start + 0.5) / per_cell - 0.5) - 1)
    last = min(last, math.ceil((start + length - 0.5) / per_cell - 0.5) + 2)
    return first, last
