"""The ceiling meter: how well the best coefficients could express a mask. Frame: image pixels.

Measured on a coarse grid, so that it can be live: the basis is fitted to the mask itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.geometry import tight, window
from model.basis import extended_basis
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

SIDE = 56  # cells of the longer side of the grid, for a live meter
STEPS = 8
RIDGE = 1e-4  # of the mean diagonal: the ceiling is a bound, not a prediction
SMALL, MEDIUM = 32.0**2, 96.0**2  # COCO's sizes, pixels of a mask


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
    rows, columns = mask.bits.shape
    box = (float(mask.left), float(mask.top), float(columns), float(rows))
    k = prediction.prototypes.shape[2]
    made = extended_basis(prediction, pixels, box, np.zeros(k, np.float32), side=side)
    basis = made.mask.basis if helpers else made.mask.basis[..., :k]
    bits = window(mask, *made.grid.rectangle).astype(np.uint8) * 255
    target = np.asarray(cv2.resize(bits, made.grid.shape[::-1], interpolation=cv2.INTER_AREA)) > 127
    if not target.any():
        return 0.0
    reached = fitted(np.asarray(basis, np.float32), target) > 0
    return float(np.count_nonzero(reached & target) / np.count_nonzero(reached | target))


def fitted(
    basis: NDArray[np.float32], target: NDArray[np.bool_], *, ridge: float = RIDGE, steps: int = STEPS
) -> NDArray[np.float32]:
    """(h, w) logits of the ridge-regularised logistic fit of a basis (h, w, r) to a mask, by Newton steps."""
    flat = basis.reshape(-1, basis.shape[2])
    labels = target.ravel().astype(np.float32)
    penalty = ridge * max(float(np.einsum("nk,nk->", flat, flat)) / flat.size, 1e-9)
    found = np.zeros(flat.shape[1], np.float32)
    for _ in range(steps):
        likely = 1 / (1 + np.exp(-np.clip(flat @ found, -15, 15)))
        weighted = flat * np.maximum(likely * (1 - likely), 1e-3)[:, None]
        curvature = (weighted.T @ flat).astype(np.float64) / len(flat)
        curvature[np.diag_indices_from(curvature)] += penalty
        slope = flat.T @ (labels - likely) / len(flat) - penalty * found
        found += np.linalg.solve(curvature, slope.astype(np.float64)).astype(np.float32)
    return np.asarray(basis @ found, np.float32)


def table(values: Iterable[Measured]) -> list[dict[str, object]]:
    """Mean ceiling and shares from .85 and .90 on, by category and size ('all' for all of them)."""
    measured = list(values)
    rows: list[dict[str, object]] = []
    for category in ["all", *sorted({each.category for each in measured})]:
        for size in ("all", "small", "medium", "large"):
            ious = np.array(
                [
                    each.iou
                    for each in measured
                    if category in ("all", each.category) and size in ("all", size_of(each.area))
                ]
            )
            if len(ious):
                rows.append(
                    {
                        "category": category,
                        "size": size,
                        "instances": len(ious),
                        "mean": float(ious.mean()),
                        "share_85": float((ious >= 0.85).mean()),
                        "share_90": float((ious >= 0.90).mean()),
                    }
                )
    return rows


def size_of(area: float) -> str:
    """COCO's small, medium or large."""
    return "small" if area < SMALL else "medium" if area < MEDIUM else "large"
