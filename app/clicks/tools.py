"""The tools that the clicker is put to: prototypes alone, the hand-over tool, and a brush. Image pixels."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.clicks.clicker import Aim
from app.fine import shared_look
from app.geometry import clip, covers, window
from app.instance_solving import Step, Stroke, look_ahead, solve_near
from app.offers import offers_at
from model.coefficients import Hint, LinearMask, merge_near, solve
from model.masks import BoxMask, assemble
from model.messages import Prediction
from model.opencv import cv2

Box = tuple[float, float, float, float]
Bits = NDArray[np.bool_]
WIDEST = 8.0  # cells of the prototypes: the brush's largest radius, as a hint paints at most


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """An instance before the first click. Of an empty mask: zero coefficients, a box without a size."""

    prediction: Prediction
    pixels: NDArray[np.uint8]
    mask: BoxMask
    coefficients: NDArray[np.float32]
    box: Box


class ClickTool(Protocol):
    """Takes clicks, one after the other; `seconds` of thinking for each of them."""

    seconds: list[float]
    painted: int

    def click(self, aim: Aim) -> Bits:
        """(H, W): the mask after one more click."""
        ...


class Tool:
    """Prototypes, helper rows of the hints, then paint: what the window's tool does."""

    def __init__(self, start: Start) -> None:
        self._start, self._strokes = start, list[Stroke]()
        self._known: tuple[Step, ...] = ()
        self.seconds: list[float] = []
        self.painted = 0

    def click(self, aim: Aim) -> Bits:
        if not self._start.mask.bits.any() and aim.inside and not self._strokes:
            self._start = _offered(self._start, aim) or self._start
        self._rest(aim)
        began = time.perf_counter()
        if not self._start.mask.bits.any() or not _right(self._start.mask, aim) or self._strokes:
            self._strokes.append(Stroke(((aim.column + 0.5, aim.row + 0.5),), aim.inside))
            of = self._start
            self._known = solve_near(
                of.mask,
                of.coefficients,
                of.box,
                of.prediction,
                of.pixels,
                self._strokes,
                self._known,
                untouched=bool(of.mask.bits.any()),
                finely=shared_look(),
            )
            self.painted += self._known[-1].painted
        self.seconds.append(time.perf_counter() - began)
        return _whole(self._known[-1].mask if self._known else self._start.mask, self._start.prediction)

    def _rest(self, aim: Aim) -> None:
        """The window looks where the pointer rests, before the click: its time is not the hint's."""
        finely, of = shared_look(), self._start
        if finely is not None and of.mask.bits.any():
            coming = Stroke(((aim.column + 0.5, aim.row + 0.5),), aim.inside)
            strokes = [*self._strokes, coming]
            look_ahead(of.mask, of.box, of.prediction, of.pixels, strokes, finely, self._known)


class Prototypes:
    """The minimum-change solution in the prototypes' coefficients alone, merged near the click; no paint."""

    def __init__(self, start: Start) -> None:
        self._start, self._hints = start, list[Hint]()
        self._basis = start.prediction.prototypes.astype(np.float32)
        self._found: NDArray[np.float64] | None = None
        self._bits = _whole(start.mask, start.prediction)
        self.seconds: list[float] = []
        self.painted = 0

    def click(self, aim: Aim) -> Bits:
        began = time.perf_counter()
        prediction = self._start.prediction
        h, w, _ = self._basis.shape
        width, height = prediction.image_width, prediction.image_height
        across, down = w / width, h / height
        self._hints.append(Hint((aim.column + 0.5) * across, (aim.row + 0.5) * down, aim.inside))
        left, top, right, bottom = self._box_with_hints(across, down)
        relative = (left / width, top / height, right / width, bottom / height)
        mask = LinearMask(self._basis, self._start.coefficients, 0.0, relative)
        self._found = solve(mask, self._hints, self._found)
        made = assemble(
            self._basis, self._found.astype(np.float32), np.asarray(relative, np.float32), width, height
        )
        after = _whole(made, prediction)
        cell = 1 / min(across, down)
        reach = 3 * _away(self._bits, aim) + 3 * cell
        self._bits = merge_near(self._bits, after, aim.column + 0.5, aim.row + 0.5, radius=cell, reach=reach)
        self.seconds.append(time.perf_counter() - began)
        return self._bits

    def _box_with_hints(self, across: float, down: float) -> tuple[float, float, float, float]:
        x, y, w, h = self._start.box
        inside = [(hint.x / across, hint.y / down) for hint in self._hints if hint.inside]
        xs, ys = [each for each, _ in inside], [each for _, each in inside]
        left, top = min([x, *(v - 2 / across for v in xs)]), min([y, *(v - 2 / down for v in ys)])
        return (
            left,
            top,
            max([x + w, *(v + 2 / across for v in xs)]),
            max([y + h, *(v + 2 / down for v in ys)]),
        )


class Brush:
    """A disc as far as the mask's edge is away, `WIDEST` cells at most; no error can be seen by it."""

    def __init__(self, start: Start) -> None:
        self._bits = _whole(start.mask, start.prediction)
        h, w, _ = start.prediction.prototypes.shape
        self._widest = WIDEST * max(start.prediction.image_width / w, start.prediction.image_height / h)
        self.seconds: list[float] = []
        self.painted = 0

    def click(self, aim: Aim) -> Bits:
        began = time.perf_counter()
        radius = min(_away(self._bits, aim), self._widest)
        self._bits = _with_disc(self._bits, aim, radius)
        self.painted += 1
        self.seconds.append(time.perf_counter() - began)
        return self._bits


class FittingBrush(Brush):
    """A disc as large as fits into the error: a person who sees the error and sets the size each time."""

    def click(self, aim: Aim) -> Bits:
        self._bits = _with_disc(self._bits, aim, aim.radius)
        self.painted += 1
        self.seconds.append(0.0)
        return self._bits


TOOLS: dict[str, type[Tool] | type[Prototypes] | type[Brush]] = {
    "tool": Tool,
    "prototypes": Prototypes,
    "brush": Brush,
    "fitting_brush": FittingBrush,
}


def _offered(start: Start, aim: Aim) -> Start | None:
    """What the window offers at a click on bare image: the first candidate."""
    x, y = aim.column + 0.5, aim.row + 0.5
    found = offers_at(start.prediction, x, y, start.pixels, shared_look())
    if not found:
        return None
    return Start(start.prediction, start.pixels, found[0].mask, found[0].coefficients, found[0].box)


def _right(mask: BoxMask, aim: Aim) -> bool:
    return covers(mask, aim.column, aim.row) is aim.inside


def _with_disc(bits: Bits, aim: Aim, radius: float) -> Bits:
    rows, columns = np.ogrid[: bits.shape[0], : bits.shape[1]]
    disc = (columns - aim.column) ** 2 + (rows - aim.row) ** 2 <= max(radius, 0.5) ** 2
    return np.where(disc, aim.inside, bits)


def _away(bits: Bits, aim: Aim) -> float:
    """From a click to the mask's edge, pixels."""
    here = bits[aim.row, aim.column]
    same = bits == here
    if same.all():
        return float(max(bits.shape))
    return float(cv2.distanceTransform(same.astype(np.uint8), cv2.DIST_L2, 5)[aim.row, aim.column])


def _whole(mask: BoxMask, prediction: Prediction) -> Bits:
    width, height = prediction.image_width, prediction.image_height
    return window(clip(mask, width, height), 0, 0, width, height)
