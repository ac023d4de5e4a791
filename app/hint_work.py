"""What the hints for an instance did, and by what: the prototypes, the hints' helper rows, or paint.

`app.instance_solving` answers hints; its steps tell what came out. Here the logits between two steps are
taken apart again: the helper rows' part is known from their weights, the prototypes' from their coefficients,
or, of fine ones, it is the rest. Frames: cells of the instance's grid inside; masks, rectangles and counts
are image pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.foresight import changed_pixels
from app.instance_solving import Step
from model.local_solving import Field, weighted
from model.masks import BoxMask

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


def works_of(steps: Sequence[Step]) -> tuple[HintWork, ...]:
    """What each hint did."""
    mask = steps[0].first if steps else BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    parts: list[Parts] = []
    owners: list[int] = []
    for number, step in enumerate(steps):
        owners += [number] * (len(step.field.rows) - len(owners))
        parts.append(_parts(step, mask, step.before.logits, *_taken_apart(step.before, step.field)))
        mask = step.mask
    return tuple(
        HintWork(
            step.strokes[-1].inside,
            *_row_of(number, steps, np.array(owners)),
            parts[number],
            step.added,
            step.field.grid.sight is not None,
        )
        for number, step in enumerate(steps)
    )


def _row_of(number: int, steps: Sequence[Step], owners: NDArray[np.intp]) -> tuple[Rectangle, Floats]:
    """What a hint's rows add to the logits, as they were last used.

    Where fine prototypes were made anew since, the rows of earlier hints rest: what they did is in the mask.
    """
    fields = [step.field for step in steps]
    following = [*(step.before for step in steps[1:]), None]
    ends = [each for each, after in zip(fields, following, strict=True) if after is not each]
    for field in reversed(ends):
        weights = np.zeros(len(field.rows))
        weights[: len(field.weights)] = field.weights  # a needless hint has none
        weights[owners[: len(weights)] != number] = 0.0
        if weights.any():
            return _cut(field, weights)
    return _cut(fields[-1], np.zeros(len(fields[-1].rows)))


def total(works: Sequence[HintWork]) -> Parts:
    """All hints together."""
    found = Parts()
    for each in works:
        found = found.plus(each.parts)
    return found


def _taken_apart(before: Field, after: Field) -> tuple[Floats, Floats]:
    """What the prototypes, and what the helper rows added to the logits, (h, w) both."""
    if np.array_equal(after.logits, before.logits):  # all was right already
        return np.zeros_like(after.logits), np.zeros_like(after.logits)
    shape = after.grid.shape
    gained = np.pad(before.weights, (0, len(after.weights) - len(before.weights)))
    helped = weighted(after.rows, after.weights - gained, shape)
    if after.base is not None:  # logits that were cut and set in the field, as they were made
        made = after.base + weighted(after.rows, after.weights - after.settled, shape)
        return np.asarray(made - before.logits - helped, np.float32), helped
    moved = (after.coefficients - before.coefficients).astype(np.float32)
    return np.asarray(after.grid.prototypes @ moved, np.float32), helped


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


def _cut(field: Field, weights: NDArray[np.float64]) -> tuple[Rectangle, Floats]:
    """The rows at these weights, cut to where they are, and that rectangle of the image."""
    rectangle = field.grid.rectangle
    used = [row.window for weight, row in zip(weights, field.rows, strict=True) if weight]
    if not used:
        return (rectangle[0], rectangle[1], rectangle[0], rectangle[1]), np.zeros((0, 0), np.float32)
    rows = slice(min(each[0].start for each in used), max(each[0].stop for each in used))
    columns = slice(min(each[1].start for each in used), max(each[1].stop for each in used))
    across, down = field.grid.scale
    left, top = rectangle[0] + columns.start / across, rectangle[1] + rows.start / down
    right, bottom = rectangle[0] + columns.stop / across, rectangle[1] + rows.stop / down
    return (round(left), round(top), round(right), round(bottom)), weighted(
        field.rows, weights, field.grid.shape
    )[rows, columns]
