"""One instance on a grid of its own: prototypes resampled, the image's colours, and helper rows.

A mask stays linear in a basis; where the network's prototypes cannot express what is wanted, helper rows
stand beside them: a constant, place, colour and soft bumps. With these at zero the logits are the network's.

No torch. Frames: a grid spans a rectangle (left, top, right, bottom) of image pixels; its cell j covers
[j, j + 1) cells, its centre at j + 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.coefficients import LinearMask
from model.fine.sight import CELLS, Sight
from model.messages import Prediction
from model.opencv import cv2

SIDE = 112  # cells of the longer side, and never more than there are pixels
GROWN = 1.4  # of the box, each way: what a grid spans
BUMPS = 5  # a side of the lattice of bumps
_COLOR_SCALE = np.array([50, 30, 30], np.float32)  # about a deviation of L, a and b
_AT_ONCE = 4  # channels that OpenCV resamples in one call

Rectangle = tuple[int, int, int, int]  # left top right bottom, image pixels


@dataclass(frozen=True, slots=True, eq=False)
class InstanceGrid:
    """What is known around one instance, at the same places."""

    rectangle: Rectangle  # image pixels that it spans
    prototypes: NDArray[np.float32]  # (h, w, k), the network's, bilinear
    lab: NDArray[np.float32]  # (h, w, 3), L a b of the image, averaged; zeros where there are no pixels
    cell: float  # a prototype's cell (the larger side), in cells of this grid
    sight: Sight | None = None  # fine prototypes of the same cells

    @property
    def shape(self) -> tuple[int, int]:
        return self.prototypes.shape[0], self.prototypes.shape[1]

    @property
    def scale(self) -> tuple[float, float]:
        """Cells for a pixel, across and down."""
        left, top, right, bottom = self.rectangle
        return self.shape[1] / (right - left), self.shape[0] / (bottom - top)

    def to_cells(self, x: float, y: float) -> tuple[float, float]:
        """A place in the image as one of the grid."""
        across, down = self.scale
        return (x - self.rectangle[0]) * across, (y - self.rectangle[1]) * down


@dataclass(frozen=True, slots=True, eq=False)
class ExtendedBasis:
    """The prototypes and the helper rows beside them: `mask` is linear in both, helpers at zero."""

    mask: LinearMask
    names: tuple[str, ...]  # of every row: 'prototype 1' ..., 'constant', 'x', ..., 'bump 1'
    own: int  # the first rows are the network's, the others help
    grid: InstanceGrid


def grown(
    box: tuple[float, float, float, float], width: int, height: int, factor: float = GROWN
) -> Rectangle:
    """The rectangle of whole pixels around a box (x y w h), within an image; at least a pixel."""
    x, y, across, down = box
    extra_x, extra_y = across * (factor - 1) / 2, down * (factor - 1) / 2
    left = min(max(int(np.floor(x - extra_x)), 0), width - 1)
    top = min(max(int(np.floor(y - extra_y)), 0), height - 1)
    right = min(max(int(np.ceil(x + across + extra_x)), left + 1), width)
    bottom = min(max(int(np.ceil(y + down + extra_y)), top + 1), height)
    return left, top, right, bottom


def instance_grid(
    prediction: Prediction,
    pixels: NDArray[np.uint8] | None,
    rectangle: Rectangle,
    *,
    side: int = SIDE,
    scale: float = 1.0,
    sight: Sight | None = None,
) -> InstanceGrid:
    """The grid over a rectangle. `pixels`: (H, W, 3) RGB of the image, reduced by `scale` (2: half of it).

    `sight`: of the same rectangle; then its cells are the grid's.
    """
    left, top, right, bottom = rectangle
    shrink = min(1.0, side / max(right - left, bottom - top))
    w, h = max(round((right - left) * shrink), 1), max(round((bottom - top) * shrink), 1)
    if sight is not None:
        w = h = CELLS
    frame_x, frame_y, frame_w, frame_h = prediction.frame
    rows, columns, k = prediction.prototypes.shape
    x = (left - frame_x + (np.arange(w) + 0.5) * (right - left) / w) * columns / frame_w - 0.5
    y = (top - frame_y + (np.arange(h) + 0.5) * (bottom - top) / h) * rows / frame_h - 0.5
    first_x, last_x = _needed(x, columns)
    first_y, last_y = _needed(y, rows)
    part = prediction.prototypes[first_y:last_y, first_x:last_x].astype(np.float32)
    map_x, map_y = np.meshgrid((x - first_x).astype(np.float32), (y - first_y).astype(np.float32))
    sampled = np.empty((h, w, k), np.float32)
    for start in range(0, k, _AT_ONCE):
        some = np.ascontiguousarray(part[..., start : start + _AT_ONCE])
        found = cv2.remap(some, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        sampled[..., start : start + _AT_ONCE] = np.asarray(found).reshape(h, w, -1)
    lab = np.zeros((h, w, 3), np.float32) if pixels is None else _colors(pixels, rectangle, (w, h), scale)
    cell = max(frame_w / columns * w / (right - left), frame_h / rows * h / (bottom - top))
    return InstanceGrid(rectangle, sampled, lab, float(cell), sight)


def extended_basis(
    prediction: Prediction,
    pixels: NDArray[np.uint8] | None,
    box: tuple[float, float, float, float],
    coefficients: NDArray[np.floating],
    *,
    side: int = SIDE,
    bumps: int = BUMPS,
) -> ExtendedBasis:
    """All rows over the grown box (x y w h, image pixels), (h, w, k + helpers) float32.

    Prototypes keep their scale, `coefficients` (k,) are the network's; helper rows have unit deviation.
    """
    width, height = prediction.image_width, prediction.image_height
    rectangle = grown(box, width, height)
    grid = instance_grid(prediction, pixels, rectangle, side=side)
    helpers, names = helper_rows(grid, bumps=bumps)
    k = grid.prototypes.shape[2]
    basis = np.concatenate([grid.prototypes, helpers], 2)
    chosen = np.zeros(basis.shape[2], np.float32)
    chosen[:k] = coefficients
    left, top, right, bottom = rectangle
    across, down = right - left, bottom - top
    x, y, w, h = box
    relative = ((x - left) / across, (y - top) / down, (x + w - left) / across, (y + h - top) / down)
    own = tuple(f"prototype {number + 1}" for number in range(k))
    return ExtendedBasis(LinearMask(basis, chosen, 0.0, relative), own + names, k, grid)


def helper_rows(grid: InstanceGrid, *, bumps: int = BUMPS) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(h, w, r) rows of unit deviation and their names: constant, place, colour (if known), bumps."""
    h, w = grid.shape
    y = np.broadcast_to(np.linspace(-1, 1, h, dtype=np.float32)[:, None], (h, w))
    x = np.broadcast_to(np.linspace(-1, 1, w, dtype=np.float32)[None], (h, w))
    rows = {"constant": np.ones((h, w), np.float32), "x": x, "y": y, "x x": x * x, "y y": y * y, "x y": x * y}
    if grid.lab.any():
        lightness, a, b = (grid.lab / _COLOR_SCALE - np.array([1, 0, 0], np.float32)).transpose(2, 0, 1)
        rows |= {"L": lightness, "a": a, "b": b, "L L": lightness**2, "a a": a * a, "b b": b * b}
        rows |= {"L a": lightness * a, "L b": lightness * b, "a b": a * b}
    centres = np.linspace(-0.8, 0.8, bumps, dtype=np.float32) if bumps else np.zeros(0, np.float32)
    width = 2 * (1.4 / max(bumps, 1)) ** 2
    for number, (down, across) in enumerate((v, u) for v in centres for u in centres):
        rows[f"bump {number + 1}"] = np.exp(-((x - across) ** 2 + (y - down) ** 2) / width)
    stacked = np.stack(list(rows.values()), -1)
    deviation = stacked.reshape(-1, stacked.shape[2]).std(0)
    deviation[deviation < 1e-6] = 1.0
    return np.asarray(stacked / deviation, np.float32), tuple(rows)


def _needed(places: NDArray[np.float64], cells: int) -> tuple[int, int]:
    """The cells that bilinear sampling at these places reads: first, and one beyond the last."""
    first = min(max(int(np.floor(places[0])), 0), cells - 1)
    return first, min(max(int(np.ceil(places[-1])) + 1, first + 1), cells)


def _colors(
    pixels: NDArray[np.uint8], rectangle: Rectangle, size: tuple[int, int], scale: float
) -> NDArray[np.float32]:
    left, top, right, bottom = (round(value / scale) for value in rectangle)
    left, top = min(left, pixels.shape[1] - 1), min(top, pixels.shape[0] - 1)
    crop = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    small = cv2.resize(np.ascontiguousarray(crop), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(np.asarray(small, np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
