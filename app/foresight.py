"""What a hint would do, said before it is made: whether solving still helps here, or painting would do more.

A hint that is tried out beforehand is an `app.instance_solving.Step` like any other; here it is judged beside
the hints before it. Nothing here changes what hints do. Frame: image pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from app.geometry import window
from app.instance_solving import Step, Stroke
from model.masks import BoxMask

LOW = 0.80  # ceiling with helper rows below which the basis cannot express what the mask is
NEAR = 0.12  # of the instance's longer side: hints as near as this are about the same spot
LITTLE = 0.004  # of the mask's pixels: a hint that changes less has not helped
LAST = 2  # hints on the same spot that changed little, from which solving has stopped helping there


class Outlook(Enum):
    """What a hint at a place would do."""

    SOLVES = "solves"
    NOTHING = "nothing"  # the place is as the hint wants it
    PAINTS = "paints"  # neither prototypes nor helper rows can: a dot of paint
    STALLED = "stalled"  # the last hints around here changed little, and this one would, too
    BEYOND = "beyond"  # it changes something, but the best coefficients could not express this mask


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A hint that was tried out: what it would do, and how many pixels it would change."""

    outlook: Outlook
    pixels: int
    ceiling: float | None = None
    anew: bool = False  # whether fine prototypes draw all of the mask anew

    @property
    def helps(self) -> bool:
        """Whether the hint is worth its click."""
        return self.outlook in (Outlook.SOLVES, Outlook.NOTHING)

    def words(self) -> str:
        """One line for the person."""
        many = f"{self.pixels:,} {'pixel' if self.pixels == 1 else 'pixels'}"
        match self.outlook:
            case Outlook.SOLVES if self.anew:
                return f"a click here has the whole mask drawn anew, finely: {many} change"
            case Outlook.SOLVES:
                return f"a click here changes {many}"
            case Outlook.NOTHING:
                return ""
            case Outlook.PAINTS:
                return f"solving cannot do this: a click paints {many}, the brush does more"
            case Outlook.STALLED:
                return f"hints around here change little (this one {many}): the brush does more"
        reached = f"{self.ceiling:.2f}" if self.ceiling is not None else "low"
        return f"a click here changes {many}; prototypes reach only {reached} of such a mask: look closer"


def foresee(before: Sequence[Step], tried: Step, ceiling: float | None = None) -> Foreseen:
    """Judge a hint that was tried out after the hints `before`.

    `ceiling`: IoU (0..1) that the basis with helper rows reaches on the present mask, where it is known.
    """
    mask = before[-1].mask if before else tried.first
    pixels = changed_pixels(mask, tried.mask)
    if not pixels:
        return Foreseen(Outlook.NOTHING, 0, ceiling)
    painted = changed_pixels(tried.mask, mask, tried.added) if tried.added.bits.size else 0
    if tried.painted and (tried.field.forced or 2 * painted >= pixels):
        return Foreseen(Outlook.PAINTS, pixels, ceiling)
    area = max(int(np.count_nonzero(mask.bits)), 1)
    if pixels <= LITTLE * area and _stalled(before, tried, area):
        return Foreseen(Outlook.STALLED, pixels, ceiling)
    if ceiling is not None and ceiling < LOW and before:
        return Foreseen(Outlook.BEYOND, pixels, ceiling)
    return Foreseen(Outlook.SOLVES, pixels, ceiling, anew=tried.field.anew)


def has_stalled(steps: Sequence[Step]) -> bool:
    """Whether the last hints were about one spot, and each of them changed little or only painted."""
    if len(steps) < LAST:
        return False
    area = max(int(np.count_nonzero(steps[-1].mask.bits)), 1)
    return _stalled(steps, steps[-1], area)


def _stalled(before: Sequence[Step], tried: Step, area: int) -> bool:
    last = list(before[-LAST:])
    if len(last) < LAST:
        return False
    left, top, right, bottom = tried.field.grid.rectangle
    near = NEAR * max(right - left, bottom - top)
    place = _end(tried.strokes[-1])
    for number, step in enumerate(last, len(before) - LAST):
        start = before[number - 1].mask if number else step.first
        gained = changed_pixels(start, step.mask)
        if math.dist(_end(step.strokes[-1]), place) > near or not (gained <= LITTLE * area or step.painted):
            return False
    return True


def _end(stroke: Stroke) -> tuple[float, float]:
    return stroke.points[-1]


def changed_pixels(a: BoxMask, b: BoxMask, where: BoxMask | None = None) -> int:
    """Pixels in which two masks differ; `where`: only those that a third mask has."""
    if where is not None:
        box = (where.left, where.top, where.right, where.bottom)
        return int(np.count_nonzero((window(a, *box) ^ window(b, *box)) & where.bits))
    filled = [each for each in (a, b) if each.bits.size]
    if not filled:
        return 0
    left, top = min(each.left for each in filled), min(each.top for each in filled)
    right, bottom = max(each.right for each in filled), max(each.bottom for each in filled)
    box = left, top, right, bottom
    return int(np.count_nonzero(window(a, *box) ^ window(b, *box)))
