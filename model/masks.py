"""Instance masks as arrays cut to their box, and the assembly of prototypes and coefficients.

Numpy only. Frame: image pixels (upright, x right, y down), unless a name says otherwise; *cells* are the
prototypes' grid, relative boxes are 0..1 of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model.messages import Prediction

PADDING = 1.0  # cells kept around a box, as published
ROUNDING = 1e-5  # of interpolation: a cell this far below the threshold cannot make a pixel pass
_STRIP = 8000  # pixels of a mask for each row of cells from which strips are faster
_ROWS = 64  # rows of a mask worked on at once: they stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class BoxMask:
    """A binary mask cut to a rectangle of the image: `bits[y - top, x - left]`. May be empty (0, 0)."""

    left: int
    top: int
    bits: NDArray[np.bool_]  # (height, width)

    def __post_init__(self) -> None:
        if self.bits.ndim != 2 or self.bits.dtype != np.bool_:
            raise ValueError(f"bits: expected a 2-d bool array, got {self.bits.shape} {self.bits.dtype}")

    @property
    def right(self) -> int:
        return self.left + self.bits.shape[1]

    @property
    def bottom(self) -> int:
        return self.top + self.bits.shape[0]


EMPTY = BoxMask(0, 0, np.zeros((0, 0), np.bool_))


def soft_mask(prototypes: NDArray, coefficients: NDArray) -> NDArray[np.float32]:
    """sigmoid(prototypes (h, w, k) . coefficients (k,)): (h, w) float32, not cropped."""
    logits = np.asarray(prototypes, np.float32) @ np.asarray(coefficients, np.float32)
    # exp overflows to inf for logits below -88, which is the right 0 in the end
    with np.errstate(over="ignore"):
        return np.float32(1) / (np.float32(1) + np.exp(-logits))


def crop_cells(box_relative: NDArray, height: int, width: int) -> tuple[int, int, int, int]:
    """The cells (left, top, right, bottom) that a box keeps, one cell of padding included; right, bottom out.

    A cell counts by its index j: x1 * w - 1 <= j < x2 * w + 1, as published. The corners may be swapped.
    """
    x1, y1, x2, y2 = (np.float32(value) for value in box_relative)
    left, right = _kept(min(x1, x2), max(x1, x2), width)
    top, bottom = _kept(min(y1, y2), max(y1, y2), height)
    return left, top, right, bottom


def _kept(low: np.float32, high: np.float32, cells: int) -> tuple[int, int]:
    first = max(low * np.float32(cells) - np.float32(PADDING), np.float32(0))
    last = min(high * np.float32(cells) + np.float32(PADDING), np.float32(cells))
    return int(np.ceil(first)), max(int(np.ceil(last)), 0)


def assemble(
    prototypes: NDArray,
    coefficients: NDArray,
    box_relative: NDArray,
    width: int,
    height: int,
    threshold: float = 0.5,
) -> BoxMask:
    """One instance's mask on an image of `width` x `height`, as published.

    prototypes (h, w, k), coefficients (k,), box (4,) relative x1, y1, x2, y2. The sigmoid is cropped to the
    box at the prototypes' resolution, enlarged bilinearly (cell centres at +0.5) and compared with
    `threshold`. Equal to doing so on the full image, but for a float's last digits, at the cost of the box
    only. An instance without a pixel gives an empty mask.
    """
    left, top, right, bottom = crop_cells(box_relative, *prototypes.shape[:2])
    if left >= right or top >= bottom:
        return EMPTY
    soft = np.zeros((bottom - top + 2, right - left + 2), np.float32)  # a border of zeros: cropped cells
    soft[1:-1, 1:-1] = soft_mask(prototypes[top:bottom, left:right], coefficients)
    window = _lively(soft, threshold)
    if window is None:
        return EMPTY
    first_row, last_row, first_column, last_column = window
    soft = soft[first_row - 1 : last_row + 1, first_column - 1 : last_column + 1]
    columns = _axis(prototypes.shape[1], width).part(left + first_column - 1, left + last_column - 1)
    rows = _axis(prototypes.shape[0], height).part(top + first_row - 1, top + last_row - 1)
    wide = soft[:, columns.low] * columns.rest
    wide += soft[:, columns.high] * columns.weight
    return _tight(columns.first, rows.first, _enlarged(wide, rows, np.float32(threshold)))


def _lively(soft: NDArray[np.float32], threshold: float) -> tuple[int, int, int, int] | None:
    """Rows and columns [first, last) of the cells that can make a pixel pass; None for none.

    A pixel lies between four cells and never passes if none of them does, but for rounding.
    """
    alive = soft >= threshold - ROUNDING
    rows = np.flatnonzero(alive.any(1))
    if not len(rows):
        return None
    columns = np.flatnonzero(alive.any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _enlarged(wide: NDArray[np.float32], rows: _Taps, threshold: np.float32) -> NDArray[np.bool_]:
    """(cells, pixels) enlarged down to (len(rows), pixels), above the threshold: a piece at a time."""
    bits = np.empty((len(rows.low), wide.shape[1]), np.bool_)
    if bits.size >= _STRIP * len(wide):
        _by_strips(wide, rows, threshold, bits)
        return bits
    near, far = np.empty((2, min(_ROWS, len(bits)), wide.shape[1]), np.float32)
    for start in range(0, len(bits), _ROWS):
        part = slice(start, start + _ROWS)
        count = len(rows.low[part])
        block, other = near[:count], far[:count]
        np.take(wide, rows.low[part], 0, block, "clip")  # "clip" writes straight into the block
        block *= rows.rest[part, None]
        np.take(wide, rows.high[part], 0, other, "clip")
        other *= rows.weight[part, None]
        block += other
        np.greater(block, threshold, out=bits[part])
    return bits


def assemble_all(prediction: Prediction, indices: Sequence[int] | None = None) -> list[BoxMask]:
    """The masks of a prediction's detections (all, or those of `indices`), in that order; image pixels.

    Those of a region's prediction stay inside the region.
    """
    prototypes = prediction.prototypes.astype(np.float32)
    chosen = range(len(prediction)) if indices is None else indices
    x, y, width, height = (int(value) for value in prediction.frame)
    masks = [
        assemble(prototypes, prediction.coefficients[index], prediction.boxes[index], width, height)
        for index in chosen
    ]
    return [BoxMask(each.left + x, each.top + y, each.bits) for each in masks] if x or y else masks


def _by_strips(
    wide: NDArray[np.float32], rows: _Taps, threshold: np.float32, bits: NDArray[np.bool_]
) -> None:
    """The same where cells are large: rows between the same two cells together, edges only worked out.

    Where both cells pass every pixel between them does, where neither does none.
    """
    sure, never = wide > threshold + np.float32(ROUNDING), wide < threshold - np.float32(ROUNDING)
    bounds = [0, *(np.flatnonzero(np.diff(rows.low)) + 1).tolist(), len(rows.low)]
    for start, stop in pairwise(bounds):
        low, high = rows.low[start], rows.high[start]
        inside = sure[low] & sure[high]
        strip = bits[start:stop]
        strip[:] = inside
        edges = np.flatnonzero(~(inside | (never[low] & never[high])))
        if len(edges):
            values = rows.rest[start:stop, None] * wide[low, edges]
            values += rows.weight[start:stop, None] * wide[high, edges]
            strip[:, edges] = values > threshold


@dataclass(frozen=True, slots=True, eq=False)
class _Taps:
    """One axis of the enlargement: for each pixel from `first` on, two cells and the weights of both."""

    first: int
    low: NDArray[np.intp]
    high: NDArray[np.intp]
    rest: NDArray[np.float32]  # 1 - weight, of the lower cell
    weight: NDArray[np.float32]  # of the upper one

    def part(self, start: int, stop: int) -> _Taps:
        """The pixels that see a cell of [start, stop); cells count from the one before `start`."""
        first, last = int(self.high.searchsorted(start)), int(self.low.searchsorted(stop))
        chosen = slice(first, last)
        return _Taps(
            first,
            self.low[chosen] - (start - 1),
            self.high[chosen] - (start - 1),
            self.rest[chosen],
            self.weight[chosen],
        )


@lru_cache(maxsize=16)
def _axis(cells: int, pixels: int) -> _Taps:
    """All pixels of an axis, pixel and cell centres at +0.5."""
    scale = np.float32(cells / pixels)
    source = (np.arange(pixels, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    source = np.maximum(source, np.float32(0))
    low = np.minimum(source.astype(np.intp), cells - 1)
    weight = source - low.astype(np.float32)
    return _Taps(0, low, np.minimum(low + 1, cells - 1), 1 - weight, weight)


def _tight(left: int, top: int, bits: NDArray[np.bool_]) -> BoxMask:
    rows = np.flatnonzero(bits.any(1))
    if not len(rows):
        return EMPTY
    bits = bits[rows[0] : rows[-1] + 1]
    columns = np.flatnonzero(bits.any(0))
    bits = np.ascontiguousarray(bits[:, columns[0] : columns[-1] + 1])
    return BoxMask(left + int(columns[0]), top + int(rows[0]), bits)
