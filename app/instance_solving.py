"""A person's hints for one instance, answered on a grid around it: prototypes and helper rows, then paint.

The same hints in the same order give the same mask. The network is not run. Frame: image pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.fine import FineLook
from app.grid_masks import on_grid, painted, with_changes
from model.basis import Rectangle, grown, instance_grid
from model.fine.sight import Sight
from model.local_solving import Field, Place, answer, begin
from model.masks import BoxMask
from model.messages import Prediction

Box = tuple[float, float, float, float]  # x y w h
MOST = 12  # places of a stroke that count
LOOKS = (2, 4)  # hints before which fine prototypes are made anew, of the mask as it is by then
BEYOND = 0.1  # of the grown box: how far the grid reaches beyond a hint outside of it


@dataclass(frozen=True, slots=True)
class Stroke:
    """One hint: the places it went through (one: a click), and whether they belong to the instance."""

    points: tuple[tuple[float, float], ...]
    inside: bool


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What the hints so far made. Given back to `solve_near`, it is not made again."""

    strokes: tuple[Stroke, ...]
    field: Field
    mask: BoxMask
    painted: bool  # whether the last hint had to be painted, wholly or in part
    added: BoxMask  # pixels that the last hint painted or removed, beside what was solved
    first: BoxMask  # the mask before the first hint
    found: BoxMask  # the mask that the last hint found, and the field that it was answered on
    before: Field

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """(k,) the prototypes' coefficients as solved; helper rows are the hints' own."""
        return self.field.coefficients


def solve_near(
    start: BoxMask,
    coefficients: NDArray[np.floating],
    box: Box,
    prediction: Prediction,
    pixels: NDArray[np.uint8] | None,
    strokes: Sequence[Stroke],
    known: Sequence[Step] = (),
    *,
    untouched: bool = False,
    finely: FineLook | None = None,
) -> tuple[Step, ...]:
    """What each hint made, from first to last.

    Before some (`LOOKS`), and before one outside of the grid, the instance is looked at once more.
    `start`: the mask before the first hint; `coefficients` (k,) that go with it (zeros for a drawn one);
    `box`: x y w h that it is cropped to. `pixels`: (H, W, 3) RGB of the image, whole or reduced; None:
    without colour. `known`: the answer for the first of these hints; what does not fit is made again. A place
    outside of the image counts as its edge. `untouched`: the mask is a model's own: the first hint may draw
    all of it anew, and the next ones may change it everywhere. `finely`: sees the instance closely (needs
    `pixels`); None: prototypes and colours alone.
    """
    work = _Solving(box, start, strokes, prediction, pixels, finely, untouched)
    steps = _usable(known, work.placed, start)
    mask, field = (steps[-1].mask, steps[-1].field) if steps else (start, None)
    tried = _tried(known, steps, work.placed, start)
    for number in range(len(steps), len(work.placed)):
        found, before = work.prepared(mask, field, number, coefficients, tried)
        mask, field, by_paint, pixels_set = work.answer(found, before, number)
        so_far, by_paint = tuple(work.placed[: number + 1]), by_paint or field.forced
        steps.append(Step(so_far, field, mask, by_paint, pixels_set, start, found, before))
        tried = None
    return tuple(steps)


def look_ahead(
    start: BoxMask,
    box: Box,
    prediction: Prediction,
    pixels: NDArray[np.uint8],
    strokes: Sequence[Stroke],
    finely: FineLook,
    known: Sequence[Step] = (),
) -> None:
    """Look at an instance before the last of these hints comes, so that it need not wait (10 ms).

    `known`: what the ones before it made.
    """
    if len(known) != len(strokes) - 1:
        return
    work = _Solving(box, start, strokes, prediction, pixels, finely, untouched=False)
    mask, field = (known[-1].mask, known[-1].field) if known else (start, None)
    if work.looks(field, len(known)):
        work.look(mask, work.rectangle(mask, len(known)))


