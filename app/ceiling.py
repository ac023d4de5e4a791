"""The ceiling meter: how well the best coefficients could express a mask. Frame: image pixels.

Measured on a grid over the instance, so that it can be live: the basis is fitted to the mask itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.geometry import bounds, tight, window
from model.basis import InstanceGrid, grown, helper_rows, instance_grid
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

SIDE = 56  # cells of the longer side of the grid, where it only has to tell good from bad
FINE = 112  # the same, for numbers that are shown and kept
STEPS = 8
RIDGE = 1e-4  # of the mean diagonal: the ceiling is a bound, not a prediction
SMALL, MEDIUM = 32.0**2, 96.0**2  # COCO's sizes, pixels of a mask
SIZES = ("small", "medium", "large")
ALL = "all"


NEARLY, FEW = 0.97, 0.2  # IoU from which a second fit gains nothing; the least that it is told of the first
METHOD = 2  # of what is kept in projects: another number where `measure` would give other values


@dataclass(frozen=True, slots=True)
class Ceiling:
    """IoU (0..1) of a mask with the best that a basis can express."""

    alone: float  # the prototypes
    helped: float  # the prototypes with helper rows beside them: the basis that hints use


@dataclass(frozen=True, slots=True)
class Measured:
    """One instance's ceiling, for the project's table."""

    category: str
    area: float
    iou: float


def ceiling(
    prediction: Prediction,
    pixels: NDArray[np.uint8] | None,
    mask: BoxMask,
    *,
    helpers: bool = True,
    side: int = SIDE,
) -> float:
    """IoU (0..1) of a mask with the best that the basis can express: with helper rows, or prototypes alone.

    `pixels`: (H, W, 3) RGB of the whole image; None: no colour rows. 0 for an empty mask.
    """
    mask = tight(mask)
    if not mask.bits.any():
        return 0.0
    grid = _grid(prediction, pixels, mask, side)
    return _reached(_helped(grid) if helpers else grid.prototypes, _target(grid, mask))


def measure(
    prediction: Prediction, pixels: NDArray[np.uint8] | None, mask: BoxMask, *, scale: float = 1.0
) -> Ceiling:
    """Both ceilings of a mask: as the meter shows them and projects keep them.

    `pixels`: (H, W, 3) RGB of the whole image reduced by `scale`; None: no colour rows. Zeros for an empty
    mask. The larger basis holds the smaller one, so it is never taken for the worse one.
    """
    mask = tight(mask)
    if not mask.bits.any():
        return Ceiling(0.0, 0.0)
    grid = _grid(prediction, pixels, mask, FINE, scale)
    target = _target(grid, mask)
    alone = _reached(grid.prototypes, target)
    return Ceiling(alone, max(alone, _reached(_helped(grid), target)))


def _grid(
    prediction: Prediction,
    pixels: NDArray[np.uint8] | None,
    mask: BoxMask,
    side: int,
    scale: float = 1.0,
) -> InstanceGrid:
    """What hints are answered on: the mask's box, grown."""
    rectangle = grown(bounds(mask), prediction.image_width, prediction.image_height)
    return instance_grid(prediction, pixels, rectangle, side=side, scale=scale)


def _helped(grid: InstanceGrid) -> NDArray[np.float32]:
    """(h, w, k + helpers): the prototypes with helper rows beside them."""
    return np.concatenate([grid.prototypes, helper_rows(grid)[0]], 2)


def _target(grid: InstanceGrid, mask: BoxMask) -> NDArray[np.bool_]:
    """The mask on the grid: cells that are more than half in it."""
    bits = window(mask, *grid.rectangle).astype(np.uint8) * 255
    small = cv2.resize(bits, grid.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small) > 127


def _reached(basis: NDArray[np.float32], target: NDArray[np.bool_]) -> float:
    """IoU of the target with the best fit; 0 where no cell is more than half in it.

    A logistic fit is right about as many cells as it can; the best IoU takes cells from a likelihood of
    IoU / (1 + IoU) on, below one half (Lipton et al. 2014, who have it for F1). So where the first fit is not
    nearly the mask, a second one counts the mask's cells 1 / IoU times; the better of the two is the ceiling.
    """
    if not target.any():
        return 0.0
    basis = np.ascontiguousarray(basis, np.float32)
    first = _iou(fitted(basis, target) > 0, target)
    if first >= NEARLY:
        return first
    return max(first, _iou(fitted(basis, target, weight=1 / max(first, FEW)) > 0, target))


def _iou(found: NDArray[np.bool_], target: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(found & target) / np.count_nonzero(found | target))


def fitted(
    basis: NDArray[np.float32],
    target: NDArray[np.bool_],
    *,
    ridge: float = RIDGE,
    steps: int = STEPS,
    weight: float = 1.0,
) -> NDArray[np.float32]:
    """(h, w) logits of the ridge-regularised logistic fit of a basis (h, w, r) to a mask, by Newton steps.

    `weight`: how often a cell of the mask counts, beside one outside.
    """
    flat = basis.reshape(-1, basis.shape[2])
    labels = target.ravel().astype(np.float32)
    penalty = ridge * max(float(np.einsum("nk,nk->", flat, flat)) / flat.size, 1e-9)
    counts = 1 + (weight - 1) * labels
    found = np.zeros(flat.shape[1], np.float32)
    for _ in range(steps):
        likely = 1 / (1 + np.exp(-np.clip(flat @ found, -15, 15)))
        weighted = flat * (counts * np.maximum(likely * (1 - likely), 1e-3))[:, None]
        curvature = (weighted.T @ flat).astype(np.float64) / len(flat)
        curvature[np.diag_indices_from(curvature)] += penalty
        slope = flat.T @ (counts * (labels - likely)) / len(flat) - penalty * found
        found += np.linalg.solve(curvature, slope.astype(np.float64)).astype(np.float32)
    return np.asarray(basis @ found, np.float32)


def table(values: Iterable[Measured]) -> list[dict[str, object]]:
    """Mean ceiling and shares from .85 and .90 on, by category and size ('all' for all of them)."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in values:
        size = size_of(each.area)
        for key in ((ALL, ALL), (ALL, size), (each.category, ALL), (each.category, size)):
            groups[key].append(each.iou)
    categories = [ALL, *sorted({category for category, _ in groups} - {ALL})]
    return [
        {
            "category": category,
            "size": size,
            "instances": len(groups[category, size]),
            "mean": float(np.mean(groups[category, size])),
            "share_85": _share(groups[category, size], 0.85),
            "share_90": _share(groups[category, size], 0.90),
        }
        for category in categories
        for size in (ALL, *SIZES)
        if (category, size) in groups
    ]


def _share(ious: list[float], least: float) -> float:
    return float(np.mean(np.asarray(ious) >= least))


def size_of(area: float) -> str:
    """COCO's small, medium or large."""
    return "small" if area < SMALL else "medium" if area < MEDIUM else "large"
