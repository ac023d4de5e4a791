"""The exact outline of a mask: polygons along its pixels' edges, for readers that take no run lengths.

pycocotools paints such a polygon back to the very same pixels (`tests/app/test_coco_outline.py`).
Frame: image pixels, vertices on the grid between pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from model.masks import BoxMask


def outline(mask: BoxMask) -> list[list[int]] | None:
    """Rings as COCO has them (x, y, x, y, ...), one for each group of pixels that share sides.

    None when the mask is empty or has a hole: a polygon in COCO cannot have one, such a mask is written as
    run lengths.
    """
    found: list[list[int]] = []
    for is_outer, ring in rings(mask):
        if not is_outer:
            return None
        found.append(ring)
    return found or None


def rings(mask: BoxMask) -> Iterator[tuple[bool, list[int]]]:
    """Every outline of a mask: whether it goes around pixels (else around a hole), and x, y, x, y, ...

    Each starts at its first corner, row by row from the top left; an outline comes before the holes in it.
    """
    xs, ys, across_to, along_to, filled = (each.tolist() for each in _corners(mask.bits))
    left, top = mask.left, mask.top
    seen = [False] * len(xs)
    for start, is_outer in enumerate(filled):
        if seen[start]:
            continue
        ring: list[int] = []  # its first corner has below it what it goes around
        corner = start
        while not seen[corner]:
            other = across_to[corner]
            seen[corner] = seen[other] = True
            y = ys[corner] + top
            ring += (xs[corner] + left, y, xs[other] + left, y)
            corner = along_to[other]
        yield is_outer, ring


def _corners(
    bits: NDArray[np.bool_],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Corners (m,) of all outlines: x, y, the corner at the other end of the horizontal and of the vertical
    edge, and whether the pixel below right of it is set.

    Edges alternate: sorted along each grid line, corners pair up as the two ends of an edge. Where two
    pixels touch only by their corners, two corners lie on one point: `above` and `below`.
    """
    framed = np.zeros((bits.shape[0] + 2, bits.shape[1] + 2), np.bool_)
    framed[1:-1, 1:-1] = bits
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
