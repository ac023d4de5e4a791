"""A brush stroke under way: the whole image's bits, what it touched, and the mask that comes of it.

Only the stroke's rectangle is worked on. A soft brush takes all of its middle, and of its rim what looks like
that: it stops at edges that a hand would miss. Frame: image pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation
from app.geometry import RleMask
from app.rle import encode
from model.masks import BoxMask
from model.opencv import cv2
from ui.canvas.live import Live
from ui.canvas.transform import union
from ui.tools.stroke import Bounds, Point, capsule, capsule_bounds, merged

if TYPE_CHECKING:
    from app.document import ImageDocument

ALIKE = 34.0  # levels of a colour, in the mean of red, green and blue, that still look like the middle
FINEST = 1_200_000  # pixels of a step's rectangle from which a soft brush is a hard one: it would not keep up
SAMPLE = 4_000  # pixels of the middle from which its usual colour is known well enough


@dataclass(slots=True, eq=False)
class Stroke:
    """Work under way on one instance: the whole image's bits, of which only touched pages take memory."""

    document: ImageDocument
    before: Annotation | None  # None: a new instance
    old: BoxMask
    bits: NDArray[np.bool_]  # (height, width) of the image
    adds: bool
    live: Live
    last: Point
    touched: Bounds | None = field(default=None)

    def extend(
        self, to: Point, radius: float, *, hardness: float = 1.0, pixels: NDArray[np.uint8] | None = None
    ) -> Bounds | None:
        """Go on to a place; what was touched, None for nothing. `pixels`: the image, for a soft brush."""
        height, width = self.bits.shape
        bounds = capsule_bounds(self.last, to, radius, width, height)
        left, top, right, bottom = bounds
        last, self.last = self.last, to
        if left >= right or top >= bottom:
            return None
        covered = capsule(last, to, radius, bounds)
        if hardness < 1 and pixels is not None and covered.size <= FINEST:
            covered &= soft(last, to, radius, hardness, bounds, pixels)
        part = self.bits[top:bottom, left:right]
        if self.adds:
            part |= covered
        else:
            part &= ~covered
        self.touched = merged(self.touched, bounds)
        box = self.live.box
        self.live.box = bounds if box is None else union(box, bounds)
        return bounds


def soft(
    a: Point, b: Point, radius: float, hardness: float, bounds: Bounds, pixels: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Of a disc on its way from a to b: its middle (`hardness` of the radius), and what looks like that."""
    left, top, right, bottom = bounds
    middle = capsule(a, b, max(radius * hardness, 0.75), bounds)
    if not middle.any():
        return np.ones_like(middle)
    part = np.ascontiguousarray(pixels[top:bottom, left:right])
    every = max(math.isqrt(int(np.count_nonzero(middle)) // SAMPLE), 1)
    sample = part[::every, ::every][middle[::every, ::every]]
    usual = np.append(np.median(sample if len(sample) else part[middle], axis=0).round(), 0.0)
    apart = cv2.transform(cv2.absdiff(part, usual), np.ones((1, 3), np.float32))
    return np.asarray(middle | (np.asarray(apart) <= 3 * ALIKE), np.bool_)


def extent_of(stroke: Stroke) -> float:
    """How large the box is that has to be turned into runs."""
    left, top, right, bottom = stroke.live.extent
    return (right - left) * (bottom - top)


def outcome_of(stroke: Stroke) -> tuple[BoxMask, RleMask] | None:
    """What the stroke made of the instance, None if it changed nothing; any thread."""
    mask = _result(stroke)
    if mask is None:
        return None
    height, width = stroke.bits.shape
    return mask, RleMask(width, height, encode(mask, width, height))


def _result(stroke: Stroke) -> BoxMask | None:
    """The mask after the stroke, cut to its tight box (0 x 0 when empty); None if nothing changed."""
    if stroke.touched is None:
        return None
    left, top, right, bottom = stroke.touched
    was = np.zeros((bottom - top, right - left), np.bool_)
    old = stroke.old
    x0, y0, x1, y1 = max(left, old.left), max(top, old.top), min(right, old.right), min(bottom, old.bottom)
    if x0 < x1 and y0 < y1:
        was[y0 - top : y1 - top, x0 - left : x1 - left] = old.bits[
            y0 - old.top : y1 - old.top, x0 - old.left : x1 - old.left
        ]
    if np.array_equal(was, stroke.bits[top:bottom, left:right]):
        return None
    if old.bits.size:
        left, top, right, bottom = merged(stroke.touched, (old.left, old.top, old.right, old.bottom))
    part = stroke.bits[top:bottom, left:right]
    rows = np.flatnonzero(part.any(1))
    if not len(rows):
        return BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    part = part[rows[0] : rows[-1] + 1]
    columns = np.flatnonzero(part.any(0))
    tight = np.ascontiguousarray(part[:, columns[0] : columns[-1] + 1])
    return BoxMask(left + int(columns[0]), top + int(rows[0]), tight)
