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
from app.geometry import tight, window
from model.basis import Rectangle, grown, instance_grid
from model.fine.sight import Sight
from model.local_solving import Field, Place, answer, begin
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

Box = tuple[float, float, float, float]  # x y w h
Point = tuple[float, float]
MOST = 12  # places of a stroke that count
FINENESS = 8  # pixels a side of a cell of the grid that are looked at, of those of a large mask
BLOCK = 128  # pixels a side that are brought to the image's resolution together
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
    """What each hint made, from first to last. Before some (`LOOKS`), and before one that
    lies outside of the grid, the instance is looked at once more.

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
        mask, field, painted, pixels_set = work.answer(found, before, number)
        so_far, painted = tuple(work.placed[: number + 1]), painted or field.forced
        steps.append(Step(so_far, field, mask, painted, pixels_set, start, found, before))
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
        mask = _with_changes(mask, field, stroke.inside)
        if field.whole:
            mask = _obeying(mask, self.placed[:number], field, self._size)
        mask, painted, pixels_set = _painted(mask, stroke, 1 / max(field.grid.scale), self._size)
        return mask, field, painted, pixels_set


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


def on_grid(mask: BoxMask, rectangle: Rectangle, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w): the cells that the mask covers half of."""
    bits = window(mask, *rectangle).view(np.uint8)
    down, across = (max(size // (FINENESS * side), 1) for size, side in zip(bits.shape, shape, strict=True))
    bits = bits[::down, ::across] * np.uint8(255)
    return np.asarray(cv2.resize(bits, shape[::-1], interpolation=cv2.INTER_AREA)) > 127


def _with_changes(mask: BoxMask, field: Field, inside: bool) -> BoxMask:
    """The mask with what the last hint changed, at the image's resolution; the rest stays to the pixel."""
    assert field.changed is not None
    rows, columns = np.flatnonzero(field.changed.any(1)), np.flatnonzero(field.changed.any(0))
    if not len(rows):
        return mask
    if field.anew:
        area = field.grid.rectangle  # holds all of the mask
        return tight(BoxMask(area[0], area[1], _above(field.logits, 0.0, 0, 0, area, field)))
    height, width = field.grid.shape
    top, bottom = max(int(rows[0]) - 2, 0), min(int(rows[-1]) + 3, height)
    left, right = max(int(columns[0]) - 2, 0), min(int(columns[-1]) + 3, width)
    x_cells, y_cells = field.grid.scale
    x0, y0 = field.grid.rectangle[:2]
    area = (
        x0 + int(left / x_cells),
        y0 + int(top / y_cells),
        x0 + int(right / x_cells),
        y0 + int(bottom / y_cells),
    )
    across, down = area[2] - area[0], area[3] - area[1]
    if across < 1 or down < 1:
        return mask
    part = slice(top, bottom), slice(left, right)
    positive = _above(field.logits[part], 0.0, left, top, area, field)
    allowed = cv2.dilate(field.changed[part].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    touched = _above(allowed, 0.5, left, top, area, field)
    if field.whole:  # a change may go both ways
        return _replaced(mask, area, touched, positive)
    touched &= positive if inside else ~positive
    return _combined(mask, BoxMask(area[0], area[1], touched), inside)


def _replaced(mask: BoxMask, area: Rectangle, touched: NDArray[np.bool_], bits: NDArray[np.bool_]) -> BoxMask:
    """The mask with these bits (h, w) of an area where it is touched."""
    left, top = min(mask.left, area[0]), min(mask.top, area[1])
    canvas = window(mask, left, top, max(mask.right, area[2]), max(mask.bottom, area[3]))
    part = canvas[area[1] - top : area[3] - top, area[0] - left : area[2] - left]
    np.copyto(part, bits, where=touched)
    return tight(BoxMask(left, top, canvas))


def _above(
    values: NDArray[np.float32], limit: float, left: int, top: int, area: Rectangle, field: Field
) -> NDArray[np.bool_]:
    """Where `_sampled` values are above a limit; of a large area only blocks near an edge are sampled."""
    x0, y0, x1, y1 = area
    result = np.empty((y1 - y0, x1 - x0), np.bool_)
    above = values > limit
    side = BLOCK if result.size > BLOCK**2 * 16 else max(result.shape)
    for y in range(y0, y1, side):
        bottom = min(y + side, y1)
        rows = _reached(y, bottom, field.grid.rectangle[1], field.grid.scale[1], top, above.shape[0])
        for x in range(x0, x1, side):
            right = min(x + side, x1)
            columns = _reached(x, right, field.grid.rectangle[0], field.grid.scale[0], left, above.shape[1])
            cells = above[rows, columns]
            block = result[y - y0 : bottom - y0, x - x0 : right - x0]
            if cells.all() or not cells.any():
                block[:] = cells[0, 0]
            else:
                block[:] = _sampled(values, left, top, (x, y, right, bottom), field) > limit
    return result


def _reached(start: int, stop: int, origin: int, scale: float, first: int, count: int) -> slice:
    """The cells, of `count` from the grid's `first` one on, that the values of pixels are made of."""
    low = math.floor((start - origin) * scale) - first - 1
    high = math.ceil((stop - origin) * scale) - first + 1
    return slice(min(max(low, 0), count - 1), max(min(high, count), 1))


def _sampled(
    values: NDArray[np.float32], left: int, top: int, area: Rectangle, field: Field
) -> NDArray[np.float32]:
    """Values of a window of the grid (its corner at `left`, `top`) at every pixel of an area."""
    x_cells, y_cells = field.grid.scale
    x0, y0 = field.grid.rectangle[:2]
    turn = np.array(
        [
            [x_cells, 0, (area[0] + 0.5 - x0) * x_cells - left - 0.5],
            [0, y_cells, (area[1] + 0.5 - y0) * y_cells - top - 0.5],
        ]
    )
    size = area[2] - area[0], area[3] - area[1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(values, turn, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _obeying(mask: BoxMask, strokes: Sequence[Stroke], field: Field, size: tuple[int, int]) -> BoxMask:
    """The mask with the places of earlier hints painted once more that were finer than a cell."""
    for each in strokes:
        mask, _, _ = _painted(mask, each, 1 / max(field.grid.scale), size)
    return mask


def _combined(mask: BoxMask, other: BoxMask, adds: bool) -> BoxMask:
    from app.geometry import subtract, union

    return tight(union(mask, other) if adds else subtract(mask, other))


def _painted(
    mask: BoxMask, stroke: Stroke, radius: float, size: tuple[int, int]
) -> tuple[BoxMask, bool, BoxMask]:
    """The mask with those places of a stroke painted that it still does not obey; whether; which pixels."""
    wrong = [point for point in stroke.points if _covers(mask, *point) is not stroke.inside]
    if not wrong:
        return mask, False, BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    radius = max(radius, 0.5)
    reach = math.ceil(radius) + 1
    left, top = (max(math.floor(min(point[axis] for point in wrong)) - reach, 0) for axis in (0, 1))
    right, bottom = (
        min(math.ceil(max(point[axis] for point in wrong)) + reach, size[axis]) for axis in (0, 1)
    )
    bits = np.zeros((bottom - top, right - left), np.uint8)
    for x, y in wrong:
        bits[math.floor(y) - top, math.floor(x) - left] = 1
        cv2.circle(bits, (math.floor(x) - left, math.floor(y) - top), int(radius), 1, -1)
    disc = BoxMask(left, top, bits.astype(np.bool_))
    return _combined(mask, disc, stroke.inside), True, disc


def _covers(mask: BoxMask, x: float, y: float) -> bool:
    row, column = math.floor(y) - mask.top, math.floor(x) - mask.left
    rows, columns = mask.bits.shape
    return 0 <= row < rows and 0 <= column < columns and bool(mask.bits[row, column])
