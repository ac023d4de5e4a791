"""What a person does to a mask's pixels: fill holes, smooth, grow, shrink, merge, subtract, split.

Pure functions from masks to masks, cut to their tight box; nothing here makes a full image.

Frame: image pixels, pixel centres at +0.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.geometry import EMPTY, clip, subtract, tight, union, window
from model.masks import BoxMask
from model.opencv import cv2

Point = tuple[float, float]
FIXED = 256  # a line's coordinates are kept to 1/256 of a pixel: OpenCV's `shift` of 8
CORNERS = 200  # more of them in a line than this say nothing about its two sides


def fill_holes(mask: BoxMask) -> BoxMask:
    """The mask without holes: what cannot be reached from outside (by sides, not corners) belongs to it."""
    bits = _framed(mask, 1)
    if not bits.size:
        return EMPTY
    cv2.floodFill(bits, None, (0, 0), 2, flags=4)
    return tight(BoxMask(mask.left, mask.top, bits[1:-1, 1:-1] != 2))


def smooth(mask: BoxMask, radius: float) -> BoxMask:
    """The mask with bumps, gaps and holes narrower than about 2 x `radius` pixels evened out.

    Each pixel asks whether most of its neighbourhood belongs to the mask (three box blurs, near enough a
    Gaussian). Straight edges stay where they are; what is thinner than the neighbourhood vanishes.
    """
    side = max(round(radius), 1)
    bits = _framed(mask, 3 * side)
    if not bits.size:
        return EMPTY
    bits *= 255
    for _ in range(3):
        bits = np.asarray(cv2.blur(bits, (2 * side + 1, 2 * side + 1), borderType=cv2.BORDER_CONSTANT))
    return tight(BoxMask(mask.left - 3 * side, mask.top - 3 * side, bits > 127))


def smoothing_radius(area: float) -> float:
    """A radius, pixels, that evens out the ragged edge of a mask of this many pixels and keeps its limbs."""
    return min(max(0.01 * math.sqrt(area), 1.0), 24.0)


def grow(mask: BoxMask, pixels: float, width: int, height: int) -> BoxMask:
    """Every pixel of the image whose centre is within `pixels` of one of the mask's."""
    reach = math.ceil(pixels)
    bits = _framed(mask, reach)
    if not bits.size or pixels <= 0:
        return tight(mask)
    near = _distance(bits == 0) <= pixels + 1e-3
    return tight(clip(BoxMask(mask.left - reach, mask.top - reach, near), width, height))


def shrink(mask: BoxMask, pixels: float, width: int, height: int) -> BoxMask:
    """The pixels farther than `pixels` from all that is outside; the image's edge counts as inside."""
    if not mask.bits.size or pixels <= 0:
        return tight(mask)
    left, top = mask.left - (mask.left > 0), mask.top - (mask.top > 0)
    right, bottom = mask.right + (mask.right < width), mask.bottom + (mask.bottom < height)
    bits = window(mask, left, top, right, bottom)
    if bits.all():
        return tight(mask)
    return tight(BoxMask(left, top, _distance(bits) > pixels + 1e-3))


def subtract_neighbours(mask: BoxMask, neighbours: Iterable[BoxMask]) -> BoxMask:
    """The pixels that none of the neighbours has."""
    for each in neighbours:
        mask = subtract(mask, each)
    return tight(mask)


def merge(masks: Iterable[BoxMask]) -> BoxMask:
    """All pixels of all of them."""
    return tight(union(*masks))


def split(mask: BoxMask, line: Sequence[Point]) -> tuple[BoxMask, BoxMask] | None:
    """The mask on either side of a drawn line, the larger part first; None where the line parts nothing.

    Pieces that the line does not touch go with the larger part. A line that ends within the mask is taken
    to go straight on. The line's own pixels go to the side that is nearest.
    """
    if len(line) < 2 or not mask.bits.size:
        return None
    line = _simplified(line)
    if not (_line_bits(mask, line) & mask.bits).any():
        return None
    return _parted(mask, line) or _parted(mask, _lengthened(line, mask))