class _Solving:
    """One instance and its hints: how each of them is answered."""

    def __init__(
        self,
        box: Box,
        start: BoxMask,
        strokes: Sequence[Stroke],
        prediction: Prediction,
        pixels: NDArray[np.uint8] | None,
        finely: FineLook | None,
        untouched: bool,
    ) -> None:
        self._box, self._size = box, (prediction.image_width, prediction.image_height)
        self._start, self._prediction, self._pixels = start, prediction, pixels
        self._finely, self._untouched = finely, untouched
        self._scale = 1.0 if pixels is None else self._size[0] / pixels.shape[1]
        self.placed = [_clipped(each, self._size) for each in strokes]

    def rectangle(self, mask: BoxMask, number: int) -> Rectangle:
        """Of a grid for a hint on this mask: it holds the hints so far."""
        return _rectangle(self._box, mask, self.placed[: number + 1], self._size)

    def looks(self, field: Field | None, number: int) -> bool:
        """Whether a hint needs a grid of its own: the first, `LOOKS`, and those outside of the last one."""
        return field is None or number + 1 in LOOKS or self._outside(field, number)

    def _outside(self, field: Field, number: int) -> bool:
        left, top, right, bottom = field.grid.rectangle
        return not all(left <= x < right and top <= y < bottom for x, y in self.placed[number].points)

    def look(self, mask: BoxMask, rectangle: Rectangle) -> Sight | None:
        """Fine prototypes of a rectangle, with this mask."""
        if self._finely is None or self._pixels is None:
            return None
        return self._finely.of(mask, rectangle, self._pixels, self._scale)

    def prepared(
        self,
        mask: BoxMask,
        field: Field | None,
        number: int,
        coefficients: NDArray[np.floating],
        tried: Step | None,
    ) -> tuple[BoxMask, Field]:
        """The field that a hint is answered on: the last one, or one made of the mask as hints left it.

        That sees better what the instance is. The earlier hints hold already, and go on to. `tried`: another
        hint in this one's place, so that what was made for it need not be made again.
        """
        if not self.looks(field, number):
            assert field is not None
            return mask, field
        rectangle = self.rectangle(mask, number)
        if tried is not None and tried.before.grid.rectangle == rectangle:
            return tried.found, tried.before
        sight = self.look(mask, rectangle)
        if field is not None and sight is None and not self._outside(field, number):
            return mask, field
        known = field.grid if field is not None else None
        if known is not None and known.rectangle == rectangle and known.sight and sight:
            grid = replace(known, sight=sight)  # of the same cells
        else:
            colours = self._pixels if sight is None else None  # fine prototypes stand for them
            grid = instance_grid(self._prediction, colours, rectangle, scale=self._scale, sight=sight)
        bits = on_grid(mask, rectangle, grid.shape)
        if field is None:
            return mask, begin(grid, bits, coefficients)
        made = begin(grid, bits, field.coefficients, fresh=False)
        for earlier in range(number):
            mask, made, _, _ = self.answer(mask, made, earlier)
        return mask, made

    def answer(self, mask: BoxMask, field: Field, number: int) -> tuple[BoxMask, Field, bool, BoxMask]:
        """Mask and field after one more hint, whether some of it was painted, and which pixels."""
        stroke = self.placed[number]
        places = [Place(*field.grid.to_cells(*point), stroke.inside) for point in _thinned(stroke.points)]
        field = answer(field, places, whole=self._untouched)
        mask = with_changes(mask, field, stroke.inside)
        cell = 1 / max(field.grid.scale)
        if field.whole:  # earlier hints that were finer than a cell
            for each in self.placed[:number]:
                mask, _, _ = painted(mask, each.points, each.inside, cell, self._size)
        mask, by_paint, pixels_set = painted(mask, stroke.points, stroke.inside, cell, self._size)
        return mask, field, by_paint, pixels_set


def _usable(known: Sequence[Step], strokes: Sequence[Stroke], start: BoxMask) -> list[Step]:
    """The known steps up to the first one that other hints or another mask made."""
    usable: list[Step] = []
    for number, step in enumerate(known[: len(strokes)]):
        same = step.strokes == tuple(strokes[: number + 1])
        if not same or (step.first is not start and not _equal(step.first, start)):
            break
        usable.append(step)
    return usable


def _tried(
    known: Sequence[Step], usable: Sequence[Step], strokes: Sequence[Stroke], start: BoxMask
) -> Step | None:
    """The known step after the usable ones, if it was for another hint in its place: strokes grow."""
    number = len(usable)
    if number >= min(len(known), len(strokes)):
        return None
    step = known[number]
    same = step.strokes[:-1] == tuple(strokes[:number])
    return step if same and (step.first is start or _equal(step.first, start)) else None


def _equal(a: BoxMask, b: BoxMask) -> bool:
    return (a.left, a.top) == (b.left, b.top) and np.array_equal(a.bits, b.bits)


def _clipped(stroke: Stroke, size: tuple[int, int]) -> Stroke:
    """Within the image; a place that is no number is its corner."""
    right, bottom = size[0] - 0.5, size[1] - 0.5
    points = tuple(
        (
            min(max(x, 0.5), right) if math.isfinite(x) else 0.5,
            min(max(y, 0.5), bottom) if math.isfinite(y) else 0.5,
        )
        for x, y in stroke.points
    )
    return Stroke(points, stroke.inside)


def _rectangle(box: Box, start: BoxMask, strokes: Sequence[Stroke], size: tuple[int, int]) -> Rectangle:
    """The grown box with the mask and all places in it."""
    x, y, w, h = box
    corners = [(x, y), (x + w, y + h)]
    if start.bits.size:
        corners += [(start.left, start.top), (start.right, start.bottom)]
    left, top, right, bottom = grown(_around(corners), *size)
    margin = BEYOND * max(right - left, bottom - top) + 2
    places = [point for stroke in strokes for point in stroke.points]
    low_x, high_x = min(px for px, _ in places), max(px for px, _ in places)
    low_y, high_y = min(py for _, py in places), max(py for _, py in places)
    if low_x < left or low_y < top or high_x >= right or high_y >= bottom:
        left, top = min(left, math.floor(low_x - margin)), min(top, math.floor(low_y - margin))
        right, bottom = max(right, math.ceil(high_x + margin)), max(bottom, math.ceil(high_y + margin))
    return max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])


def _around(corners: Sequence[tuple[float, float]]) -> Box:
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    return left, top, max(x for x, _ in corners) - left, max(y for _, y in corners) - top


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `MOST` points of a line, evenly along it, both ends among them."""
    if len(points) <= MOST:
        return list(points)
    line = np.asarray(points, np.float64)
    gone = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    chosen = np.searchsorted(gone, np.linspace(0, gone[-1], MOST))
    return [points[int(index)] for index in dict.fromkeys(np.minimum(chosen, len(points) - 1).tolist())]
