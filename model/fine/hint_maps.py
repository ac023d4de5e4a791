"""What the network sees of hints: maps on the cells of the crop, in NumPy.

`model.fine.answering.maps_of` has the same in torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SURE = 4.0  # logits: beyond, the network sees no difference
RADIUS = 2.0  # cells: deviation of a hint's disc
REACH = 9  # cells to which it is drawn: beyond, it is below 1e-4

Floats = NDArray[np.float32]


def discs_of(
    rows: Sequence[int] | NDArray[np.int64],
    columns: Sequence[int] | NDArray[np.int64],
    signs: Sequence[float] | NDArray[np.float32],
    cells: int,
) -> Floats:
    """(3, c, c): where hints add, where they remove, and the last one with its sign. A sign of 0: no hint."""
    maps = np.zeros((3, cells, cells), np.float32)
    line = np.arange(-REACH, REACH + 1, dtype=np.float32)
    bell = np.exp(-(line**2) / np.float32(2 * RADIUS**2))
    disc = bell[:, None] * bell[None]
    for row, column, sign in zip(rows, columns, signs, strict=True):
        if sign == 0:
            continue
        top, left = max(row - REACH, 0), max(column - REACH, 0)
        around = slice(top, row + REACH + 1), slice(left, column + REACH + 1)
        side = maps[0 if sign > 0 else 1][around]
        height, width = side.shape
        top, left = top - (row - REACH), left - (column - REACH)
        shown = disc[top : top + height, left : left + width]
        np.maximum(side, shown, out=side)
        maps[2] = 0
        maps[2][around] = np.float32(sign) * shown
    return maps


def maps_of(
    start: NDArray[np.bool_],
    first: Floats,
    now: Floats,
    hints: Sequence[tuple[int, int, float]],
    likeness: Sequence[Floats],
) -> Floats:
    """(8, c, c): the mask at the start, first answer, present answer, discs, likeness of either side.

    `hints`: row, column, sign of each, in their order; `likeness` (c, c): exp(-|f - f_j|^2 / 2) of each.
    """
    cells = start.shape[0]
    maps = np.zeros((8, cells, cells), np.float32)
    maps[0] = np.where(start, 1.0, -1.0)
    maps[1] = np.clip(first, -SURE, SURE) / SURE
    maps[2] = np.clip(now, -SURE, SURE) / SURE
    maps[3:6] = discs_of([h[0] for h in hints], [h[1] for h in hints], [h[2] for h in hints], cells)
    for (_, _, sign), each in zip(hints, likeness, strict=True):
        side = maps[6 if sign > 0 else 7]
        np.maximum(side, each, out=side)
    return maps
