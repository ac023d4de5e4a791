"""The exact outline of a mask: polygons along its pixels' edges, for readers that take no run lengths.

pycocotools paints such a polygon back to the very same pixels (`tests/app/test_coco_outline.py`).
Frame: image pixels, vertices on the grid between pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.geometry import PolygonPart, Polygons
from model.masks import BoxMask


def outline(mask: BoxMask) -> Polygons | None:
    """One part for each group of pixels that share sides. None when the mask has a hole or is empty.

    A polygon in COCO cannot have a hole: such a mask is written as run lengths.
    """
    xs, ys, across, along, filled = _corners(mask.bits)
    if not len(xs):
        return None
    points = list(zip((xs + mask.left).tolist(), (ys + mask.top).tolist(), strict=True))
    across_to, along_to = across.tolist(), along.tolist()
    seen = [False] * len(points)
    parts = []
    for start in range(len(points)):
        if seen[start]:
            continue
        if not filled[start]:  # the first corner of a ring, from the top left, has the ring's inside below it
            return None
        ring, corner = [], start
        while not seen[corner]:
            for step in (across_to, along_to):
                seen[corner] = True
                x, y = points[corner]
                ring.append((float(x), float(y)))
                corner = step[corner]
        parts.append(PolygonPart(tuple(ring)))
    return Polygons(tuple(parts))


def _corners(
    bits: NDArray[np.bool_],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Corners (m,) of all outlines: x, y, the corner at the other end of the horizontal and of the vertical
    edge, and whether the pixel below right of it is set.

    Edges alternate: sorted along each grid line, corners pair up as the two ends of an edge. Where two
    pixels touch only by their corners, two corners lie on one point: `above` and `below`.
    """
    framed = np.pad(bits, 1)
    top_left, top_right = framed[:-1, :-1], framed[:-1, 1:]
    below_left, below_right = framed[1:, :-1], framed[1:, 1:]
    count = top_left.astype(np.int8) + top_right + below_left + below_right
    touching = (count == 2) & (top_left == below_right)
    ys, xs = np.nonzero((count & 1 == 1) | touching)
    twice = touching[ys, xs]
    rising = top_right[ys, xs]  # which diagonal: the pixel above joins the edge to its own side
    ys, xs, twice, rising = (np.repeat(each, 1 + twice) for each in (ys, xs, twice, rising))
    below = np.zeros(len(xs), np.int8)
    below[1:] = twice[1:] & (ys[1:] == ys[:-1]) & (xs[1:] == xs[:-1])
    right = np.where(rising & twice, 1 - below, below)
    across = _pairs(np.lexsort((right, xs, ys)))
    along = _pairs(np.lexsort((below, ys, xs)))
    return xs, ys, across, along, below_right[ys, xs]


def _pairs(order: NDArray[np.intp]) -> NDArray[np.intp]:
    """In `order` first and second belong together, third and fourth, ...: each one's other."""
    other = np.empty_like(order)
    other[order[0::2]], other[order[1::2]] = order[1::2], order[0::2]
    return other
