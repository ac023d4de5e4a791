"""Instance masks as arrays cut to their box, and the assembly of prototypes and coefficients.

Numpy only. Frame: image pixels (upright, x right, y down), unless a name says otherwise; *cells* are the
prototypes' grid, relative boxes are 0..1 of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.messages import Prediction

PADDING = 1.0  # cells kept around a box, as published
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
    `threshold`. Equal to doing so on the full image, at the cost of the box only. An instance without a
    pixel gives an empty mask.
    """
    left, top, right, bottom = crop_cells(box_relative, *prototypes.shape[:2])
    if left >= right or top >= bottom:
        return BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    soft = np.zeros((bottom - top + 2, right - left + 2), np.float32)  # a border of zeros: cropped cells
    soft[1:-1, 1:-1] = soft_mask(prototypes[top:bottom, left:right], coefficients)
    columns = _Taps.of(left, right, prototypes.shape[1], width)
    rows = _Taps.of(top, bottom, prototypes.shape[0], height)
    wide = soft[:, columns.low] * (1 - columns.weight) + soft[:, columns.high] * columns.weight
    bits = np.empty((len(rows.low), wide.shape[1]), np.bool_)
    for start in range(0, len(bits), _ROWS):
        part = slice(start, start + _ROWS)
        weight = rows.weight[part, None]
        block = wide[rows.low[part]]
        block *= 1 - weight
        block += wide[rows.high[part]] * weight
        np.greater(block, np.float32(threshold), out=bits[part])
    return _tight(columns.first, rows.first, bits)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Taps:
    """One axis of the enlargement: for each pixel from `first` on, two cells and the second one's weight.

    Cells count from the zero border that stands before the kept ones.
    """

    first: int
    low: NDArray[np.intp]
    high: NDArray[np.intp]
    weight: NDArray[np.float32]

    @staticmethod
    def of(start: int, stop: int, cells: int, pixels: int) -> _Taps:
        """The taps of all pixels that see a cell of [start, stop)."""
        first = max(int((start - 0.5) * pixels / cells - 0.5) - 1, 0)
        last = min(int((stop + 0.5) * pixels / cells - 0.5) + 2, pixels)
        scale = np.float32(cells / pixels)
        source = (np.arange(first, last, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
        source = np.maximum(source, np.float32(0))
        low = np.minimum(source.astype(np.intp), cells - 1)
        high = np.minimum(low + 1, cells - 1)
        border = stop - start + 1
        return _Taps(
            first,
            np.clip(low - start + 1, 0, border),
            np.clip(high - start + 1, 0, border),
            source - low.astype(np.float32),
        )


def _tight(left: int, top: int, bits: NDArray[np.bool_]) -> BoxMask:
    rows = np.flatnonzero(bits.any(1))
    if not len(rows):
        return BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    bits = bits[rows[0] : rows[-1] + 1]
    columns = np.flatnonzero(bits.any(0))
    bits = np.ascontiguousarray(bits[:, columns[0] : columns[-1] + 1])
    return BoxMask(left + int(columns[0]), top + int(rows[0]), bits)
