"""Where the labels of instances stand: beside them, so that no outline is hidden, and clear of each other.

What does not depend on the view is worked out once, so that hundreds of labels follow a moving view. Frame:
widget units, unless a name says image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.annotation import AnnotationId
from ui.canvas.compose import Color
from ui.canvas.transform import Rect, View

CHIP_HEIGHT = 17.0
GAP = 5.0  # between a chip and its box: an outline and a handle lie over its side
MARGIN = 2.0  # between a chip and the widget's edge
ROOM = 0.75  # of its chip's width: how wide an instance must be on the screen to have one

Placed = tuple["Label", float, float]  # left and top


@dataclass(frozen=True, slots=True)
class Label:
    """What a chip says, of which instance. `box`: image pixels."""

    id: AnnotationId
    text: str
    color: Color
    box: Rect
    peak: float  # image x of the instance's topmost pixels
    selected: bool = False


class LabelPlaces:
    """The places of some labels in any view; `widths`: of their chips."""

    def __init__(self, labels: Sequence[Label], widths: Sequence[float]) -> None:
        order = sorted(range(len(labels)), key=lambda each: _rank(labels[each]))
        self._labels = [labels[each] for each in order]
        self._widths = np.array([widths[each] for each in order], np.float64)
        self._boxes = np.array([each.box for each in self._labels], np.float64).reshape(-1, 4)
        self._peaks = np.array([each.peak for each in self._labels], np.float64)
        self._selected = np.array([each.selected for each in self._labels], np.bool_)

    def within(self, view: View, widget: Rect) -> list[Placed]:
        """Which chips are shown and where: selected ones first, then the largest instances'.

        A chip stands above its instance's box; where the widget ends there, below it or, of a selected one,
        beside it, and within it only where all of the widget is. It is left out where the instance is smaller
        than its chip, or another chip is in its place.
        """
        if not self._labels:
            return []
        scale = view.scale / view.ratio
        corner = np.array([view.left, view.top] * 2) / view.ratio
        boxes = self._boxes * scale - corner
        seen = (boxes[:, 0] < widget[2]) & (boxes[:, 2] > widget[0])
        seen &= (boxes[:, 1] < widget[3]) & (boxes[:, 3] > widget[1])
        seen &= self._selected | (boxes[:, 2] - boxes[:, 0] >= self._widths * ROOM)
        lefts = self._peaks * scale - corner[0] - self._widths / 2
        lefts = np.rint(np.maximum(np.minimum(lefts, widget[2] - self._widths - MARGIN), widget[0] + MARGIN))
        tops = np.rint(boxes[:, 1] - CHIP_HEIGHT - GAP)
        shown = np.flatnonzero(seen)
        numbers = (each[shown].tolist() for each in (lefts, tops, self._widths))
        taken, placed = _Taken(), list[Placed]()
        for index, left, top, width in zip(shown.tolist(), *numbers, strict=True):
            label = self._labels[index]
            if top < widget[1] + MARGIN:
                box = tuple(boxes[index].tolist())
                left, top = _elsewhere(box, left, width, widget, beside=label.selected)
            if taken.take(left, top, left + width, anyhow=label.selected):
                placed.append((label, left, top))
        return placed


class _Taken:
    """Where chips are, by the rows of their height that they touch."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Rect]] = {}

    def take(self, left: float, top: float, right: float, *, anyhow: bool) -> bool:
        """Take a place; False: another chip is there. `anyhow`: take it all the same."""
        bottom, first = top + CHIP_HEIGHT, int(top // CHIP_HEIGHT)
        rows = [self._rows.setdefault(each, []) for each in (first, first + 1)]
        if not anyhow:
            for row in rows:
                for other in row:
                    if other[0] < right and left < other[2] and other[1] < bottom and top < other[3]:
                        return False
        for row in rows:
            row.append((left, top, right, bottom))
        return True


def _elsewhere(box: Rect, left: float, width: float, widget: Rect, *, beside: bool) -> tuple[float, float]:
    """The left top corner of a chip that has no room above its box."""
    top = float(round(max(box[1], widget[1] + MARGIN)))
    if not beside and box[1] < widget[1]:  # its upper side is out of sight: nothing of it is hidden there
        return left, top
    below = float(round(box[3] + GAP))
    if below + CHIP_HEIGHT + MARGIN <= widget[3]:
        return left, below
    top_fits = top + CHIP_HEIGHT + MARGIN <= widget[3]
    if beside and top_fits and box[2] + GAP + width + MARGIN <= widget[2]:
        return float(round(box[2] + GAP)), top
    if beside and top_fits and box[0] - GAP - width - MARGIN >= widget[0]:
        return float(round(box[0] - GAP - width)), top
    if box[1] >= widget[1] and box[3] > widget[3]:  # its upper side is in sight, its lower side is not
        return left, widget[3] - CHIP_HEIGHT - MARGIN
    return left, top


def _rank(label: Label) -> tuple[bool, float]:
    left, top, right, bottom = label.box
    return not label.selected, -(right - left) * (bottom - top)
