"""Painting instances over the image, in numpy: what a tile of the canvas is made of.

A shape's coverage (0..255 for each device pixel) is blurred a little; how far a pixel lies from the outline
then follows from its value alone, so that one table of 256 premultiplied colours paints fill, outline and a
dark rim at once: lines of even width at every zoom, anti-aliased, without ever tracing a contour. Pixels are
(h, w, 4) uint8: blue, green, red, alpha, premultiplied, as `QImage.Format_ARGB32_Premultiplied` holds them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.annotation import AnnotationId
from app.geometry import Polygons
from model.masks import BoxMask
from model.opencv import cv2
from ui.canvas.sampling import SQUARES, Level, Span, sample_image, sample_mask, sample_polygons
from ui.canvas.transform import Rect, touches

BLUR = 0.8  # standard deviation of the blur, logical units
STAIRS = 0.6  # the same in image pixels, where masks are enlarged: it takes the stairs off their outlines
REACH = 4  # logical units that an outline may reach beyond its shape
GRID_FROM = 16.0  # device pixels per image pixel from which the pixel grid is drawn
DASH = 5.0  # logical units: cells of the pattern that breaks the outline of a proposal
DASH_ANGLE = math.radians(27)  # few real outlines run along it
Color = tuple[int, int, int]  # red, green, blue


@dataclass(frozen=True, slots=True)
class Style:
    """How one instance looks. Widths in logical units, alphas 0..1."""

    color: Color
    fill: float = 0.35
    line: float = 1.75
    strength: float = 1.0  # the outline's alpha
    rim: float = 0.35  # alpha of the dark rim outside the outline
    dashed: bool = False


class Mask(Protocol):
    """A mask that may first have to be decoded, by whichever thread needs it."""

    def get(self) -> BoxMask:
        """The mask, image pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One instance to be painted: its mask or its outlines, image pixels."""

    id: AnnotationId | None
    geometry: Mask | BoxMask | Polygons
    box: Rect  # image pixels, holds the geometry
    style: Style

    def blur(self, scale: float, ratio: float) -> float:
        """Standard deviation of the blur for its outline, device pixels."""
        enlarged = not isinstance(self.geometry, Polygons) and 1 < scale <= SQUARES
        return round(max(BLUR * ratio, STAIRS * scale if enlarged else 0.0), 1)

    def coverage(self, scale: float, span: Span) -> NDArray[np.uint8]:
        """How much of each device pixel of `span` it covers: (height, width) 0..255."""
        if isinstance(self.geometry, Polygons):
            covered = sample_polygons(self.geometry, scale, span)
        else:
            mask = self.geometry if isinstance(self.geometry, BoxMask) else self.geometry.get()
            covered = sample_mask(mask, scale, span)
        if max(self.box[2] - self.box[0], self.box[3] - self.box[1]) * scale < 3:
            _dot(covered, self.box, scale, span)
        return covered


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is to be seen: all that a thread needs to paint any tile of it."""

    levels: Sequence[Level]
    size: tuple[int, int]  # width, height of the image
    shapes: tuple[Shape, ...] = ()  # from below to above
    ratio: float = 1.0  # device pixels per logical unit
    tone: NDArray[np.uint8] | None = field(default=None)  # (256,): brightness and contrast, for display only


def paint_base(picture: Picture, scale: float, span: Span) -> NDArray[np.uint8]:
    """The image and `picture.shapes` in `span`: (h, w, 4), opaque."""
    pixels = sample_image(picture.levels, scale, span)
    if picture.tone is not None:
        pixels = np.asarray(cv2.LUT(pixels, picture.tone), np.uint8)
    canvas = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA), np.uint8)
    if scale >= GRID_FROM:
        _draw_grid(canvas, scale, span)
    paint_shapes(canvas, picture.shapes, scale, span, picture.ratio)
    return canvas


def paint_over(shapes: Sequence[Shape], scale: float, span: Span, ratio: float) -> NDArray[np.uint8] | None:
    """`shapes` alone on nothing: (h, w, 4), or None where none of them is."""
    near = shapes_in(shapes, scale, span, ratio)
    if not near:
        return None
    canvas = np.zeros((span.height, span.width, 4), np.uint8)
    paint_shapes(canvas, near, scale, span, ratio)
    return canvas


def shapes_in(shapes: Iterable[Shape], scale: float, span: Span, ratio: float) -> list[Shape]:
    """Those of `shapes` that may leave a mark in `span`."""
    reach = REACH * ratio
    seen = (
        (span.left - reach) / scale,
        (span.top - reach) / scale,
        (span.left + span.width + reach) / scale,
        (span.top + span.height + reach) / scale,
    )
    return [shape for shape in shapes if touches(shape.box, seen)]


def paint_shapes(
    canvas: NDArray[np.uint8], shapes: Iterable[Shape], scale: float, span: Span, ratio: float
) -> None:
    """Paint shapes over `canvas` (h, w, 4), which shows `span`; later ones lie above."""
    for shape in shapes_in(shapes, scale, span, ratio):
        _paint(canvas, shape, scale, span, ratio)


