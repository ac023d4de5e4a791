"""Round strokes on masks: which pixels a moving disc covers. Pure functions; frame: image pixels.

A pixel belongs to a stroke when its centre (at +0.5) lies within the radius of the line that was drawn.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Bounds = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom out


def capsule_bounds(a: Point, b: Point, radius: float, width: int, height: int) -> Bounds:
    """The pixels of an image that the disc may cover on its way from a to b; empty where right <= left."""
    left = max(math.floor(min(a[0], b[0]) - radius), 0)
    top = max(math.floor(min(a[1], b[1]) - radius), 0)
    right = min(math.ceil(max(a[0], b[0]) + radius) + 1, width)
    bottom = min(math.ceil(max(a[1], b[1]) + radius) + 1, height)
    return left, top, right, bottom


def capsule(a: Point, b: Point, radius: float, bounds: Bounds) -> NDArray[np.bool_]:
    """Which pixels of `bounds` the disc covers on its way from a to b: (bottom - top, right - left).

    The swept shape is convex, so each row of pixels is one interval: nothing is computed for each pixel.
    """
    left, top, right, bottom = bounds
    rows = np.arange(top, bottom) + 0.5
    low = np.full(len(rows), np.inf)
    high = np.full(len(rows), -np.inf)
    for x, y in (a, b):
        squared = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.maximum(squared, 0))
        inside = squared >= 0
        low = np.where(inside, np.minimum(low, x - half), low)
        high = np.where(inside, np.maximum(high, x + half), high)
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    if length > 0:
        nx, ny = -(b[1] - a[1]) / length * radius, (b[0] - a[0]) / length * radius
        corners = [
            (a[0] + nx, a[1] + ny),
            (b[0] + nx, b[1] + ny),
            (b[0] - nx, b[1] - ny),
            (a[0] - nx, a[1] - ny),
        ]
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if y0 == y1:
                continue
            at = (rows - y0) / (y1 - y0)
            crossed = (at >= 0) & (at <= 1)
            edge = x0 + at * (x1 - x0)
            low = np.where(crossed, np.minimum(low, edge), low)
            high = np.where(crossed, np.maximum(high, edge), high)
    columns = np.arange(left, right) + 0.5
    return (columns >= low[:, None]) & (columns <= high[:, None])


def merged(a: Bounds | None, b: Bounds) -> Bounds:
    """The smallest bounds around both."""
    if a is None:
        return b
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
