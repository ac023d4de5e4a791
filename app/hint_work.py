"""What the hints for an instance did, and by what: the prototypes, the hints' helper rows, or paint.

`app.instance_solving` answers hints; its steps tell what came out. Here the logits between two steps are
taken apart again: the prototypes' part is known from their coefficients, the rest is the helper rows', whose
weights follow by least squares from the cells that were neither clipped nor set: exact up to rounding, where
there are such cells. Frames: cells of the instance's grid inside; masks, rectangles and counts are image
pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.foresight import changed_pixels
from app.geometry import window
from app.instance_solving import Step
from model.local_solving import BARELY, SURE, Field, begin
from model.masks import BoxMask
from model.opencv import cv2

Floats = NDArray[np.float32]
Rectangle = tuple[int, int, int, int]  # left top right bottom, image pixels


@dataclass(frozen=True, slots=True)
class Parts:
    """Changed pixels by what changed them."""

    prototypes: float = 0.0
    helpers: float = 0.0
    paint: float = 0.0

    @property
    def total(self) -> float:
        return self.prototypes + self.helpers + self.paint

    def plus(self, other: Parts) -> Parts:
        """Both together."""
        return Parts(
            self.prototypes + other.prototypes, self.helpers + other.helpers, self.paint + other.paint
        )


@dataclass(frozen=True, slots=True, eq=False)
class HintWork:
    """One hint: what its own helper row adds to the logits, and what changed when it came."""

    inside: bool
    rectangle: Rectangle  # of `logits`
    logits: Floats  # (h, w) cells of the grid, signed; all of the hint's rows, at their present weights
    parts: Parts
    added: BoxMask  # pixels that it painted or removed
    fine: bool = False  # whether the prototypes' part is the first answer of fine ones

    @property
    def amount(self) -> float:
        """The largest of what the row adds or takes away, in logits; 0 for a row that is not used."""
        if not self.logits.size:
            return 0.0
        return float(self.logits.flat[int(np.argmax(np.abs(self.logits)))])


def works_of(
    steps: Sequence[Step], start: BoxMask, coefficients: NDArray[np.floating]
) -> tuple[HintWork, ...]:
    """What each hint did. `start`, `coefficients` (k,): the mask and its coefficients before the first."""
    if not steps:
        return ()
    grid = steps[0].field.grid
    before, mask = begin(grid, _on_grid(start, steps[0].rectangle, grid.shape), coefficients), start
    weights = np.zeros(0)
    parts: list[Parts] = []
    owners: list[int] = []
    for number, step in enumerate(steps):
        field = step.field
        owners += [number] * (len(field.rows) - len(owners))
        own, amounts = _taken_apart(before, field, np.pad(weights, (0, len(field.rows) - len(weights))))
        weights = np.pad(weights, (0, len(amounts) - len(weights))) + amounts
        parts.append(_parts(step, mask, before.logits, own, _sum(field, amounts)))
        before, mask = field, step.mask
    last = steps[-1].field
    return tuple(
        HintWork(
            step.strokes[-1].inside,
            *_cut(last, np.where(np.array(owners) == number, weights, 0.0), steps[-1].rectangle),
            parts[number],
            step.added,
            step.field.grid.sight is not None,
        )
        for number, step in enumerate(steps)
    )


def total(works: Sequence[HintWork]) -> Parts:
    """All hints together."""
    found = Parts()
    for each in works:
        found = found.plus(each.parts)
    return found


def _taken_apart(
    before: Field, after: Field, weights: NDArray[np.float64]
) -> tuple[Floats, NDArray[np.float64]]:
    """What the prototypes added to the logits (h, w), and what each helper row's weight gained.

    `weights`: of the rows, before. Fine prototypes say all at once, so that rows stand beside their answer.
    """
    if np.array_equal(after.logits, before.logits):  # all was right already
        return np.zeros_like(after.logits), np.zeros(len(after.rows))
    sight = after.grid.sight
    if sight is not None:
        first = np.asarray(sight.first, np.float32)
        own = first + _sum(after, weights) - before.logits
        return own, _fitted(after, after.logits - first) - weights
    moved = (after.coefficients - before.coefficients).astype(np.float32)
    own = np.asarray(after.grid.prototypes @ moved, np.float32)
    return own, _fitted(after, after.logits - before.logits - own)


def _fitted(field: Field, wanted: Floats) -> NDArray[np.float64]:
    """The weights of the helper rows that make up `wanted` (h, w), where cells were not clipped or set."""
    rows, size = field.rows, np.abs(field.logits)
    exact = (size > BARELY * 1.001) & (size < SURE * 0.999)
    if not rows or not (wanted * exact).any():
        return np.zeros(len(rows))
    columns = np.zeros((len(rows), *wanted.shape), np.float32)
    for column, row in zip(columns, rows, strict=True):
        column[row.window] = row.values
    flat = (columns * exact).reshape(len(rows), -1)
    gram = (flat @ flat.T).astype(np.float64)
    gram[np.diag_indices_from(gram)] += 1e-5 * max(float(np.trace(gram)) / len(rows), 1e-9)
    return np.asarray(np.linalg.solve(gram, (flat @ wanted.ravel()).astype(np.float64)))


def _sum(field: Field, weights: NDArray[np.float64]) -> Floats:
    """(h, w): what the helper rows add at these weights."""
    result = np.zeros(field.grid.shape, np.float32)
    for weight, row in zip(weights, field.rows, strict=True):
        if weight:
            result[row.window] += np.float32(weight) * row.values
    return result


def _parts(step: Step, before: BoxMask, logits: Floats, own: Floats, helped: Floats) -> Parts:
    """The pixels that changed when a hint came, by what moved the logits of their cells."""
    changed = changed_pixels(before, step.mask)
    painted = changed_pixels(step.mask, before, step.added) if step.added.bits.size else 0
    solved = float(changed - painted)
    cells = step.field.changed
    if cells is None or not cells.any() or not solved:
        return Parts(paint=float(changed))
    sense = np.where(step.field.logits[cells] > 0, np.float32(1), np.float32(-1))  # fine ones go both ways
    by_own, by_help = (np.maximum(sense * each[cells], 0.0) for each in (own, helped))
    both = by_own + by_help
    forced = (sense * (logits + own + helped)[cells] <= 0) | (both <= 0)  # set, as nothing moved them
    share = solved / len(both)
    prototypes = float(np.divide(by_own, both, out=np.zeros_like(both), where=~forced).sum()) * share
    paint = float(forced.sum()) * share
    return Parts(prototypes, solved - prototypes - paint, painted + paint)


def _cut(field: Field, weights: NDArray[np.float64], rectangle: Rectangle) -> tuple[Rectangle, Floats]:
    """The rows at these weights, cut to where they are, and that rectangle of the image."""
    used = [row.window for weight, row in zip(weights, field.rows, strict=True) if weight]
    if not used:
        return (rectangle[0], rectangle[1], rectangle[0], rectangle[1]), np.zeros((0, 0), np.float32)
    rows = slice(min(each[0].start for each in used), max(each[0].stop for each in used))
    columns = slice(min(each[1].start for each in used), max(each[1].stop for each in used))
    across, down = field.grid.scale
    left, top = rectangle[0] + columns.start / across, rectangle[1] + rows.start / down
    right, bottom = rectangle[0] + columns.stop / across, rectangle[1] + rows.stop / down
    return (round(left), round(top), round(right), round(bottom)), _sum(field, weights)[rows, columns]


def _on_grid(mask: BoxMask, rectangle: Rectangle, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w): the cells that the mask covers half of."""
    bits = window(mask, *rectangle).astype(np.uint8) * 255
    return np.asarray(cv2.resize(bits, shape[::-1], interpolation=cv2.INTER_AREA)) > 127
