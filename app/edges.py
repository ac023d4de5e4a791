"""Draw a mask's edge to the image's own edges, at full resolution, by a guided filter. Frame: image pixels.

He, Sun, Tang: Guided image filtering (TPAMI 2013): near the mask's edge, the mask becomes a local linear
function of the image, so that it turns where the image does. Away from the edge nothing changes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.geometry import tight, window
from model.masks import BoxMask
from model.opencv import cv2

BAND = 0.06  # of the mask's square root of area: how far its edge may move at strength 1
WIDEST = 40.0  # pixels
SMOOTHNESS = 1e-3  # of squared brightness: contrasts below count as flat


def refined(mask: BoxMask, pixels: NDArray[np.uint8], strength: float, *, scale: float = 1.0) -> BoxMask:
    """The mask with its edge drawn to the image's edges; at strength 0 the very mask.

    `pixels`: (H, W, 3) RGB of the image, or one reduced by `scale`. InputError for a strength outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise InputError(f"expected a strength from 0 to 1, got {strength:g}")
    mask = tight(mask)
    if strength == 0 or not mask.bits.any():
        return mask
    reach = min(max(BAND * strength * math.sqrt(np.count_nonzero(mask.bits)), 1.0), WIDEST)
    width, height = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    margin = 3 * math.ceil(reach)
    left, top = max(mask.left - margin, 0), max(mask.top - margin, 0)
    right, bottom = min(mask.right + margin, width), min(mask.bottom + margin, height)
    bits = window(mask, left, top, right, bottom)
    corners = [round(value / scale) for value in (left, top, right, bottom)]
    crop = pixels[corners[1] : max(corners[3], corners[1] + 1), corners[0] : max(corners[2], corners[0] + 1)]
    if crop.shape[:2] != bits.shape:
        crop = np.asarray(cv2.resize(crop, bits.shape[::-1], interpolation=cv2.INTER_LINEAR))
    soft = _guided(
        bits.astype(np.float32), np.asarray(crop, np.float32) / np.float32(255), max(math.ceil(reach), 1)
    )
    within = cv2.distanceTransform(np.pad(bits, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    beyond = cv2.distanceTransform((~bits).astype(np.uint8), cv2.DIST_L2, 3) if not bits.all() else within
    movable = np.where(bits, within, beyond) <= reach
    return tight(BoxMask(left, top, np.where(movable, soft > 0.5, bits)))


def _guided(values: NDArray[np.float32], guide: NDArray[np.floating], radius: int) -> NDArray[np.float32]:
    """The colour guided filter of (h, w) values by a (h, w, 3) guide in 0..1; squares of 2 radius + 1."""
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(array: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(array, size, borderType=cv2.BORDER_REFLECT), np.float32)

    guide_mean, value_mean = mean(guide), mean(values)
    h, w = values.shape
    spread = np.empty((h, w, 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            both = mean(guide[..., i] * guide[..., j]) - guide_mean[..., i] * guide_mean[..., j]
            spread[..., i, j] = spread[..., j, i] = both
    spread[..., range(3), range(3)] += SMOOTHNESS
    shared = mean(guide * values[..., None]) - guide_mean * value_mean[..., None]
    slope = np.linalg.solve(spread, shared[..., None])[..., 0].astype(np.float32)
    offset = value_mean - np.einsum("hwc,hwc->hw", slope, guide_mean)
    return np.einsum("hwc,hwc->hw", mean(slope), guide) + mean(offset)