def _paint(canvas: NDArray[np.uint8], shape: Shape, scale: float, span: Span, ratio: float) -> None:
    reach = math.ceil(REACH * ratio)
    left = max(math.floor(shape.box[0] * scale) - reach, span.left)
    top = max(math.floor(shape.box[1] * scale) - reach, span.top)
    right = min(math.ceil(shape.box[2] * scale) + reach, span.left + span.width)
    bottom = min(math.ceil(shape.box[3] * scale) + reach, span.top + span.height)
    if left >= right or top >= bottom:
        return
    sigma = shape.blur(scale, ratio)
    edge = math.ceil(2.5 * sigma)
    wide = Span(left - edge, top - edge, right - left + 2 * edge, bottom - top + 2 * edge)
    covered = shape.coverage(scale, wide)
    values = cv2.GaussianBlur(covered, (2 * edge + 1, 2 * edge + 1), sigma)[edge:-edge, edge:-edge]
    if not cv2.countNonZero(values):
        return
    part = canvas[top - span.top : bottom - span.top, left - span.left : right - span.left]
    plain, broken = _tables(shape.style, round(math.hypot(sigma, _ramp(scale)), 1), ratio)
    paint = _colored(values, plain)
    if broken is not None:
        gaps = _pattern(Span(left, top, right - left, bottom - top), ratio)
        paint = np.asarray(cv2.copyTo(_colored(values, broken), gaps, paint), np.uint8)
    kept = cv2.bitwise_not(paint[:, :, 3])
    kept4 = cv2.merge([kept, kept, kept, kept])
    part[:] = cv2.add(cv2.multiply(part, kept4, scale=1 / 255), paint)


def _ramp(scale: float) -> float:
    """What sampling itself blurs an edge by, as a standard deviation: a ramp as wide as a sample."""
    return 0.0 if scale > SQUARES else max(scale, 1.0) / math.sqrt(12)


def _colored(values: NDArray, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w) 0..255 -> (h, w, 4) by a table (4, 256)."""
    return np.asarray(cv2.merge([cv2.LUT(values, channel) for channel in table]), np.uint8)


@lru_cache(maxsize=4096)
def _tables(style: Style, sigma: float, ratio: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """The colours of blurred coverage 0..255, (4, 256) premultiplied; and those in a dash's gaps."""
    plain = _table(style, sigma, ratio, style.strength, style.rim)
    if not style.dashed:
        return plain, None
    return plain, _table(style, sigma, ratio, style.strength * 0.12, style.rim * 0.3)


@lru_cache(maxsize=1)
def _depths() -> NDArray[np.float64]:
    """(256,): blurred coverage -> depth inside a straight edge, in standard deviations of the blur."""
    normal = NormalDist()
    return np.array([normal.inv_cdf(min(max(value / 255, 1e-6), 1 - 1e-6)) for value in range(256)])


def _table(style: Style, sigma: float, ratio: float, strength: float, rim_alpha: float) -> NDArray[np.uint8]:
    depth = _depths() * sigma  # device pixels
    half = style.line * ratio / 2
    line = np.clip(half + 0.5 - np.abs(depth), 0, 1) * strength if style.line > 0 else np.zeros(256)
    fill = np.clip(depth + 0.5, 0, 1) * style.fill
    rim = np.clip(half + ratio + 0.5 + depth, 0, 1) * (depth < 0) * rim_alpha
    rim[0] = 0
    outer = np.maximum(fill, rim)
    dark = np.where(rim > fill, 0.0, 1.0)
    alpha = line + outer * (1 - line)
    bright = line + outer * dark * (1 - line)
    red, green, blue = (channel / 255 for channel in style.color)
    table = np.stack([blue * bright, green * bright, red * bright, alpha])
    return np.rint(table * 255).astype(np.uint8)


def _pattern(span: Span, ratio: float) -> NDArray[np.uint8]:
    """(h, w): 255 in the gaps of a dashed outline. Fixed to the world, so that tiles agree."""
    cell = DASH * ratio
    x = (np.arange(span.left, span.left + span.width) / cell).astype(np.float32)
    y = (np.arange(span.top, span.top + span.height) / cell).astype(np.float32)
    cos, sin = np.float32(math.cos(DASH_ANGLE)), np.float32(math.sin(DASH_ANGLE))
    along = np.floor(x[None, :] * cos + y[:, None] * sin).astype(np.int32)
    across = np.floor(y[:, None] * cos - x[None, :] * sin).astype(np.int32)
    return (((along + across) & 1) * 255).astype(np.uint8)


def _draw_grid(canvas: NDArray[np.uint8], scale: float, span: Span) -> None:
    """A faint line between image pixels: lighter on dark, darker on light."""
    for axis, start, length in ((1, span.left, span.width), (0, span.top, span.height)):
        first, last = math.ceil(start / scale), math.floor((start + length - 1) / scale)
        at = np.rint(np.arange(first, last + 1) * scale).astype(np.intp) - start
        at = at[(at >= 0) & (at < length)]
        lines = np.take(canvas, at, axis=axis)
        mixed = (lines.astype(np.uint16) * 3 + np.where(lines > 127, 40, 215)) // 4
        mixed[..., 3] = 255
        if axis == 1:
            canvas[:, at] = mixed
        else:
            canvas[at] = mixed


def _dot(covered: NDArray[np.uint8], box: Rect, scale: float, span: Span) -> None:
    """Something smaller than what the screen resolves is still shown."""
    x = math.floor((box[0] + box[2]) / 2 * scale) - span.left
    y = math.floor((box[1] + box[3]) / 2 * scale) - span.top
    covered[max(y - 1, 0) : max(y + 1, 0), max(x - 1, 0) : max(x + 1, 0)] = 255


def tone_table(brightness: float, contrast: float) -> NDArray[np.uint8] | None:
    """(256,) for brightness and contrast in -1..1; None where both are 0."""
    if not brightness and not contrast:
        return None
    gain = math.tan((min(max(contrast, -0.99), 0.99) + 1) * math.pi / 4)
    values = (np.arange(256) - 127.5) * gain + 127.5 + brightness * 255
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
