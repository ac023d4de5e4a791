"""What the network sees of hints: maps on the cells of the crop, in NumPy.

`model.fine.answering.maps_of` has the same in torch, in one piece.
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


def still_of(start: NDArray[np.bool_], first: Floats) -> Floats:
    """(2, c, c), the maps that no hint changes: the mask at the start, and the first answer."""
    return np.stack([np.where(start, np.float32(1), np.float32(-1)), _cut(first)])


def moving_of(now: Floats, hints: Sequence[tuple[int, int, float]], likeness: Sequence[Floats]) -> Floats:
    """(6, c, c), the maps after these: the present answer, discs, likeness of either side.

    `hints`: row, column, sign of each, in their order; `likeness` (c, c): exp(-|f - f_j|^2 / 2) of each.
    """
    maps = np.zeros((6, *now.shape), np.float32)
    maps[0] = _cut(now)
    maps[1:4] = discs_of([h[0] for h in hints], [h[1] for h in hints], [h[2] for h in hints], len(now))
    for (_, _, sign), each in zip(hints, likeness, strict=True):
        side = maps[4 if sign > 0 else 5]
        np.maximum(side, each, out=side)
    return maps


def _cut(logits: Floats) -> Floats:
    return np.asarray(np.minimum(np.maximum(logits, -SURE), SURE) / SURE, np.float32)
