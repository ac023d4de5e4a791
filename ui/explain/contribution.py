"""Prototypes and their shares of a mask as pictures: plain numpy and OpenCV's colour tables.

Frame: cells of the prototypes. Shapes: prototypes (h, w, k), coefficients (k,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.opencv import cv2

PLUS = np.array((214, 96, 20), np.float32)  # orange adds, blue takes away: apart for colour-blind eyes
MINUS = np.array((33, 102, 190), np.float32)


def shares(
    prototypes: NDArray, coefficients: NDArray, box: tuple[float, float, float, float]
) -> NDArray[np.float32]:
    """(k,): each prototype's part of the logits within a relative box (x1, y1, x2, y2): c_j x mean of P_j."""
    h, w = prototypes.shape[:2]
    x1, y1, x2, y2 = box
    left, right = int(np.clip(x1 * w, 0, w - 1)), int(np.clip(np.ceil(x2 * w), 1, w))
    top, bottom = int(np.clip(y1 * h, 0, h - 1)), int(np.clip(np.ceil(y2 * h), 1, h))
    inside = prototypes[top : max(bottom, top + 1), left : max(right, left + 1)]
    return (inside.mean((0, 1), dtype=np.float32) * coefficients).astype(np.float32)


def prototype_pictures(
    prototypes: NDArray, *, together: bool = False, side: int = 96
) -> list[NDArray[np.uint8]]:
    """k pictures (side, side, 3) RGB in a perceptually even colour table, 0 to the largest value.

    `together`: one scale for all of them, so that strong and weak ones can be told apart.
    """
    planes = np.moveaxis(prototypes.astype(np.float32), 2, 0)  # one by one: OpenCV takes few channels
    resized = [
        cv2.resize(np.ascontiguousarray(each), (side, side), interpolation=cv2.INTER_AREA) for each in planes
    ]
    small = np.stack(resized, axis=2)
    top = small.max((0, 1)) if not together else np.full(small.shape[2], small.max())
    scaled = (small / np.maximum(top, 1e-6) * 255).clip(0, 255).astype(np.uint8)
    return [
        np.ascontiguousarray(cv2.applyColorMap(scaled[:, :, j], cv2.COLORMAP_VIRIDIS)[:, :, ::-1])
        for j in range(scaled.shape[2])
    ]


def contribution_picture(prototype: NDArray, coefficient: float, scale: float) -> NDArray[np.uint8]:
    """(h, w, 4) RGBA: where one prototype adds to the mask (orange) and takes away (blue).

    `scale`: the logit that is shown at full strength.
    """
    logits = prototype.astype(np.float32) * coefficient
    strength = np.clip(np.abs(logits) / max(scale, 1e-6), 0, 1)[..., None]
    color = np.where(logits[..., None] >= 0, PLUS, MINUS)
    return np.concatenate([color, strength * 200], axis=2).astype(np.uint8)


def mask_picture(
    prototypes: NDArray, coefficients: NDArray, box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """(h', w', 3) RGB: the soft mask sigmoid(P . c) in a relative box with some room around."""
    h, w = prototypes.shape[:2]
    x1, y1, x2, y2 = box
    left, right = int(max(x1 * w - 2, 0)), int(min(np.ceil(x2 * w) + 2, w))
    top, bottom = int(max(y1 * h - 2, 0)), int(min(np.ceil(y2 * h) + 2, h))
    part = prototypes[top : max(bottom, top + 1), left : max(right, left + 1)].astype(np.float32)
    logits = part @ np.asarray(coefficients, np.float32)
    soft = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    picture = cv2.applyColorMap((soft * 255).astype(np.uint8), cv2.COLORMAP_CIVIDIS)[:, :, ::-1]
    return np.ascontiguousarray(picture)
