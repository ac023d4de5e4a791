"""The standard automatic clicker: the middle of the largest error, as a person would aim. Image pixels.

As of f-BRS and RITM: distances to the edge of what is missing and of what is too much; the click is where the
larger of both is largest, places that were clicked are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.opencv import cv2


@dataclass(frozen=True, slots=True)
class Aim:
    """Where to click: column and row of a pixel, what for, and how far the error's edge is from there."""

    column: int
    row: int
    inside: bool
    radius: float


def next_click(
    truth: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    open_: NDArray[np.bool_],
    rng: np.random.Generator | None = None,
) -> Aim | None:
    """The next click; None when nothing is wrong where it is `open_` (not clicked yet). All (h, w).

    `rng`: aim off the middle instead, anywhere in the error as likely as it is deep there.
    """
    missing = _depth(truth & ~mask) * open_
    surplus = _depth(mask & ~truth) * open_
    inside = bool(missing.max(initial=0.0) >= surplus.max(initial=0.0))
    depth = missing if inside else surplus
    deepest = float(depth.max(initial=0.0))
    if deepest <= 0:
        return None
    place = int(np.argmax(depth))
    if rng is not None:
        _, labels = cv2.connectedComponents((depth > 0).astype(np.uint8), connectivity=4)
        region = np.flatnonzero(np.asarray(labels).ravel() == np.asarray(labels).ravel()[place])
        weights = depth.ravel()[region].astype(np.float64)
        place = int(rng.choice(region, p=weights / weights.sum()))
    row, column = divmod(place, truth.shape[1])
    return Aim(column, row, inside, float(depth[row, column]))


def _depth(region: NDArray[np.bool_]) -> NDArray[np.float32]:
    framed = np.pad(region, 1).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)