def _parted(mask: BoxMask, line: Sequence[Point]) -> tuple[BoxMask, BoxMask] | None:
    bits = mask.bits.astype(np.uint8)
    cut = _line_bits(mask, line) & mask.bits
    bits[cut] = 0
    count, labels = cv2.connectedComponents(bits, connectivity=4)
    pieces = np.asarray(labels, np.int32)
    sides = _sides(mask, pieces, count, cut, line)
    if not (sides > 0).any() or not (sides < 0).any():
        return None
    sizes = np.bincount(pieces.reshape(-1), minlength=count)
    sizes[0] = 0
    larger = 1 if sizes[sides > 0].sum() >= sizes[sides < 0].sum() else -1
    first = np.where(sides == 0, larger, sides) == larger
    first[0] = False
    is_first = first[pieces]
    is_second = (pieces > 0) & ~is_first
    nearer = _distance(~is_first) <= _distance(~is_second)
    is_first |= cut & nearer
    is_second |= cut & ~nearer
    return tight(BoxMask(mask.left, mask.top, is_first)), tight(BoxMask(mask.left, mask.top, is_second))


def _sides(
    mask: BoxMask, pieces: NDArray[np.int32], count: int, cut: NDArray[np.bool_], line: Sequence[Point]
) -> NDArray[np.int64]:
    """(count,): for each connected piece 1 (left of the line), -1 (right), 0 (the line does not touch it)."""
    beside = cv2.dilate(cut.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_) & (pieces > 0)
    rows, columns = np.nonzero(beside)
    places = np.stack([columns + mask.left + 0.5, rows + mask.top + 0.5], 1)
    turns = _turns(places, np.asarray(line, np.float64))
    votes = np.bincount(pieces[rows, columns], weights=np.sign(turns), minlength=count)
    return np.sign(votes).astype(np.int64)


def _turns(places: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): positive where a place (n, 2) lies left of the piece of the line that is nearest to it."""
    nearest = np.full(len(places), np.inf)
    turns = np.zeros(len(places))
    for a, b in pairwise(line):
        along = b - a
        length = float(along @ along)
        if length == 0:
            continue
        away = places - a
        part = np.clip(away @ along / length, 0, 1)
        distance = ((away - part[:, None] * along) ** 2).sum(1)
        better = distance < nearest
        nearest[better] = distance[better]
        turns[better] = (away[:, 0] * along[1] - away[:, 1] * along[0])[better]
    return turns


def _line_bits(mask: BoxMask, line: Sequence[Point]) -> NDArray[np.bool_]:
    """The pixels of the mask's box that a line goes through, without gaps between sides."""
    bits = np.zeros(mask.bits.shape, np.uint8)
    points = np.asarray(line, np.float64) - (mask.left + 0.5, mask.top + 0.5)
    room = np.array(bits.shape[::-1]) + 8.0
    clipped = np.clip(points, -room, 2 * room)  # far away corners would overflow the fixed point numbers
    corners = np.round(clipped * FIXED).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(bits, [corners], False, 1, 1, cv2.LINE_4, 8)
    return bits.astype(np.bool_)


def _lengthened(line: Sequence[Point], mask: BoxMask) -> list[Point]:
    """The line, going straight on from both ends to beyond the mask's box."""
    far = float(mask.bits.shape[0] + mask.bits.shape[1])
    reach = max(far / 50, 2.0)  # where the line was going at its end: its last pixels may tremble
    points = np.asarray(line, np.float64)
    ends = []
    for way in (points, points[::-1]):
        gone = np.hypot(*(way - way[0]).T)
        behind = way[int(np.argmax(gone >= reach))] if (gone >= reach).any() else way[-1]
        step = way[0] - behind
        length = float(np.hypot(*step))
        ends.append(way[0] + step / length * far if length else way[0])
    return [tuple(ends[0]), *line, tuple(ends[1])]


def _simplified(line: Sequence[Point]) -> list[Point]:
    """The line with at most `CORNERS` corners."""
    curve = np.asarray(line, np.float32).reshape(-1, 1, 2)
    tolerance = 0.5
    while len(curve) > CORNERS:
        curve = np.asarray(cv2.approxPolyDP(curve, tolerance, False))
        tolerance *= 2
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]


def _framed(mask: BoxMask, margin: int) -> NDArray[np.uint8]:
    """The mask's bits as 0 and 1 with a frame of zeros; 0 x 0 for a mask without pixels."""
    if not mask.bits.any():
        return np.zeros((0, 0), np.uint8)
    return np.ascontiguousarray(np.pad(mask.bits.astype(np.uint8), margin))  # a polygon's go down first


def _distance(bits: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far each pixel's centre is from the nearest one that is not set, pixels."""
    return np.asarray(
        cv2.distanceTransform(bits.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32
    )
